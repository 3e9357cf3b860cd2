import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import type { Host } from '@imp/kit/host/host.ts'
import { localHost } from '@imp/kit/host/local.ts'
import type { Ask } from '@imp/kit/op/ask.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { readCandidate } from '../../config/candidate.ts'
import type { ImpContext } from '../../context.ts'
import { operations } from './ops.ts'
import { impContextIn } from '../../sample.ts'

let directory = ''
/** What the person does to the text, once for each time that the editor opens. */
let edits: ((text: string) => string)[] = []
let shown: string[] = []

function host(): Host {
  return {
    ...localHost(),
    async attach(argv) {
      const path = argv.at(-1) ?? ''
      const text = await readFile(path, 'utf8')
      shown.push(text)
      await writeFile(path, edits.shift()?.(text) ?? text)
      return 0
    },
  }
}

function context(again: boolean): ImpContext {
  const unasked = (): Promise<never> => Promise.reject(new Error('nobody was to be asked this'))
  const confirm: Ask['confirm'] = () => Promise.resolve({ reply: 'value', value: again })
  const ask: Ask = { text: unasked, choice: unasked, several: unasked, secret: unasked, tell: () => undefined, confirm }
  return impContextIn(directory, host(), { ask, interactive: true, passthrough: true })
}

async function edit(place = '', again = false): Promise<void> {
  const [operation] = operations
  assert.ok(operation !== undefined)
  await invoke(operation, context(again), place === '' ? { candidate: 'anna' } : { place, candidate: 'anna' })
}

async function hostname(): Promise<string> {
  return (await readCandidate(context(false), { candidate: 'anna' })).document.hostname
}

async function drafts(): Promise<string[]> {
  return (await readdir(join(directory, 'state', 'candidates'))).filter((name) => name.endsWith('.draft'))
}

suite('edit', () => {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imp-edit-'))
    edits = []
    shown = []
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  test('takes what the editor leaves, of all or of one place', async () => {
    edits = [(text) => text.replace(/"hostname": ".*"/, '"hostname": "edge1"')]
    await edit()
    assert.equal(await hostname(), 'edge1')
    edits = [(text) => text.replace('edge1', 'edge2')]
    await edit('hostname')
    assert.deepEqual([await hostname(), await drafts()], ['edge2', []])
  })

  test('changes nothing when the text was not changed', async () => {
    await edit()
    assert.deepEqual(await drafts(), [])
  })

  test('comes again with the findings as comments until it is sound', async () => {
    edits = [(text) => text.replace(/"hostname": ".*"/, '"hostname": "not a name"'), (text) => text.replace('not a name', 'edge1')]
    await edit('', true)
    assert.match(shown[1] ?? '', /^\/\/ error hostname: .*$/m)
    assert.deepEqual([await hostname(), await drafts()], ['edge1', []])
  })

  test('loses nothing: what was not taken is there the next time', async () => {
    edits = [() => '{ "hostname": ']
    await assert.rejects(edit(), { code: 'input', hint: /goes on with the text/ })
    assert.equal((await drafts()).length, 1)
    await assert.rejects(edit('hostname'), { code: 'state', message: /draft of the whole configuration/ })
    edits = [() => '{"schema":"imp.router","version":1,"hostname":"edge1"}']
    await edit()
    assert.match(shown.at(-1) ?? '', /\{ "hostname": $/m)
    assert.deepEqual([await hostname(), await drafts()], ['edge1', []])
  })
})
