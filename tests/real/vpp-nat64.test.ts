/** NAT64 on real processes of VPP: one that routes and one that translates, with a host that has IPv6 only behind them. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DataplaneRouter } from '../../packages/imp/src/dataplane/contract.ts'
import { nothingMadeInVpp } from '../../packages/imp/src/dataplane/vpp/desired.ts'
import { vppDataplane } from '../../packages/imp/src/dataplane/vpp/driver.ts'
import { VppBindings, vppSessions, VppSessions } from '../../packages/imp/src/nat64/sessions.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { inNamespace } from '../../packages/kit/src/host/namespace.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { config } from './pipeline-fixture.ts'
import { corePlugins, machine, nat64Plugins, possible, realVpp, showsTwins, vppObstacle } from './vpp-fixture.ts'

const base = config({
  hostname: 'r',
  dataplane: 'vpp',
  interfaces: [
    { name: 'wan', role: 'external', nic: { name: 'eth0' }, addresses: ['192.31.196.2/24'] },
    { name: 'lan', role: 'internal', nic: { name: 'eth1' }, addresses: ['2001:db8:1::1/64'] },
  ],
  nat64: { pool: '198.51.100.64/30', timeouts: { udp: 120 } },
})

/** 192.31.196.1, as the well-known prefix and as one of the site write it. */
const known = '64:ff9b::c01f:c401'
const own = '2001:db8:64::c01f:c401'
const port = 4664
const patience = 90_000

async function configure(namespace: string, lines: readonly string[]): Promise<void> {
  await machine.run(['ip', '-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

/** Whether an answer comes: the first packets go to memif's greeting and to neighbour discovery. */
async function reaches(namespace: string, address: string): Promise<void> {
  await until(machine.clock, { timeout: patience, interval: 100, what: `answer of ${address}` }, async () => {
    const ran = await inNamespace(machine, namespace).query(['ping', '-c', '1', '-W', '1', address], { statuses: [0, 1, 2] })
    return ran.status === 0
  })
}

/** From which address a server outside sees a TCP connection of the host come. */
async function seenFrom(client: string, server: string): Promise<string> {
  const program = `require('node:net').createServer((socket) => socket.end(socket.remoteAddress)).listen(${port}, '192.31.196.1')`
  const ended = new AbortController()
  const serving = inNamespace(machine, server).query([process.execPath, '-e', program], { timeout: 2 * patience, signal: ended.signal })
  const outcome = serving.catch(() => undefined)
  try {
    const words = ['bash', '-c', 'exec 3<>"/dev/tcp/$1/$2" && cat <&3', 'bash', known, String(port)] as const
    return await until(machine.clock, { timeout: patience, interval: 200, what: 'an answer over TCP' }, async () => {
      const ran = await inNamespace(machine, client).query(['timeout', '5', ...words], { statuses: [0, 1, 124] })
      return ran.stdout.trim() || undefined
    })
  } finally {
    ended.abort()
    await outcome
  }
}

/**
 * Whether hosts write the checksums of TCP themselves: between veth links the kernel leaves that to nobody, and VPP, which makes the new
 * checksum out of the old one, hands a wrong one on. Ethernet cards write them.
 */
async function writesChecksums(...namespaces: readonly string[]): Promise<boolean> {
  try {
    for (const each of namespaces) await inNamespace(machine, each).run(['ethtool', '-K', 'eth0', 'tx', 'off'])
    return true
  } catch (error) {
    // A namespace tells a missing program as one that failed.
    if (error instanceof Fault && (error.code === 'missing-program' || error.code === 'exec')) return false
    throw error
  }
}

suite('NAT64 of the VPP dataplane', { skip: vppObstacle() ?? false }, () => {
  test('brings hosts with IPv6 only to IPv4, changes by difference, and goes', async (t) => {
    const vpp = await realVpp(t, 'n64', ['eth0', 'eth1'])
    await vpp.start('core', corePlugins)
    await vpp.start('nat64', nat64Plugins)
    const { namespace, directory } = vpp
    const place = { machine, host: inNamespace(machine, namespace), namespace, bringsPorts: false, vpp: { directory } }
    const router = new DataplaneRouter(vppDataplane, place, nothingMadeInVpp, possible)
    await router.apply(base)
    assert.deepEqual(await router.plan(base), [])

    const [inside, outside] = [`${namespace}-eth1`, `${namespace}-eth0`]
    // The router advertises its prefix, by which the host would give itself a second address to speak from.
    await inNamespace(machine, inside).run(['sysctl', '-q', '-w', 'net.ipv6.conf.eth0.autoconf=0'])
    await configure(inside, ['address add 2001:db8:1::10/64 dev eth0 nodad', 'route replace default via 2001:db8:1::1'])
    await configure(outside, ['address add 192.31.196.1/24 dev eth0', 'route add 198.51.100.64/30 via 192.31.196.2'])
    const core = await vpp.connect('core')
    t.after(() => core.close())
    // The way of the pool is FRR's to tell, over the Linux interface of the link.
    if (showsTwins) await configure(namespace, ['route add 198.51.100.64/30 via 169.254.1.11 dev memif4'])
    else await core.cli('ip route add 198.51.100.64/30 via 169.254.1.11 memif4/0')
    await reaches(inside, known)
    const hasTcp = await writesChecksums(inside, outside)
    if (hasTcp) assert.match(await seenFrom(inside, outside), /^198\.51\.100\.6[4-7]$/)
    else t.diagnostic('without TCP: needs ethtool (apt-get install ethtool)')

    const nat64 = await vpp.connect('nat64')
    t.after(() => nat64.close())
    const bindings = VppBindings.parse(await nat64.dump('nat64_bib_dump', { proto: 255 }))
    const sessions = vppSessions(VppSessions.parse(await nat64.dump('nat64_st_dump', { proto: 255 })), bindings)
    for (const protocol of ['icmp', ...(hasTcp ? ['tcp'] : [])]) {
      const session = sessions.find((each) => each.protocol === protocol)
      assert.match(session?.client ?? '', /^\[2001:db8:1::10\]:[1-9]\d*$/, protocol)
      assert.equal(session?.destination, protocol === 'tcp' ? `192.31.196.1:${port}` : '192.31.196.1')
      assert.match(session?.outside ?? '', /^198\.51\.100\.6[4-7]:\d+$/)
    }

    const moved = { ...base, nat64: { ...base.nat64, prefix: '2001:db8:64::/96', pool: '198.51.100.64/30' } }
    const steps = await router.apply(moved)
    assert.deepEqual(await router.plan(moved), [])
    await reaches(inside, own)
    await router.undo(steps)
    assert.deepEqual(await router.plan(base), [])
    await reaches(inside, known)

    const { nat64: _nat64, ...without } = base
    await router.apply(without)
    assert.deepEqual(await router.plan(without), [])
    assert.deepEqual(await nat64.dump('nat64_pool_addr_dump'), [])
    assert.deepEqual(await core.dump('abf_policy_dump'), [])
    assert.deepEqual(await core.dump('memif_dump'), [])
  })
})
