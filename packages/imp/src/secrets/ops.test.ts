import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { fakeClock, fakeHost, type FakeHost } from '@imp/kit/host/fake.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { changed, changedPeer } from '../config/sample.ts'
import { operations } from './ops.ts'
import { checkSecrets } from './references.ts'
import { readSecretValues, secretsAt, setSecret } from './store.ts'
import { checkedValue, readAll, readValue } from './value.ts'
import { impContextOn } from '../sample.ts'

const config = changed(changedPeer({ password: { secret: 'transit1' } }))
const running = JSON.stringify({
  schema: 'imp.running',
  version: 1,
  appliedAt: '2026-03-01T12:00:00.000Z',
  config,
  made: { links: [], rules: [], tables: [] },
})

/** Locks are taken on this computer, also where files are not. */
const state = mkdtempSync(join(tmpdir(), 'imp-secrets-'))
const dataplane = join(state, 'dataplane')
after(() => rmSync(state, { recursive: true }))

function machine(): FakeHost {
  return fakeHost({ files: { [join(dataplane, 'running.json')]: running } })
}

async function call(word: string, input: object, host: FakeHost): Promise<{ value: unknown; text: string }> {
  const context = impContextOn({ ...host, clock: fakeClock(new Date('2026-04-01T00:00:00Z')) }, { stateDirectory: state })
  const operation = operations.find((each) => each.path[1] === word) ?? assert.fail(word)
  const answer = await invoke(operation, context, input)
  assert.ok(answer.answer === 'result')
  return { value: answer.value, text: operation.view?.(answer.value, { width: 100, colour: false }) ?? '' }
}

suite('secrets', () => {
  test('are kept with what they were before', async () => {
    const host = machine()
    assert.equal(await setSecret(host, dataplane, 'transit1', 'correct.horse'), true)
    assert.equal(await setSecret(host, dataplane, 'transit1', 'correct.horse'), false)
    assert.equal(await setSecret(host, dataplane, 'transit1', 'battery'), true)
    assert.deepEqual(
      [...(await readSecretValues(host, dataplane))],
      [
        ['transit1', 'battery'],
        ['transit1/former', 'correct.horse'],
      ],
    )
  })

  test('have values of their own', async () => {
    const host = machine()
    await setSecret(host, state, 'a', 'same-value')
    await assert.rejects(setSecret(host, state, 'b', 'same-value'), { code: 'conflict' })
    assert.deepEqual(await secretsAt(host, state).names(), ['a'])
  })

  test('are listed with their places, missing ones too, and never with their values', async () => {
    const host = machine()
    const missing = await call('list', {}, host)
    assert.deepEqual(missing.value, [{ name: 'transit1', usedBy: ['bgp.peers[transit].password'] }])
    assert.match(missing.text, /transit1 +missing +bgp\.peers\[transit\]\.password/)
    await setSecret(host, dataplane, 'transit1', 'correct.horse')
    await setSecret(host, dataplane, 'spare', 'battery')
    const both = await call('list', {}, host)
    assert.match(both.text, /spare[^]*transit1/)
    assert.doesNotMatch(JSON.stringify(both), /horse|battery/)
  })

  test('are deleted when nothing names them', async () => {
    const host = machine()
    await setSecret(host, dataplane, 'transit1', 'correct.horse')
    await setSecret(host, dataplane, 'spare', 'battery')
    await assert.rejects(call('delete', { name: 'transit1' }, host), (error) => {
      assert.ok(error instanceof Fault)
      return error.code === 'conflict' && error.message.includes('bgp.peers[transit].password')
    })
    await call('delete', { name: 'spare' }, host)
    assert.deepEqual(await secretsAt(host, dataplane).names(), ['transit1'])
    await assert.rejects(call('delete', { name: 'none' }, host), { code: 'not-found' })
  })

  test('that are missing or too long are findings with a remedy', () => {
    const [missing] = checkSecrets(config, new Map())
    assert.equal(missing?.path, 'bgp.peers[transit].password')
    assert.equal(missing?.hint, 'imp secret set transit1')
    assert.deepEqual(checkSecrets(config, new Map([['transit1', 'correct.horse']])), [])
    const core = changed({
      bridges: [],
      loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'] }],
      interfaces: [{ name: 'lan', role: 'internal', addresses: ['192.168.0.1/24'], ospf: { authentication: { key: { secret: 'core' } } } }],
    })
    const [long] = checkSecrets(core, new Map([['core', 'x'.repeat(17)]]))
    assert.match(long?.message ?? '', /longer than the 16/)
    assert.equal(long?.path, 'interfaces[0].ospf.authentication.key')
  })
})

suite('the value of a secret', () => {
  test('is read to the end of standard input, without the last newline', async () => {
    assert.equal(await readAll(Readable.from([Buffer.from('corr'), Buffer.from('ect\n')])), 'correct')
    await assert.rejects(readAll(Readable.from([Buffer.alloc(5000)])), { code: 'input' })
  })

  test('is not repeated when it is refused', () => {
    assert.equal(checkedValue('correct.horse', 'x'), 'correct.horse')
    assert.throws(
      () => checkedValue('correct horse', 'x'),
      (error) => error instanceof Fault && !JSON.stringify(error).includes('horse'),
    )
  })

  test('is asked of a person, who is told what is wrong with it', async () => {
    const secret = ({ refuse }: { refuse: (text: string) => string | undefined }) => {
      assert.match(refuse('a b c d') ?? '', /printable/)
      assert.match(refuse('what?') ?? '', /none of/)
      assert.equal(refuse('correct.horse'), undefined)
      return Promise.resolve({ reply: 'value', value: 'correct.horse' } as const)
    }
    assert.equal(await readValue({ interactive: true, ask: { secret } }, 'x'), 'correct.horse')
    const cancelled = { secret: () => Promise.resolve({ reply: 'cancelled' } as const) }
    await assert.rejects(readValue({ interactive: true, ask: cancelled }, 'x'), { code: 'input' })
  })
})
