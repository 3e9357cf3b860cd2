import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { fakeHost, type FakeHost } from '@imp/kit/host/fake.ts'
import { invoke, type Answer } from '@imp/kit/op/operation.ts'
import { undoStep } from '@imp/kit/plan/step.ts'
import type { ImpContext } from '../context.ts'
import type { Mapping } from './model.ts'
import { operations } from './ops.ts'
import { migrateKinds } from './step.ts'
import { impContextOn } from '../sample.ts'

const [operation] = operations
assert.ok(operation !== undefined)

const old = {
  hostname: 'r1',
  external: { iface: 'ens4', ipv4: '198.51.100.2', ipv4_prefix: 30, ipv4_gateway: '198.51.100.1' },
  internal: [{ iface: 'ens5', ipv4: '192.0.2.1', ipv4_prefix: 24 }],
}
const [source, target] = [resolve('old.json'), resolve('router.json')]

function machine(document: unknown, files: Record<string, string> = {}): FakeHost {
  return fakeHost({ files: { [source]: typeof document === 'string' ? document : JSON.stringify(document), ...files } })
}

function call(host: FakeHost, input: object, dryRun = false): Promise<Answer> {
  return invoke(operation as NonNullable<typeof operation>, impContextOn(host, { dryRun }), { file: 'old.json', ...input })
}

interface Value {
  readonly layout: string
  readonly config: object
  readonly report: readonly Mapping[]
  readonly findings: readonly { readonly path: string; readonly severity: string; readonly hint?: string }[]
  readonly output?: string
}

function valueOf(answer: Answer): Value {
  assert.equal(answer.answer, 'result')
  return (answer as { value: Value }).value
}

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const error: unknown = await promise.then(
    () => assert.fail('must be refused'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof Fault, String(error))
  return error
}

test('without an output the new document is only shown', async () => {
  const host = machine(old)
  const value = valueOf(await call(host, {}))
  assert.equal(value.layout, 'roles')
  assert.deepEqual([...host.contents.keys()], [source])
  const text = operation.view?.(value, { width: 100, colour: false }) ?? ''
  assert.match(text, /^kept: \d+ fields$/m)
  assert.match(text, /^ {4}external\.ipv4_gateway -> routes\[0\]$/m)
  assert.ok(text.endsWith(JSON.stringify(value.config, null, 2)))
})

test('the output is what was returned, and a second run changes nothing', async () => {
  const host = machine(old)
  const value = valueOf(await call(host, { output: 'router.json' }))
  assert.equal(value.output, target)
  const written = host.contents.get(target)
  assert.deepEqual(JSON.parse(written ?? ''), value.config)
  await call(host, { output: 'router.json' })
  assert.equal(host.contents.get(target), written)
})

test('a dry run plans one step and writes nothing', async () => {
  const host = machine(old)
  const answer = await call(host, { output: 'router.json' }, true)
  assert.deepEqual(answer.answer === 'plan' && answer.steps.map(({ summary }) => summary), [`write ${target}`])
  assert.equal(host.contents.has(target), false)
})

test('another file in the place is only replaced when told, and comes back when undone', async () => {
  const host = machine(old, { [target]: 'precious' })
  const fault = await faultOf(call(host, { output: 'router.json' }))
  assert.equal(fault.code, 'conflict')
  assert.equal(host.contents.get(target), 'precious')
  const plan = await call(host, { output: 'router.json', force: true }, true)
  await call(host, { output: 'router.json', force: true })
  assert.notEqual(host.contents.get(target), 'precious')
  assert.ok(plan.answer === 'plan')
  for (const step of plan.steps) await undoStep(migrateKinds, host, step)
  assert.equal(host.contents.get(target), 'precious')
})

test('what the check refuses is listed with its old place, written all the same, and told by the exit status', async () => {
  const host = machine({ ...old, nat: { mappings: [{ source_network: '192.0.2.0', nat_pool: '203.0.113.0/28' }] } })
  const value = valueOf(await call(host, { output: 'router.json' }))
  const finding = value.findings.find(({ path }) => path === 'nat.mappings[0].inside')
  assert.equal(finding?.severity, 'error')
  assert.equal(finding.hint, 'write something like "192.168.0.0/24" (in the old document it is nat.mappings[0].source_network)')
  assert.equal(operation.exitStatus?.(value), 2)
  assert.ok(host.contents.has(target))
})

const refused = [
  { document: '{"external":', message: 'old.json is not JSON' },
  { document: { schema: 'imp.router', version: 1 }, message: 'old.json has our own layout already' },
  { document: { internal: [{}] }, message: 'old.json: 1 error' },
  { document: 'null', message: 'old.json is not a router configuration' },
]

for (const { document, message } of refused) {
  test(`${JSON.stringify(document)} is refused and nothing is written`, async () => {
    const host = machine(document)
    const fault = await faultOf(call(host, { output: 'router.json' }))
    assert.deepEqual([fault.code, fault.message], ['input', message])
    assert.deepEqual([...host.contents.keys()], [source])
  })
}

test('a file that is not there is said to be missing', async () => {
  assert.equal((await faultOf(call(machine(old), { file: 'gone.json' }))).code, 'not-found')
})

test('reads what is piped in, and says in a dry run what it would find', async () => {
  const { internal: _, ...spoilt } = old
  const host = fakeHost({
    files: { '/dev/stdin': JSON.stringify({ ...spoilt, external: { ...old.external, ipv4_gateway: '203.0.113.9' } }) },
  })
  const { layout, findings } = valueOf(await call(host, { file: '-' }))
  assert.equal(layout, 'roles')
  const said: string[] = []
  const report: ImpContext['report'] = (event) => void (event.event === 'log' && said.push(event.text))
  assert.ok(operation !== undefined)
  const answer = await invoke(operation, impContextOn(host, { dryRun: true, report }), { file: '-' })
  assert.deepEqual(answer, { answer: 'plan', steps: [] })
  assert.equal(said.length, findings.length)
  assert.ok(said.length > 0)
})
