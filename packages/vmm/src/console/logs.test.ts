import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'
import { follow } from './logs.ts'
import { readLog } from './log-reader.ts'

const host = localHost()

async function logFor(t: TestContext, text: string | Uint8Array): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'vml'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const path = join(directory, 'console.log')
  await writeFile(path, text)
  return path
}

test('following tells whole lines, also behind the place where a log was cut short', async (t) => {
  const path = await logFor(t, 'one\ntwo\nthree\nbeg')
  const told: string[] = []
  const stop = new AbortController()
  const following = follow(host, path, 2, stop.signal, (line) => told.push(line))
  const sees = (...lines: string[]): Promise<boolean> =>
    until(host.clock, { timeout: 60_000, what: `${lines.join()} in ${told.join()}` }, () => Promise.resolve(told.join() === lines.join()))
  await sees('two', 'three')
  await appendFile(path, 'un \u001b[31mgr\u00fc\u00df\r\n')
  await sees('two', 'three', 'begun gr\u00fc\u00df')
  await truncate(path, 0)
  await appendFile(path, 'cut\n')
  await sees('two', 'three', 'begun gr\u00fc\u00df', 'cut')
  stop.abort()
  await following
})

test('a character that is read in two parts stays one', async (t) => {
  const word = Buffer.from('gr\u00fc\n')
  const path = await logFor(t, word.subarray(0, 3))
  const told: string[] = []
  const stop = new AbortController()
  const following = follow(host, path, undefined, stop.signal, (line) => told.push(line))
  await appendFile(path, word.subarray(3))
  await until(host.clock, { timeout: 60_000, what: 'the line' }, () => Promise.resolve(told.length > 0))
  stop.abort()
  await following
  assert.deepEqual(told, ['gr\u00fc'])
})

test('of a long log only its end is read', async (t) => {
  const path = await logFor(t, `${'x'.repeat(5000)}end`)
  const reader = await readLog(host, path, 3)
  assert.equal(reader.past.toString(), 'end')
  assert.equal((await reader.next()).length, 0)
  await appendFile(path, 'more')
  assert.equal((await reader.next()).toString(), 'more')
  await writeFile(path, 'anew')
  assert.equal((await reader.next()).toString(), 'anew')
  assert.equal((await readLog(host, `${path}.none`, 10)).past.length, 0)
})
