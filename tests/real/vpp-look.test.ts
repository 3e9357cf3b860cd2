/** Looking into a real VPP, where one is installed: interfaces, routes, det44, errors, load, traces and its command line. */
import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { startUnit, stopUnit } from '@imp/kit/host/supervise.ts'
import { until } from '@imp/kit/host/until.ts'
import { openVpp, type VppClient } from '../../packages/imp/src/dataplane/vpp/api/client.ts'
import { commandOutput } from '../../packages/imp/src/shell/vpp.ts'
import { lookAtVppCounters } from '../../packages/imp/src/show/vpp-counters.ts'
import { parseVppErrors } from '../../packages/imp/src/show/vpp-errors.ts'
import { lookAtVppFib } from '../../packages/imp/src/show/vpp-fib.ts'
import { lookAtVppInterfaces } from '../../packages/imp/src/show/vpp-interfaces.ts'
import { lookAtVppNat } from '../../packages/imp/src/show/vpp-nat.ts'
import { parseVppRuntime } from '../../packages/imp/src/show/vpp-runtime.ts'
import { clearing, tracing } from '../../packages/imp/src/trace/lines.ts'
import { parseTrace } from '../../packages/imp/src/trace/parse.ts'

const host = localHost()
const id = `iv${process.pid % 100_000}`

/** Why there is no VPP to look into. */
async function missing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root'
  // VPP need not be where programs of the system are: the PATH of the person who runs the tests says where.
  return (await program()) === undefined ? 'needs vpp on PATH' : undefined
}

async function program(): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(':').filter((each) => each.startsWith('/'))) {
    const path = join(directory, 'vpp')
    if ((await host.files.stat(path)) !== undefined) return path
  }
  return undefined
}

function startup(directory: string): string {
  const plugins = ['af_packet', 'det44', 'ping'].map((name) => `plugin ${name}_plugin.so { enable }`).join(' ')
  return [
    `unix { nodaemon nosyslog log ${directory}/vpp.log runtime-dir ${directory}/run poll-sleep-usec 1000 }`,
    `api-segment { prefix ${id} }`,
    `socksvr { socket-name ${directory}/api.sock }`,
    `statseg { socket-name ${directory}/stats.sock size 16M }`,
    'memory { main-heap-size 192M }',
    'buffers { buffers-per-numa 2048 page-size default }',
    `plugins { plugin default { disable } ${plugins} }`,
    '',
  ].join('\n')
}

async function startVpp(t: TestContext): Promise<VppClient> {
  const directory = join(tmpdir(), id)
  await host.files.makeDirectory(directory)
  t.after(() => host.files.remove(directory))
  await host.files.write(join(directory, 'startup.conf'), startup(directory))
  await startUnit(host, { name: 'vpp', directory, argv: [(await program()) ?? 'vpp', '-c', join(directory, 'startup.conf')] })
  t.after(() => stopUnit(host, directory, 'vpp'))
  const socket = join(directory, 'api.sock')
  const client = await until(host.clock, { timeout: 90_000, interval: 50, what: 'VPP' }, async () => {
    if ((await host.files.stat(socket)) === undefined) return undefined
    return openVpp(host, { name: 'real', socket }).catch(() => undefined)
  })
  t.after(() => client.close())
  return client
}

/** A namespace on a port of VPP. */
async function attach(t: TestContext, vpp: VppClient, port: string, network: string): Promise<string> {
  const namespace = `${id}${port}`
  await host.run(['ip', 'netns', 'add', namespace])
  t.after(() => host.run(['ip', 'netns', 'delete', namespace]))
  await host.run(['ip', 'link', 'add', `${namespace}0`, 'type', 'veth', 'peer', 'name', 'up0', 'netns', namespace])
  await host.run(['ip', 'link', 'set', `${namespace}0`, 'up'])
  await host.run(['ip', '-n', namespace, 'address', 'add', `${network}.2/24`, 'dev', 'up0'])
  await host.run(['ip', '-n', namespace, 'link', 'set', 'up0', 'up'])
  await host.run(['ip', '-n', namespace, 'route', 'add', 'default', 'via', `${network}.1`])
  for (const line of [
    `create host-interface name ${namespace}0`,
    `set interface name host-${namespace}0 ${port}`,
    `set interface state ${port} up`,
    `set interface ip address ${port} ${network}.1/24`,
  ])
    await vpp.cli(line)
  return namespace
}

async function ping(namespace: string, address: string): Promise<void> {
  const argv = ['ip', 'netns', 'exec', namespace, 'ping', '-c', '1', '-W', '1', address] as const
  await until(host.clock, { timeout: 90_000, interval: 50, what: `an answer of ${address}` }, async () => {
    return (await host.query(argv, { statuses: [0, 1, 2] })).status === 0
  })
}

suite('looking into a real VPP', () => {
  test('shows what it has, forwards, translates, counts and traces', async (t) => {
    const why = await missing()
    if (why !== undefined) return t.skip(why)
    const vpp = await startVpp(t)
    const lan = await attach(t, vpp, 'lan', '10.87.1')
    await attach(t, vpp, 'wan', '10.87.2')
    for (const line of [
      'create sub-interfaces lan 40',
      'ip route add 198.18.0.0/16 via 10.87.2.2 wan',
      'ip route add 198.19.0.0/16 via drop',
      'det44 plugin enable',
      'set interface det44 inside lan outside wan',
      'det44 add in 10.87.1.0/24 out 203.0.113.64/30',
    ])
      await vpp.cli(line)
    // The world behind wan knows the way to the pool.
    await host.run(['ip', '-n', `${id}wan`, 'route', 'add', '203.0.113.64/30', 'via', '10.87.2.1'])

    await t.test('a trace of one destination', async () => {
      for (const line of tracing({ nodes: ['af-packet-input'], count: 5, destination: '10.87.2.2' })) await vpp.cli(line)
      await ping(lan, '10.87.1.1')
      await ping(lan, '10.87.2.2')
      const packets = parseTrace(await vpp.cli('show trace max 10'))
      assert.ok(packets.length > 0)
      for (const packet of packets) assert.equal(packet.what, 'ICMP 10.87.1.2 -> 10.87.2.2')
      assert.ok(packets.some(({ nodes }) => nodes.some(({ node }) => node === 'det44-in2out')))
      for (const line of clearing) await vpp.cli(line)
      assert.deepEqual(parseTrace(await vpp.cli('show trace')), [])
    })

    await t.test('interfaces with addresses and counters', async () => {
      const shown = await lookAtVppInterfaces(vpp)
      assert.deepEqual(shown.map(({ name, state, addresses }) => `${name} ${state} ${addresses.join()}`).toSorted(), [
        'lan up 10.87.1.1/24',
        'lan.40 down ',
        'wan up 10.87.2.1/24',
      ])
      const port = shown.find(({ name }) => name === 'lan')
      assert.ok(port !== undefined && port.received.packets > 0 && port.sent.bytes > 0)
      assert.equal(shown.find(({ name }) => name === 'lan.40')?.mtu, port.mtu)
    })

    await t.test('the forwarding table, and the entry of one destination', async () => {
      const table = await lookAtVppFib(vpp)
      assert.deepEqual(
        table.find(({ prefix }) => prefix === '198.19.0.0/16'),
        { prefix: '198.19.0.0/16', type: 'blackhole', protocol: 'CLI', metric: 0, hops: [] },
      )
      assert.ok(table.some(({ prefix }) => prefix === '::/0'))
      const [way] = await lookAtVppFib(vpp, '198.18.3.4')
      assert.deepEqual([way?.prefix, way?.hops], ['198.18.0.0/16', [{ address: '10.87.2.2', interface: 'wan', weight: 1 }]])
      assert.deepEqual(await lookAtVppFib(vpp, '198.18.3.0/24'), [])
    })

    await t.test('the sessions of det44', async () => {
      const { tracked, maximum, flows } = await lookAtVppNat(vpp, [], '10.87.1.2')
      assert.ok(tracked > 0)
      assert.equal(maximum, 256_000)
      assert.ok(
        flows?.some(
          ({ protocol, destination, outside }) => protocol === 'icmp' && destination === '10.87.2.2' && outside.startsWith('203.0.113.64:'),
        ),
      )
    })

    await t.test('counters and load of nodes', async () => {
      assert.ok(parseVppErrors(await vpp.cli('show errors')).some(({ node, count }) => node === 'ip4-icmp-input' && count > 0))
      const counted = await lookAtVppCounters(vpp, 'core')
      assert.ok(counted.some(({ instance, node, count }) => instance === 'core' && node === 'ip4-icmp-input' && count > 0))
      const nodes = parseVppRuntime(await vpp.cli('show runtime'))
      assert.ok(nodes.some(({ node, vectors }) => node === 'det44-in2out' && vectors > 0))
    })

    await t.test('answers and refusals of its command line', async () => {
      assert.match((await commandOutput(vpp, 'show version')).stdout, /^vpp v/)
      assert.deepEqual(await commandOutput(vpp, 'show nonsense'), { status: 1, stdout: '', stderr: "show: unknown input `nonsense'" })
      assert.doesNotMatch((await commandOutput(vpp, 'show errors verbose')).stdout, /\0/)
    })
  })
})
