import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { Fault } from '../base/fault.ts'
import { systemClock } from './local.ts'
import { withLock } from './lock.ts'

const directory = mkdtempSync(join(tmpdir(), 'lock-'))
after(() => rmSync(directory, { recursive: true }))

/** A process that takes the lock and keeps it until it is killed. */
function holder(path: string) {
  const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)
  const script = `const { withLock } = await import(${url('./lock.ts')})
    const { systemClock } = await import(${url('./local.ts')})
    await withLock(systemClock, ${JSON.stringify(path)}, { what: 'it' }, async () => {
      process.stdout.write('held')
      await systemClock.sleep(60000)
    })`
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

test('one at a time within a process', async () => {
  const path = join(directory, 'a/lock')
  let inside = 0
  let most = 0
  const work = () =>
    withLock(systemClock, path, { what: 'it' }, async () => {
      inside += 1
      most = Math.max(most, inside)
      await systemClock.sleep(1)
      inside -= 1
    })
  await Promise.all(Array.from({ length: 10 }, work))
  assert.equal(most, 1)
})

test('the lock is given back when the work fails, and its result when it does not', async () => {
  const path = join(directory, 'b')
  await assert.rejects(
    withLock(systemClock, path, { what: 'it' }, () => Promise.reject(new Error('broken'))),
    /broken/,
  )
  assert.equal(await withLock(systemClock, path, { what: 'it', timeout: 0 }, async () => 5), 5)
})

test('another process keeps us out until it is killed', async () => {
  const path = join(directory, 'c')
  const other = holder(path)
  await once(other.stdout, 'data')
  const tryIt = (timeout: number) => withLock(systemClock, path, { what: 'the machine web1', timeout }, async () => 'mine')
  await assert.rejects(tryIt(0), { code: 'busy', message: 'another command is working on the machine web1' })
  const waiting = tryIt(10_000)
  other.kill('SIGKILL')
  await once(other, 'close')
  assert.equal(await waiting, 'mine')
})

test('nothing is written while a lock is held, so that a full disk is no obstacle', async () => {
  const path = join(directory, 'full/lock')
  await withLock(systemClock, path, { what: 'it' }, async () => {
    assert.deepEqual([readdirSync(dirname(path)), statSync(path).size], [['lock'], 0])
  })
  assert.deepEqual([readdirSync(dirname(path)), statSync(path).size], [['lock'], 0])
})

test('a lock that an earlier version was killed with is free, and its journal goes', async () => {
  const path = join(directory, 'former/lock')
  const script = `const { DatabaseSync } = await import('node:sqlite')
    new DatabaseSync(${JSON.stringify(path)}).exec('PRAGMA journal_mode=DELETE; BEGIN EXCLUSIVE')
    process.kill(process.pid, 'SIGKILL')`
  mkdirSync(dirname(path))
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script])
  assert.deepEqual(readdirSync(dirname(path)), ['lock', 'lock-journal'])
  assert.equal(await withLock(systemClock, path, { what: 'it', timeout: 0 }, async () => 5), 5)
  assert.deepEqual(readdirSync(dirname(path)), ['lock'])
})

test('a lock file that cannot be opened is a denial', async () => {
  const isDenied = (error: unknown): boolean => error instanceof Fault && error.code === 'denied'
  // A directory cannot be opened as a file, whoever asks: root is denied nothing else.
  await assert.rejects(
    withLock(systemClock, directory, { what: 'it' }, () => Promise.resolve()),
    isDenied,
  )
})
