import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { invoke, type Answer } from '@imp/kit/op/operation.ts'
import { renderCommands } from '../dataplane/vpp/boot/exec.ts'
import { fakeFor } from '../dataplane/vpp/fake/sample.ts'
import { nat64Instances } from '../dataplane/vpp/nat64.ts'
import { goldenConfig, hardwareFor } from '../dataplane/vpp/sample.ts'
import { operations } from './ops.ts'
import { belowRoot } from './root.ts'
import { impContextIn } from '../sample.ts'

const machine = localHost()
let directory = ''

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imp-appliance-ops-'))
})
after(() => rm(directory, { recursive: true, force: true }))

function call(word: string, input: unknown, dryRun = false, host: Host = machine): Promise<Answer> {
  const operation = operations.find((each) => each.path[1] === word)
  assert.ok(operation !== undefined)
  return invoke(operation, impContextIn(directory, host, { dryRun }), input)
}

async function tree(name: string, text: string): Promise<string> {
  const root = join(directory, name)
  await machine.files.makeDirectory(join(root, 'persistent/config'))
  await machine.files.write(join(root, 'persistent/config/router.json'), text)
  return root
}

function stepsOf(answer: Answer): readonly string[] {
  return answer.answer === 'plan' ? answer.steps.map(({ summary }) => summary) : (answer.value as { steps: string[] }).steps
}

const config = { schema: 'imp.router', version: 1, hostname: 'edge1', management: { nic: { name: 'eno1' } } }

suite('operations on an appliance', () => {
  test('generate says what it would write, writes it, and finds nothing to do the second time', async () => {
    const root = await tree('generate', JSON.stringify(config))
    const plan = await call('generate', { root }, true)
    assert.equal(plan.answer, 'plan')
    assert.equal(await machine.files.stat(join(root, 'etc')), undefined)
    const done = await call('generate', { root })
    const written = stepsOf(plan).filter((summary) => summary.startsWith('write '))
    assert.ok(written.includes('write /etc/systemd/network/10-management.network'))
    assert.deepEqual(
      stepsOf(done).filter((summary) => summary.startsWith('write ')),
      written,
    )
    for (const summary of written) assert.ok((await machine.files.stat(join(root, summary.slice('write '.length)))) !== undefined)
    assert.deepEqual(stepsOf(await call('generate', { root })), [])
  })

  test('generate needs a configuration that can be used', async () => {
    await assert.rejects(call('generate', { root: join(directory, 'nothing') }), { code: 'not-found' })
    const root = await tree('broken', JSON.stringify({ ...config, cpu: { workers: '5-2' } }))
    await assert.rejects(call('generate', { root }), { code: 'input', message: '/persistent/config/router.json: 1 error' })
    assert.equal(await machine.files.stat(join(root, 'etc')), undefined)
  })

  test('load says when there is nothing to load', async () => {
    const nothing = { code: 'not-found', hint: 'imp appliance generate writes them' }
    await assert.rejects(call('load', { part: 'nat' }, false, fakeHost()), nothing)
  })

  test('load gives NAT64 of a process that died its own timeouts back, for which VPP has no command', async (t) => {
    const golden = goldenConfig('nat64', 'vpp')
    const timeouts = { udp: 120, tcpEstablished: 3600, tcpTransitory: 60, icmp: 30 }
    const committed = { ...golden, nat64: { ...(golden.nat64 ?? assert.fail('it is there')), timeouts } }
    const commands = renderCommands(committed, hardwareFor(committed), nat64Instances(committed)).beside.get('nat64')
    const root = await tree('timeouts', JSON.stringify(committed))
    await machine.files.makeDirectory(join(root, 'etc/vpp'))
    await machine.files.write(join(root, 'etc/vpp/commands-nat64.txt'), commands ?? '')
    const vpp = await fakeFor(t)
    const host = { ...belowRoot(machine, root), dial: () => machine.dial(vpp.socket) }
    const load = () => call('load', { part: 'nat64' }, false, host)

    const its = { udp: 120, tcp_established: 3600, tcp_transitory: 60, icmp: 30 }
    assert.partialDeepStrictEqual(await load(), { value: { part: 'nat64', changed: true } })
    assert.deepEqual(vpp.state.nat64Timeouts, its)
    await vpp.restart()
    assert.notDeepEqual(vpp.state.nat64Timeouts, its)
    assert.partialDeepStrictEqual(await load(), { value: { part: 'nat64', changed: true } })
    assert.deepEqual(vpp.state.nat64Timeouts, its)
    vpp.received.length = 0
    assert.partialDeepStrictEqual(await load(), { value: { changed: false } })
    assert.ok(!vpp.received.some(({ message }) => message === 'nat64_set_timeouts'))
  })
})
