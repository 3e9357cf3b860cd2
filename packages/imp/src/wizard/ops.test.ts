import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeHost, type FakeHost } from '@imp/kit/host/fake.ts'
import { invoke, type Answer } from '@imp/kit/op/operation.ts'
import { operations } from './ops.ts'
import { impContextOn } from '../sample.ts'

const links = [{ ifname: 'enp1s0', address: '02:00:5e:00:53:01', link_type: 'ether', flags: ['UP'], parentbus: 'usb', parentdev: '1-1' }]

function machine(files: Readonly<Record<string, string>> = {}): FakeHost {
  return fakeHost({
    files,
    answers: {
      'ip -j -d address show': JSON.stringify(links),
      'ip -j route show default': '[]',
      'cat /sys/class/net/enp1s0/speed': '',
      'readlink -e /sys/bus/usb/devices/1-1': '/sys/devices/usb1/1-1',
      'readlink -e /sys/bus/usb/devices/1-1/driver': '/sys/bus/usb/drivers/r8152',
    },
  })
}

function run(words: string, input: unknown, host: FakeHost, dryRun = true): Promise<Answer> {
  const operation = operations.find(({ path }) => path.join(' ') === words)
  assert.ok(operation !== undefined)
  return invoke(operation, impContextOn(host, { dryRun, stateDirectory: '/state' }), input)
}

suite('answers from a file', () => {
  test('become a change of the candidate, which a dry run only tells', async () => {
    const yaml = 'hostname: edge1\nexternal: [{ nic: enp1s0, name: wan, addresses: [192.0.2.2/30], gateways: [192.0.2.1] }]\n'
    const host = machine({ '/answers.yaml': yaml })
    const answer = await run('config edit', { answers: '/answers.yaml' }, host)
    assert.deepEqual(answer.answer === 'plan' && answer.steps.map(({ summary }) => summary), ['config edit'])
    assert.deepEqual([...host.contents.keys()], ['/answers.yaml'])
  })

  test('are refused with everything that is wrong, by the places of the answers', async () => {
    const host = machine({
      '/schema.yaml': 'hostname: "a b"\nexternal: [{ nic: enp1s0, name: 1wan }]\nroutes: []\n',
      '/rules.json': JSON.stringify({ external: [{ nic: 'eth9', name: 'wan', addresses: ['192.0.2.0/30'], gateways: ['203.0.113.1'] }] }),
      '/text.yaml': 'hostname: [',
    })
    const paths = (expected: readonly string[]) => (error: unknown) => {
      const { findings } = error as { findings: readonly { path: string; severity: string }[] }
      assert.deepEqual(findings.flatMap(({ path, severity }) => (severity === 'error' ? [path] : [])).toSorted(), expected)
      return true
    }
    await assert.rejects(run('config edit', { answers: '/schema.yaml' }, host), paths(['external[0].name', 'hostname', 'routes']))
    await assert.rejects(
      run('config edit', { answers: '/rules.json' }, host),
      paths(['external[0].addresses[0]', 'external[0].gateways[0]', 'external[0].nic']),
    )
    await assert.rejects(run('config edit', { answers: '/text.yaml' }, host), { code: 'input', message: /neither YAML nor JSON/ })
  })

  test('have an example and a schema', async () => {
    const example = await run('config edit', { answersExample: true }, machine(), false)
    assert.match(example.answer === 'result' ? JSON.stringify(example.value) : '', /nic: enp1s0/)
    const schema = await run('schema answers', {}, machine(), false)
    assert.match(schema.answer === 'result' ? JSON.stringify(schema.value) : '', /routerId/)
  })
})

test('without a terminal and without answers nobody is asked', async () => {
  await assert.rejects(run('config edit', {}, machine()), { code: 'input', hint: /--answers FILE/ })
})

test('before the first commit there is nothing to apply again', async () => {
  await assert.rejects(run('config apply', {}, machine()), { code: 'not-found', hint: /imp config edit/ })
  await assert.rejects(run('config edit', { applyOnly: true }, machine()), { code: 'not-found' })
})
