import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeHost, type FakeHost } from '@imp/kit/host/fake.ts'
import { invoke, type Answer } from '@imp/kit/op/operation.ts'
import { formatRouterConfig } from './load.ts'
import { operations } from './ops.ts'
import { changed, lan, ports, wan, type Changes } from './sample.ts'
import { impContextOn } from '../sample.ts'

function machine(changes: Changes): FakeHost {
  return fakeHost({ files: { '/etc/router.json': formatRouterConfig(changed(changes)), '/etc/broken.json': '{' } })
}

function call(host: FakeHost, word: string, input: unknown, dryRun = false): Promise<Answer> {
  const operation = operations.find((each) => each.path.join(' ') === word)
  assert.ok(operation !== undefined)
  return invoke(operation, impContextOn(host, { dryRun }), input)
}

interface Checked {
  readonly findings: readonly { readonly path: string }[]
  readonly errors: number
  readonly warnings: number
}

async function check(host: FakeHost, file: string): Promise<{ value: Checked; status: number | undefined; text: string }> {
  const operation = operations.find((each) => each.path[0] === 'check')
  const answer = await call(host, 'check', { file })
  assert.equal(answer.answer, 'result')
  const value = answer.value as Checked
  return { value, status: operation?.exitStatus?.(value), text: operation?.view?.(value, { width: 200, colour: false }) ?? '' }
}

suite('operations on a configuration', () => {
  test('check counts and shows every finding, and ends with status 2 for an error', async () => {
    const { value, status, text } = await check(machine({ cpu: { workers: '5-2' }, routes: [] }), '/etc/router.json')
    assert.deepEqual([value.errors, value.warnings, status], [1, 1, 2])
    assert.match(text, /error\s+cpu\.workers\s+"5-2"\s+has a range that ends before it begins\s+write 2-5, not 5-2/)
    assert.match(text, /\/etc\/router\.json: 1 error, 1 warning$/)
  })

  test('check ends with status 0 for warnings, and for nothing', async () => {
    const { value, status } = await check(machine({ routes: [], nat: undefined }), '/etc/router.json')
    assert.deepEqual([value.findings.length, status], [0, 0])
    const warned = await check(machine({ ...ports(wan, lan), routes: [] }), '/etc/router.json')
    assert.deepEqual([warned.value.errors, warned.value.warnings, warned.status], [0, 1, 0])
  })

  test('check says what is not JSON, and fails for what is not there', async () => {
    const { value, status } = await check(machine({}), '/etc/broken.json')
    assert.deepEqual([value.errors, status], [1, 2])
    await assert.rejects(check(machine({}), '/etc/missing.json'), { code: 'not-found' })
  })

  test('check judges the settings of modules by the definitions that are installed', async () => {
    const text =
      'name: probe\ntopology: { connections: [{ name: internal }] }\nconfig_schema: { depth: { type: integer } }\nvpp_commands: show version\n'
    const modules = ['probe', 'other'].map((name) => ({ name, enabled: true, config: { depth: 'deep' } }))
    const config = formatRouterConfig(changed({ dataplane: 'vpp', modules }))
    const host = fakeHost({ files: { '/etc/router.json': config, '/persistent/config/modules/probe.yaml': text } })
    const { value, status } = await check(host, '/etc/router.json')
    const paths = value.findings.map(({ path }) => path)
    assert.ok(paths.includes('modules[0].config.depth') && paths.includes('modules[1].name'), paths.join(' '))
    assert.equal(status, 2)
  })

  test('render shows the texts and touches nothing', async () => {
    const host = machine({})
    const answer = await call(host, 'render', { file: '/etc/router.json' })
    assert.equal(answer.answer, 'result')
    const { daemons, artefacts } = answer.value as { daemons: string[]; artefacts: { name: string; text: string }[] }
    assert.deepEqual(daemons, ['zebra', 'staticd', 'bgpd', 'ospfd'])
    assert.deepEqual(
      artefacts.map(({ name }) => name),
      ['frr.conf', 'imp_nat.nft'],
    )
    assert.deepEqual([...host.contents.keys()], ['/etc/router.json', '/etc/broken.json'])
  })

  test('render writes the texts into a directory, and in a dry run only says so', async () => {
    const host = machine({ nat: undefined })
    const input = { file: '/etc/router.json', outputDirectory: '/tmp/rendered' }
    const plan = await call(host, 'render', input, true)
    assert.ok(plan.answer === 'plan')
    assert.deepEqual(
      plan.steps.map((step) => step.summary),
      ['write /tmp/rendered/frr.conf'],
    )
    assert.equal(host.contents.has('/tmp/rendered/frr.conf'), false)
    await call(host, 'render', input)
    assert.match(host.contents.get('/tmp/rendered/frr.conf') ?? '', /^frr defaults traditional\n/)
  })

  test('render refuses a configuration with errors, with all of them', async () => {
    await assert.rejects(call(machine({ cpu: { workers: '5-2' } }), 'render', { file: '/etc/router.json' }), {
      code: 'input',
      message: '/etc/router.json: 1 error',
    })
  })

  test('schema is a JSON document', async () => {
    const answer = await call(machine({}), 'schema', {})
    assert.ok(answer.answer === 'result')
    const text = operations.find((each) => each.path[0] === 'schema')?.view?.(answer.value, { width: 80, colour: false }) ?? ''
    assert.deepEqual(JSON.parse(text), answer.value)
  })
})
