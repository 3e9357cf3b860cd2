import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeClock, fakeHost, type FakeHost } from '@imp/kit/host/fake.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { encode, type DocumentKind } from '@imp/kit/store/document.ts'
import { z } from 'zod'
import { changed, onlyNat } from '../config/sample.ts'
import type { Commit } from '../commit/model.ts'
import { editCandidate } from '../config/candidate.ts'
import { historyOf } from '../config/history.ts'
import type { RouterConfig } from '../config/model.ts'
import { operations } from './ops.ts'
import { impContextOn } from '../sample.ts'

const appliedAt = '2026-03-01T12:00:00.000Z'
const running = changed(onlyNat('192.168.0.0/24', '203.0.113.96/30'))
const envelope: DocumentKind<z.ZodObject> = { schema: 'imp.running', version: 1, fields: z.looseObject({}) }
const files = {
  '/state/dataplane/running.json': encode(envelope, { appliedAt, config: running, made: { links: [], rules: [], tables: [] } }),
  '/new.json': JSON.stringify(changed(onlyNat('192.168.0.0/24', '203.0.113.100/30'))),
  '/none.json': JSON.stringify(changed({ nat: undefined })),
}

async function call(word: string, input: object, machine: FakeHost = fakeHost({ files })): Promise<{ value: unknown; text: string }> {
  const context = impContextOn({ ...machine, clock: fakeClock(new Date('2026-04-01T00:00:00Z')) }, { stateDirectory: '/state' })
  const operation = operations.find((each) => each.path[1] === word) ?? assert.fail(word)
  const answer = await invoke(operation, context, input)
  assert.ok(answer.answer === 'result')
  return { value: answer.value, text: operation.view?.(answer.value, { width: 100, colour: false }) ?? '' }
}

function fault(code: string, message: RegExp) {
  return (error: unknown): boolean =>
    error instanceof Fault && error.code === code && message.test(`${error.message} ${JSON.stringify(error.findings)}`)
}

suite('nat lookup', () => {
  test('answers by the running configuration, and names it', async () => {
    const { value, text } = await call('lookup', { endpoint: '203.0.113.97:1500', at: '2026-03-15T12:00:00+01:00' })
    assert.partialDeepStrictEqual(value, {
      inside: '192.168.0.64',
      outside: '203.0.113.97',
      firstPort: 1024,
      lastPort: 2031,
      untranslated: [],
      proof: { source: 'running', document: '/state/dataplane/running.json', since: appliedAt, hostname: 'edge1' },
    })
    assert.match(
      text,
      /^192\.168\.0\.64 = 203\.0\.113\.97 ports 1024-2031\n[^]*in force since 2026-03-01T12:00:00\.000Z\n {2}sha256 [0-9a-f]{64}$/,
    )
  })

  test('answers by another configuration', async () => {
    const { value } = await call('lookup', { endpoint: '192.168.0.64', file: '/new.json' })
    assert.partialDeepStrictEqual(value, { outside: '203.0.113.101', firstPort: 1024, proof: { source: 'file', document: '/new.json' } })
  })

  test('does not answer for a time of which it knows nothing', async () => {
    const endpoint = '203.0.113.97:1500'
    await assert.rejects(
      call('lookup', { endpoint, at: '2026-03-01T12:00:00+01:00' }),
      fault('not-found', /nothing is known of namespace dataplane at .*: its history begins at 2026-03-01T12:00:00\.000Z/),
    )
    await assert.rejects(call('lookup', { endpoint, at: '2026-05-01T00:00:00Z' }), fault('input', /has not come yet/))
    await assert.rejects(call('lookup', { endpoint, at: '2026-03-15T12:00:00' }), fault('input', /time with its zone/))
    await assert.rejects(call('lookup', { endpoint, at: '2026-03-15T12:00:00Z', file: '/new.json' }), fault('input', /exclude each other/))
    await assert.rejects(call('lookup', { endpoint, namespace: 'other' }), fault('not-found', /no configuration was applied/))
    await assert.rejects(call('lookup', { endpoint, file: '/none.json' }), fault('not-found', /translates nothing/))
    await assert.rejects(call('lookup', { endpoint: '203.0.113.97:70000' }), fault('input', /ADDRESS:PORT/))
  })
})

/** A machine with a running configuration and commits: of 1 February, 1 March, and 15 March, which was taken back. */
async function withHistory(): Promise<FakeHost> {
  const machine = fakeHost({ files })
  const history = historyOf({ host: machine, directory: '/state' })
  const [first, moved] = [changed(onlyNat('192.168.0.0/24', '203.0.113.104/30')), changed(onlyNat('192.168.0.0/24', '203.0.113.100/30'))]
  const add = (number: number, when: string, outcome: Commit['outcome'], document: RouterConfig, before: RouterConfig): Promise<void> =>
    history.add({ number, base: number - 1, who: 'ann', when, outcome }, document, before)
  await add(1, '2026-02-01T12:00:00.000Z', 'applied', first, changed({ nat: undefined }))
  await add(2, '2026-02-10T12:00:00.000Z', 'rolled-back', moved, first)
  await add(3, '2026-02-20T12:00:00.000Z', 'failed', moved, first)
  await add(4, '2026-03-01T11:59:58.000Z', 'applied', running, first)
  return machine
}

suite('nat lookup over the history of commits', () => {
  const endpoint = '192.168.0.64'

  test('names the commit that was in force', async () => {
    const machine = await withHistory()
    const now = await call('lookup', { endpoint }, machine)
    assert.partialDeepStrictEqual(now.value, { outside: '203.0.113.97', proof: { source: 'running', commit: 4, who: 'ann' } })
    assert.match(now.text, /\n {2}commit 4 by ann\n/)
    const then = await call('lookup', { endpoint, at: '2026-02-05T00:00:00Z' }, machine)
    const proof = { source: 'commit', document: 'commit 1', commit: 1, since: '2026-02-01T12:00:00.000Z' }
    assert.partialDeepStrictEqual(then.value, { outside: '203.0.113.105', proof })
    const afterFailure = await call('lookup', { endpoint: '203.0.113.105:1500', at: '2026-02-25T00:00:00Z' }, machine)
    assert.partialDeepStrictEqual(afterFailure.value, { inside: '192.168.0.64', proof: { document: 'before commit 3' } })
  })

  test('refuses to guess when a commit was taken back nobody knows when, unless it makes no difference', async () => {
    const machine = await withHistory()
    await assert.rejects(call('lookup', { endpoint, at: '2026-02-15T00:00:00Z' }, machine), (error) => {
      assert.ok(error instanceof Fault && error.code === 'state')
      assert.equal(
        error.detail,
        [
          'commit 2: 192.168.0.64 = 203.0.113.101 ports 1024-2031',
          'before commit 2: 192.168.0.64 = 203.0.113.105 ports 1024-2031',
          'before commit 3: 192.168.0.64 = 203.0.113.105 ports 1024-2031',
        ].join('\n'),
      )
      return true
    })
    await assert.rejects(
      call('lookup', { endpoint: '192.0.2.7', at: '2026-02-05T00:00:00Z' }, machine),
      fault('not-found', /in no NAT mapping/),
    )
  })

  test('knows nothing before the first commit', async () => {
    await assert.rejects(
      call('lookup', { endpoint, at: '2026-01-01T00:00:00Z' }, await withHistory()),
      fault('not-found', /its history begins at 2026-02-01T12:00:00\.000Z/),
    )
  })
})

suite('nat plan', () => {
  test('is of the candidate unless told, with whom it renumbers', async () => {
    const context = impContextOn(fakeHost({ files }), { stateDirectory: '/state' })
    const moved = changed(onlyNat('192.168.0.0/24', '203.0.113.104/30'))
    await editCandidate(context, 'another pool', () => moved, { directory: '/state' })
    const plan = operations.find(({ path }) => path[1] === 'plan') ?? assert.fail('no plan')
    const answer = await invoke(plan, context, {})
    assert.ok(answer.answer === 'result')
    assert.partialDeepStrictEqual(answer.value, { renumbered: 256, compared: appliedAt, mappings: [{ outside: '203.0.113.104/30' }] })
    // Nobody has edited anything: what runs.
    assert.partialDeepStrictEqual((await call('plan', {})).value, { renumbered: 0, mappings: [{ outside: '203.0.113.96/30' }] })
  })

  test('tells what the file means and who is renumbered by it', async () => {
    const { value, text } = await call('plan', { file: '/new.json' })
    assert.partialDeepStrictEqual(value, { compared: appliedAt, renumbered: 256, mappings: [{ portsPerHost: 1008, hostsPerAddress: 64 }] })
    assert.match(
      text,
      /256 hosts renumbered[^]*renumbered +192\.168\.0\.0-192\.168\.0\.255 +256 +203\.0\.113\.96:1024-2031 +203\.0\.113\.100:1024-2031$/,
    )
  })

  test('without a running configuration nothing is compared, and without NAT everything goes', async () => {
    const first = await call('plan', { file: '/new.json', namespace: 'other' })
    assert.partialDeepStrictEqual(first.value, { renumbered: 0, changes: [] })
    assert.match(first.text, /nothing runs to compare with/)
    const gone = await call('plan', { file: '/none.json' })
    assert.partialDeepStrictEqual(gone.value, { renumbered: 0, changes: [{ change: 'removed', hosts: 256 }] })
    assert.match(gone.text, /^nothing is translated\n/)
  })
})
