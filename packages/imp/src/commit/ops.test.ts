import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { invoke, type Answer, type AnyOperation } from '@imp/kit/op/operation.ts'
import { addCommit } from '../config/history.ts'
import type { RouterConfigInput } from '../config/model.ts'
import type { ImpContext } from '../context.ts'
import { operations as edits } from './edit/ops.ts'
import type { Commit } from './model.ts'
import { operations as commits } from './ops.ts'
import { operations as shows } from './show/ops.ts'
import { impContextIn } from '../sample.ts'

let directory = ''
let context: ImpContext

/** Gives every test of a suite a directory of its own. Hooks outside of suites would run for the tests of all files. */
function useDirectory(): void {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imp-commit-ops-'))
    context = impContextIn(directory, localHost())
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))
}

function operationOf(words: string): AnyOperation<ImpContext> {
  const found = [...edits, ...commits, ...shows].find(({ path }) => path.join(' ') === words)
  assert.ok(found !== undefined, words)
  return found
}

function ask(words: string, input: unknown = {}, dryRun = false): Promise<Answer> {
  return invoke(operationOf(words), { ...context, dryRun }, input)
}

/** What a person sees. */
async function see(words: string, input: unknown = {}): Promise<string> {
  const answer = await ask(words, input)
  assert.ok(answer.answer === 'result')
  return operationOf(words).view?.(answer.value, { width: 120, colour: false }) ?? ''
}

async function commit(number: number, hostname: string, more: Partial<Commit> = {}): Promise<void> {
  const document: RouterConfigInput = { schema: 'imp.router', version: 1, hostname }
  const when = '2026-11-22T12:00:00.000Z'
  const record: Commit = { number, base: number - 1, who: 'anna', when, outcome: 'applied', ...more }
  await addCommit({ host: context.host, directory: context.stateDirectory }, record, document, document)
}

suite('operations on the candidate', () => {
  useDirectory()

  test('set, delete, diff and discard', async () => {
    await commit(1, 'edge1')
    assert.equal(await see('set', { place: 'hostname', value: ['edge2'] }), '~ hostname: edge1 -> edge2')
    await ask('set', { place: 'interfaces.wan.role', value: ['external'] })
    assert.equal(await see('diff'), '~ hostname: edge1 -> edge2\n+ interfaces.wan = {"name":"wan","role":"external"}')
    await ask('delete', { place: 'interfaces' })
    assert.equal(await see('diff'), '~ hostname: edge1 -> edge2')
    assert.equal(await see('discard'), 'the candidate is as committed')
    assert.equal(await see('diff'), 'the candidate is as committed')
    assert.equal(await see('discard'), 'there were no edits')
  })

  test('a dry run says what it would do and leaves no trace', async () => {
    const answer = await ask('set', { place: 'hostname', value: ['edge2'] }, true)
    assert.deepEqual(answer.answer === 'plan' && answer.steps.map(({ summary }) => summary), ['set hostname edge2'])
    await assert.rejects(stat(context.stateDirectory), { code: 'ENOENT' })
  })

  test('what the check has against it is shown with the edit', async () => {
    const text = await see('set', { place: 'routes["0.0.0.0/0"].via', value: ['192.0.2.1'] })
    assert.match(text, /\+ routes\["0\.0\.0\.0\/0"\] = /)
    assert.match(text, /error\s+routes\["0\.0\.0\.0\/0"\]\.via/)
  })

  test('a bad candidate is not committed', async () => {
    await ask('set', { place: 'routes["0.0.0.0/0"].via', value: ['192.0.2.1'] })
    await assert.rejects(ask('commit'), { code: 'input', message: /^the candidate: \d errors?$/ })
    assert.equal(await see('history'), 'namespace dataplane: no commits yet')
  })

  test('a stale candidate is neither committed nor planned', async () => {
    await commit(1, 'edge1')
    await ask('set', { place: 'hostname', value: ['mine'] })
    await commit(2, 'theirs')
    await assert.rejects(ask('commit', { check: true }), { code: 'conflict', message: /commit 2 of anna is in force now/ })
    await assert.rejects(ask('rebase'), { code: 'conflict' })
    assert.match(await see('rebase', { theirs: true }), /stands on commit 2\ngiven up:\n~ hostname: edge1 -> mine/)
  })

  test('a file becomes the candidate when its schema fits', async () => {
    const file = join(directory, 'router.json')
    await context.host.files.write(file, '{"schema":"imp.router","version":1,"hostname":"loaded"}')
    await ask('config load', { file })
    assert.equal(await see('config show', { place: 'hostname' }), '"loaded"')
    await context.host.files.write(file, '{"schema":"imp.router","version":2,"hostname":"newer"}')
    await assert.rejects(ask('config load', { file }), { code: 'input' })
    assert.equal(await see('config show', { place: 'hostname' }), '"loaded"')
  })
})

suite('operations on the history', () => {
  useDirectory()

  test('history shows who, when, why and what came of it, the latest first', async () => {
    await commit(1, 'edge1', { comment: 'first' })
    await commit(2, 'edge2', { outcome: 'rolled-back', reason: 'BGP session transit is Active' })
    const lines = (await see('history')).split('\n')
    assert.match(lines[0] ?? '', /COMMIT +WHEN +WHO +OUTCOME +WHY/)
    assert.match(lines[1] ?? '', /^ +2 +2026-11-22T12:00:00\.000Z +anna +rolled-back +BGP session transit is Active$/)
    assert.match(lines[2] ?? '', /^\* +1 .* applied +first$/)
  })

  test('compare shows places, show and export a commit as it was written', async () => {
    await commit(1, 'edge1')
    await commit(2, 'edge2')
    assert.equal(await see('compare', { from: 1, to: 2 }), '~ hostname: edge1 -> edge2')
    assert.equal(await see('compare', { from: 2, to: 2 }), 'commits 2 and 2 say the same')
    await assert.rejects(ask('compare', { from: 1, to: 3 }), { code: 'not-found' })
    assert.equal(await see('config show', { commit: 1, place: 'hostname' }), '"edge1"')
    const file = join(directory, 'old.json')
    await ask('config export', { file, commit: 1 })
    assert.equal((JSON.parse(await readFile(file, 'utf8')) as RouterConfigInput).hostname, 'edge1')
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    await assert.rejects(ask('config export', { file }), { code: 'conflict' })
    await ask('config export', { file, force: true })
    assert.equal((JSON.parse(await readFile(file, 'utf8')) as RouterConfigInput).hostname, 'edge2')
  })

  test('there is nothing to confirm or to roll back to without commits', async () => {
    await assert.rejects(ask('confirm'), { code: 'state' })
    await assert.rejects(ask('rollback'), { code: 'state', message: /no earlier commit/ })
    await assert.rejects(ask('rollback', { number: 4 }), { code: 'not-found' })
  })

  test('routers beside that of this machine keep a history of their own', async () => {
    await commit(1, 'edge1')
    assert.equal(await see('history', { namespace: 'other' }), 'namespace other: no commits yet')
    await ask('set', { place: 'hostname', value: ['other'], namespace: 'other' })
    assert.equal(await see('diff'), 'the candidate is as committed')
  })
})
