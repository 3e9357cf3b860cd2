import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { localHost } from './local.ts'
import { isAlive } from './process.ts'
import { findUnit, startUnit, stopUnit, unitFiles } from './supervise.ts'
import { until } from './until.ts'

const host = localHost()
const directory = mkdtempSync(join(tmpdir(), 'unit-'))
const files = unitFiles(directory, 'echo')
/** Says back what it reads from its input, until it is told to stop. */
const spec = {
  name: 'echo',
  directory,
  argv: ['bash', '-c', 'echo up $GREETING; while read -r line; do echo "got $line"; done'],
  env: { GREETING: 'hello' },
} as const

afterEach(() => stopUnit(host, directory, 'echo'))
after(() => rmSync(directory, { recursive: true }))

function logged(text: string): Promise<true> {
  return until(
    host.clock,
    { timeout: 10_000, interval: 5, what: `"${text}" in the log` },
    async () => (await host.files.read(files.log)).includes(text) || undefined,
  )
}

test('a unit reads its FIFO, writes its log, is started once and ended for good', async () => {
  assert.equal(await findUnit(host, directory, 'echo'), undefined)
  const unit = await startUnit(host, spec)
  await logged('up hello')
  appendFileSync(files.input, 'one\n')
  await logged('got one')
  appendFileSync(files.input, 'two\n')
  await logged('got two')
  assert.deepEqual(await startUnit(host, spec), unit)
  assert.deepEqual(await findUnit(host, directory, 'echo'), unit)
  await stopUnit(host, directory, 'echo')
  await stopUnit(host, directory, 'echo')
  assert.equal(await isAlive(unit), false)
  assert.deepEqual([existsSync(files.document), existsSync(files.input), existsSync(files.log)], [false, false, true])
})

test('a unit whose starter died before it wrote anything down is found by its mark', async () => {
  const unit = await startUnit(host, spec)
  unlinkSync(files.document)
  assert.deepEqual(await findUnit(host, directory, 'echo'), unit)
  assert.equal(await findUnit(host, directory, 'ech'), undefined)
})

test('a unit outlives the command that started it', async () => {
  const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)
  const script = `const { startUnit } = await import(${url('./supervise.ts')})
    const { localHost } = await import(${url('./local.ts')})
    console.log((await startUnit(localHost(), ${JSON.stringify(spec)})).pid)`
  const starter = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  const unit = await findUnit(host, directory, 'echo')
  assert.equal(unit?.pid, Number(starter.stdout))
  appendFileSync(files.input, 'alone\n')
  await logged('got alone')
})

test('a program that is not there leaves nothing that counts as a unit', async () => {
  await assert.rejects(startUnit(host, { ...spec, argv: ['no-such-program-of-ours'] }), { code: 'missing-program' })
  assert.equal(await findUnit(host, directory, 'echo'), undefined)
})
