import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { journalAt } from './journal.ts'

const directory = mkdtempSync(join(tmpdir(), 'journal-'))
const at = (name: string): string => join(directory, name)
after(() => rmSync(directory, { recursive: true }))

const records = [{ entry: 'plan', title: 'ä\n€' }, { entry: 'doing', step: 0 }, ['x'], null]

test('records come back in order, for nobody else to read', async () => {
  const journal = journalAt(at('deep/a'))
  assert.deepEqual(await journal.records(), [])
  for (const record of records) await journal.append(record)
  assert.deepEqual(await journal.records(), records)
  assert.equal(statSync(at('deep/a')).mode & 0o777, 0o600)
  await journal.clear()
  await journal.clear()
  assert.deepEqual(await journal.records(), [])
})

test('a cut anywhere leaves the whole records before it', async () => {
  for (const record of records) await journalAt(at('b')).append(record)
  const whole = readFileSync(at('b'))
  for (let length = 0; length <= whole.length; length += 1) {
    const kept = whole.subarray(0, length)
    writeFileSync(at('cut'), kept)
    const lines = kept.toString().split('\n').length - 1
    assert.deepEqual(await journalAt(at('cut')).records(), records.slice(0, lines))
  }
})

test('what is appended after a cut is not lost in it', async () => {
  writeFileSync(at('c'), '{"entry":"plan"}\n{"entry":"doi')
  await journalAt(at('c')).append({ entry: 'undone' })
  assert.deepEqual(await journalAt(at('c')).records(), [{ entry: 'plan' }, { entry: 'undone' }])
})

test('damage in the middle is told, not skipped', async () => {
  writeFileSync(at('d'), '{"entry":"plan"}\n\u0000\u0000\n{"entry":"done"}\n')
  await assert.rejects(journalAt(at('d')).records(), { code: 'state', message: `${at('d')}: line 2 is damaged` })
})

test('a journal that cannot be read or taken away is told by its name', async () => {
  mkdirSync(at('directory'))
  const journal = journalAt(at('directory'))
  for (const use of [() => journal.records(), () => journal.clear(), () => journal.append(null)])
    await assert.rejects(use, { name: 'Fault', code: 'state', message: new RegExp(at('directory')) })
})

test('a record is on the disk when append returns, also when the writer is killed', async () => {
  const path = at('e')
  const script = `const { journalAt } = await import(${JSON.stringify(new URL('./journal.ts', import.meta.url).href)})
    for (let n = 0; ; n += 1) { await journalAt(${JSON.stringify(path)}).append({ n }); process.stdout.write(n + '\\n') }`
  const writer = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let told = ''
  writer.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text
    if (told.length > 20) writer.kill('SIGKILL')
  })
  await once(writer, 'close')
  const found = (await journalAt(path).records()) as { n: number }[]
  assert.deepEqual(
    found.map(({ n }) => n),
    found.map((_, index) => index),
  )
  assert.ok(found.length >= told.trimEnd().split('\n').length)
})
