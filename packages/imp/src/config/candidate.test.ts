import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { localHost } from '@imp/kit/host/local.ts'
import type { ImpContext } from '../context.ts'
import { currentEditor } from './candidate-editor.ts'
import { discardCandidate, editCandidate, readCandidate } from './candidate.ts'
import { addCommit } from './history.ts'
import type { RouterConfigInput } from './model.ts'
import { impContextIn } from '../sample.ts'

let directory = ''
let context: ImpContext

/** Gives every test of a suite a directory of its own. Hooks outside of suites would run for the tests of all files. */
function useDirectory(): void {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imp-candidate-'))
    context = impContextIn(directory, localHost())
  })

  afterEach(() => rm(directory, { recursive: true, force: true }))
}

const named = (hostname: string) => (document: RouterConfigInput) => ({ ...document, hostname })

async function commitOf(hostname: string): Promise<void> {
  const document: RouterConfigInput = { schema: 'imp.router', version: 1, hostname }
  const commit = { number: 1, base: 0, who: 'anna', when: new Date(0).toISOString(), outcome: 'applied' } as const
  await addCommit({ host: context.host, directory: context.stateDirectory }, commit, document, document)
}

suite('candidate', () => {
  useDirectory()

  test('begins as a router that does nothing, with the name of this machine', async () => {
    const { base, document } = await readCandidate(context)
    assert.equal(base, 0)
    assert.deepEqual(Object.keys(document), ['schema', 'version', 'hostname'])
  })

  test('begins as the commit in force', async () => {
    await commitOf('edge7')
    assert.deepEqual(await readCandidate(context), { base: 1, document: { schema: 'imp.router', version: 1, hostname: 'edge7' } })
  })

  test('keeps edits, says what they changed, and forgets them when discarded', async () => {
    await commitOf('edge7')
    const { changes } = await editCandidate(context, 'rename', named('edge8'))
    assert.deepEqual(changes, [{ path: 'hostname', before: 'edge7', after: 'edge8' }])
    assert.equal((await readCandidate(context)).document.hostname, 'edge8')
    assert.equal(await discardCandidate(context), true)
    assert.equal(await discardCandidate(context), false)
    assert.equal((await readCandidate(context)).document.hostname, 'edge7')
  })

  test('refuses what does not fit the schema and stays as it was', async () => {
    await editCandidate(context, 'rename', named('edge8'))
    const spoil = editCandidate(context, 'spoil', (document) => ({
      ...document,
      hostname: 'no name!',
      interfaces: [{ name: 'wan' } as never],
    }))
    await assert.rejects(spoil, (error: unknown) => {
      assert.ok(error instanceof Fault)
      assert.deepEqual(
        error.findings.map(({ path }) => path),
        ['hostname', 'interfaces.wan.role'],
      )
      return error.code === 'input'
    })
    assert.equal((await readCandidate(context)).document.hostname, 'edge8')
  })

  test('keeps what only the check is against', async () => {
    const { findings } = await editCandidate(context, 'add a route', (document) => ({
      ...document,
      routes: [{ prefix: '0.0.0.0/0', via: '192.0.2.1' }],
    }))
    assert.ok(findings.some(({ severity }) => severity === 'error'))
  })

  test('belongs to one editor, or to a name', async () => {
    await editCandidate(context, 'rename', named('mine'))
    await editCandidate(context, 'rename', named('theirs'), { candidate: 'ben' })
    assert.equal((await readCandidate(context)).document.hostname, 'mine')
    assert.equal((await readCandidate(context, { candidate: 'ben' })).document.hostname, 'theirs')
    await assert.rejects(readCandidate(context, { candidate: '../ben' }), { code: 'input' })
  })

  test('loses no edit when two commands edit at once', async () => {
    const add = (instance: number) =>
      editCandidate(context, `add loopback ${instance}`, (document) => ({
        ...document,
        loopbacks: [...(document.loopbacks ?? []), { instance }],
      }))
    await Promise.all([add(1), add(2), add(3)])
    assert.equal((await readCandidate(context)).document.loopbacks?.length, 3)
  })

  test('is for its owner only, and a dry run leaves no trace', async () => {
    await assert.rejects(editCandidate({ ...context, dryRun: true }, 'rename', named('edge8')), { message: 'dry run' })
    await assert.rejects(stat(context.stateDirectory), { code: 'ENOENT' })
    await editCandidate(context, 'rename', named('edge8'), { candidate: 'ben' })
    assert.equal((await stat(join(context.stateDirectory, 'candidates', 'ben.json'))).mode & 0o777, 0o600)
  })
})

test('sudo names the editor only where root says so, and never as a path', () => {
  const own = currentEditor({})
  const root = process.getuid?.() === 0
  assert.equal(currentEditor({ SUDO_USER: 'anna' }), root ? 'anna' : own)
  assert.equal(currentEditor({ SUDO_USER: '../anna' }), root ? 'uid-0' : own)
})
