/**
 * Captures on routers of a lab: one in a namespace, and one that is a guest where this kernel has no 802.1Q. Their limits hold whoever
 * has died by then.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { bench, failing, frr, missing, qemu, tcpdump, type Bench } from '../real/lab-fixture.ts'

const machine = localHost()

function router(hostname: string, address: string, subinterfaces: readonly object[]): string {
  const interfaces = [{ name: 'lan', role: 'internal', addresses: [address], subinterfaces }]
  return JSON.stringify({ schema: 'imp.router', version: 1, hostname, interfaces })
}

const files = {
  'lab.yaml': `name: placeholder
topology:
  nodes:
    tagged: {kind: router, startup-config: tagged.router.json}
    plain: {kind: router, startup-config: plain.router.json}
    host:
      kind: host
      exec: [ip address add 192.0.2.1/24 dev eth1, ip address add 198.51.100.1/24 dev eth2]
  links:
    - endpoints: ["tagged:lan", "host:eth1"]
    - endpoints: ["plain:lan", "host:eth2"]
verify:
  - reach: {from: host, to: 192.0.2.2}
  - reach: {from: host, to: 198.51.100.2}
`,
  'tagged.router.json': router('tagged', '192.0.2.2/24', [{ vlan: 40, addresses: ['10.0.40.1/24'] }]),
  'plain.router.json': router('plain', '198.51.100.2/24', []),
}

async function answer<T>(lab: Bench, ...words: readonly string[]): Promise<T> {
  const { status, stdout, stderr } = await lab.imp('--json', ...words)
  assert.equal(status, 0, `imp ${words.join(' ')}\n${stdout}\n${stderr}`)
  return JSON.parse(stdout) as T
}

interface Shown {
  readonly name: string
  readonly state: string
  readonly size: number
  readonly packets: readonly string[]
}

/** All that a person does with captures, on one router. */
async function assertCaptures(lab: Bench, node: string, address: string): Promise<void> {
  const target = `--target=lab:${lab.name}/${node}`
  const stateOf = async (name: string): Promise<string | undefined> =>
    (await answer<Shown[]>(lab, 'capture', 'list', target)).find((each) => each.name === name)?.state
  const ping = async (count: number, size: number): Promise<void> => {
    const { status, stdout } = await lab.inside('host', 'ping', '-q', '-c', String(count), '-i', '0.05', '-s', String(size), address)
    assert.equal(status, 0, stdout)
  }

  await answer(lab, 'capture', 'start', 'echo', '--interface', 'lan', '--filter', 'icmp[icmptype] == icmp-echo', target)
  await ping(3, 56)
  await until(machine.clock, { timeout: 90_000, what: 'three packets' }, async () => {
    const { packets } = await answer<Shown>(lab, 'capture', 'show', 'echo', target)
    return packets.length === 3 && packets.every((line) => line.includes(`> ${address}: ICMP echo request`))
  })
  assert.equal((await answer<Shown>(lab, 'capture', 'stop', 'echo', target)).state, 'ended')
  const file = join(lab.directory, `${node}.pcap`)
  assert.equal((await answer<{ packets: number }>(lab, 'capture', 'export', 'echo', file, target)).packets, 3)
  assert.equal((await machine.query(['tcpdump', '-n', '-r', file])).stdout.split('\n').length, 3)
  assert.notEqual((await lab.imp('capture', 'start', 'echo', '--interface', 'lan', target)).status, 0, 'the name is taken')
  assert.match((await lab.imp('capture', 'start', 'no', '--interface', 'wan', target)).stderr, /cannot record on wan/)

  await answer(lab, 'capture', 'start', 'full', '--interface', 'lan', '--max-size', '1', target)
  await ping(25, 60_000)
  await until(machine.clock, { timeout: 60_000, what: 'the end by size' }, async () => (await stateOf('full')) === 'full')

  const words = ['capture', 'start', 'brief', '--interface', 'lan', '--max-time', '5s', target] as const
  await lab.killedWhen(/"started".*record on lan/, ...words)
  await until(machine.clock, { timeout: 60_000, what: 'the end by time' }, async () => (await stateOf('brief')) !== 'running')

  for (const { name } of await answer<Shown[]>(lab, 'capture', 'list', target))
    await answer(lab, 'capture', 'delete', name, '--yes', target)
  assert.deepEqual(await answer(lab, 'capture', 'list', target), [])
  const left = await answer<{ stdout: string }>(lab, 'lab', 'exec', lab.name, node, '--', 'ps', '-e', '-o', 'comm')
  if (node === 'tagged') assert.doesNotMatch(left.stdout, /tcpdump|^timeout$/m)
}

suite('captures on routers of a lab', { skip: missing(frr, qemu, tcpdump) ?? false }, () => {
  test('in a namespace and in a guest', async (t) => {
    const lab = await bench(t, files)
    await answer(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
    const { nodes } = await answer<{ nodes: { name: string; realised: string }[] }>(lab, 'lab', 'inspect', lab.name)
    t.diagnostic(nodes.map(({ name, realised }) => `${name}: ${realised}`).join(', '))
    await assertCaptures(lab, 'plain', '198.51.100.2')
    await assertCaptures(lab, 'tagged', '192.0.2.2')
  })
})
