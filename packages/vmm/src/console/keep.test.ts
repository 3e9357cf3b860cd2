import assert from 'node:assert/strict'
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { keepLogs, logCutter, type Kept } from './keep.ts'

const host = localHost()
const limit = 64 << 10

async function dataFor(t: TestContext): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), 'vmk'))
  t.after(() => rm(data, { recursive: true, force: true }))
  return data
}

const whereOf = (data: string) => ({ host, paths: { data, run: join(data, 'sockets'), cache: join(data, 'cache') } })

test('a log that is written for ever takes no more than twice the limit, and its end is there', async (t) => {
  const directory = await dataFor(t)
  const path = join(directory, 'console.log')
  const engine = await open(path, 'a')
  t.after(() => engine.close())
  const cutter = logCutter(host, limit)
  for (let round = 0; round < 8; round += 1) {
    await engine.write(`${String(round).repeat(limit)}\n`)
    await cutter.cut(directory)
    assert.ok((await stat(path)).size <= limit)
    assert.ok((await stat(`${path}.1`)).size <= limit)
  }
  assert.equal(await readFile(`${path}.1`, 'utf8'), `${'7'.repeat(limit - 1)}\n`)
  await engine.write('and on')
  await cutter.cut(directory)
  assert.equal(await readFile(path, 'utf8'), 'and on')
  assert.deepEqual((await readdir(directory)).toSorted(), ['console.log', 'console.log.1'])
})

test('a log whose writer keeps its place gives its beginning back', async (t) => {
  const directory = await dataFor(t)
  const path = join(directory, 'firecracker.metrics')
  const engine = await open(path, 'w')
  t.after(() => engine.close())
  const cutter = logCutter(host, limit)
  for (let round = 0; round < 12; round += 1) {
    await engine.write(String(round % 10).repeat(limit))
    await cutter.cut(directory)
  }
  const { blocks, size } = await stat(path)
  assert.equal(size, 12 * limit)
  assert.ok(blocks * 512 <= 3 * limit, `${blocks} blocks`)
  assert.equal((await readFile(path, 'utf8')).slice(-limit), '1'.repeat(limit))
})

test('keeping ends behind the last machine, and says so to whoever starts the next', async (t) => {
  const data = await dataFor(t)
  const directory = join(data, 'machines', '0badcafe')
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'console.log'), 'x'.repeat(2 * limit))
  let looks = 0
  const look = (): Promise<Kept[]> => Promise.resolve([{ directory, alive: ++looks < 3 }])
  await keepLogs(whereOf(data), look, new AbortController().signal, { cutter: logCutter(host, limit), pause: 1 })
  assert.ok(looks > 3)
  assert.equal((await stat(join(directory, 'console.log.1'))).size, limit)
  assert.ok((await readdir(join(data, 'locks'))).includes('keeper.leaving'))
})

test('keeping ends with its data directory, and does not bring it back', async (t) => {
  const data = await dataFor(t)
  const look = async (): Promise<Kept[]> => {
    await rm(data, { recursive: true, force: true })
    return [{ directory: join(data, 'machines', '0badcafe'), alive: true }]
  }
  await keepLogs(whereOf(data), look, new AbortController().signal, { pause: 1 })
  await assert.rejects(stat(data))
})
