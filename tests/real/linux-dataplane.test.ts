/** The Linux dataplane on a real kernel: what is planned is what is there, and frames and packets take the way that was configured. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { parseRouterConfig } from '../../packages/imp/src/config/load.ts'
import type { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { probeFeatures, refuseMissingFeatures, requiredFeatures } from '../../packages/imp/src/dataplane/linux/features.ts'
import { observeLinks } from '../../packages/imp/src/dataplane/linux/observe.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { setSecret } from '../../packages/imp/src/secrets/store.ts'
import { config, machine, obstacle, openBench, silent, snapshot, type Bench } from './pipeline-fixture.ts'

const missing = await obstacle()
const features = missing === undefined ? await probeFeatures(machine) : new Set<string>()

async function bench(t: TestContext, topic: string): Promise<Bench> {
  const opened = await openBench(topic)
  t.after(() => opened.close())
  return opened
}

/** A host on a port of the router. */
async function hostOn(opened: Bench, router: Target, port: string, addresses: readonly string[], gateway?: string): Promise<Target> {
  const host = await opened.target(`host-${port}`)
  await opened.cable(router, port, host, 'eth0')
  const lines = [
    ...addresses.map((address) => `address add ${address} dev eth0${address.includes(':') ? ' nodad' : ''}`),
    ...(gateway === undefined ? [] : [`route add default via ${gateway}`]),
  ]
  await host.host.run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
  return host
}

async function reaches(from: Target, address: string): Promise<boolean> {
  const ran = await from.host.query(['ping', '-c', '3', '-i', '0.2', '-W', '2', address], { statuses: [0, 1, 2] })
  return ran.status === 0
}

async function apply(target: Target, wanted: RouterConfig): Promise<void> {
  await applyConfig(target, wanted, { report: silent })
  assert.equal((await applyConfig(target, wanted, { report: silent })).changed, false, 'a second apply is empty')
}

suite('the Linux dataplane', { skip: missing ?? false }, () => {
  test('joins ports to a bridge with an address, changes its members, and takes it away', async (t) => {
    const opened = await bench(t, 'bridge')
    const router = await opened.target('router')
    const one = await hostOn(opened, router, 'port1', ['192.0.2.1/24', '2001:db8::1/64'])
    const two = await hostOn(opened, router, 'port2', ['192.0.2.2/24'])
    await hostOn(opened, router, 'port3', ['192.0.2.3/24'])
    const ports = ['port1', 'port2', 'port3'].map((name) => ({ name, role: 'internal' as const }))
    const bridged = (...members: string[]): RouterConfig =>
      config({
        hostname: 'bridge',
        interfaces: ports,
        bridges: [
          {
            id: 1,
            name: 'office',
            mtu: 1400,
            members: members.map((name) => ({ interface: name })),
            addresses: ['192.0.2.254/24', '2001:db8::fe/64'],
          },
        ],
      })
    const before = await snapshot(router)
    await apply(router, bridged('port1', 'port2'))
    assert.ok(await reaches(one, '192.0.2.2'), 'through the bridge')
    assert.ok(await reaches(one, '2001:db8::fe'), 'to its own address')
    assert.equal(await reaches(one, '192.0.2.3'), false, 'not to a port that is no member')
    await apply(router, bridged('port2', 'port3'))
    assert.ok(await reaches(two, '192.0.2.3'))
    assert.equal(await reaches(one, '192.0.2.2'), false)
    const links = await observeLinks(router.host)
    assert.deepEqual(
      links.filter((link) => link.master === 'office').map((link) => link.name),
      ['port2', 'port3'],
    )
    assert.equal(links.find((link) => link.name === 'office')?.mtu, 1400)
    await apply(router, config({ hostname: 'bridge', interfaces: [] }))
    assert.deepEqual(
      (await snapshot(router)).links.filter((link) => link.name !== 'lo'),
      before.links.filter((link) => link.name !== 'lo'),
    )
  })

  test('sets MTUs, and keeps the addresses of others while it renames a card', async (t) => {
    const opened = await bench(t, 'rename')
    const router = await opened.target('router')
    const peer = await hostOn(opened, router, 'card0', ['192.0.2.2/24', '2001:db8::2/64'])
    await peer.host.run(['ip', 'link', 'set', 'dev', 'eth0', 'mtu', '9000'])
    await router.host.run(['ip', '-batch', '-'], {
      input: 'link set card0 up\naddress add 10.99.0.1/24 dev card0\naddress add 2001:db8:99::1/64 dev card0 nodad\n',
    })
    const lan = (mtu: number, enabled = true): RouterConfig =>
      config({
        hostname: 'r',
        interfaces: [
          { name: 'lan', role: 'internal', nic: { name: 'card0' }, mtu, enabled, addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
        ],
      })
    await apply(router, lan(9000))
    const [link] = (await observeLinks(router.host)).filter((each) => each.name === 'lan')
    assert.deepEqual(link?.alternativeNames, ['card0'])
    assert.equal(link.mtu, 9000)
    assert.deepEqual(link.addresses.toSorted(), ['10.99.0.1/24', '192.0.2.1/24', '2001:db8:99::1/64', '2001:db8::1/64'])
    assert.ok(await reaches(peer, '192.0.2.1'))
    await apply(router, lan(1500, false))
    assert.equal(await reaches(peer, '192.0.2.1'), false)
    await apply(router, lan(1500))
    assert.ok(await reaches(peer, '2001:db8::1'))
  })

  test('lets two ports trade their cards', async (t) => {
    const opened = await bench(t, 'trade')
    const router = await opened.target('router')
    const east = await hostOn(opened, router, 'card0', ['192.0.2.2/24'])
    const west = await hostOn(opened, router, 'card1', ['192.0.2.2/24'])
    const ports = (first: string, second: string): RouterConfig =>
      config({
        hostname: 'r',
        interfaces: [
          { name: 'wan', role: 'external', nic: { name: first }, addresses: ['192.0.2.1/24'] },
          { name: 'lan', role: 'internal', nic: { name: second }, addresses: ['198.51.100.1/24'] },
        ],
      })
    await apply(router, ports('card0', 'card1'))
    assert.deepEqual([await reaches(east, '192.0.2.1'), await reaches(west, '192.0.2.1')], [true, false])
    await apply(router, ports('card1', 'card0'))
    assert.deepEqual([await reaches(east, '192.0.2.1'), await reaches(west, '192.0.2.1')], [false, true])
  })

  test('sends sources with a policy route by another upstream, and traffic between own networks straight', async (t) => {
    const opened = await bench(t, 'policy')
    const router = await opened.target('router')
    const internet = '203.0.113.1'
    const first = await hostOn(opened, router, 'up1', ['192.0.2.2/30', `${internet}/32`], '192.0.2.1')
    const second = await hostOn(opened, router, 'up2', ['192.0.2.6/30', `${internet}/32`], '192.0.2.5')
    const plain = await hostOn(opened, router, 'lan', ['10.1.0.10/24'], '10.1.0.1')
    const special = await hostOn(opened, router, 'guests', ['10.2.0.10/24'], '10.2.0.1')
    await apply(
      router,
      config({
        hostname: 'r',
        interfaces: [
          { name: 'up1', role: 'external', addresses: ['192.0.2.1/30'] },
          { name: 'up2', role: 'external', addresses: ['192.0.2.5/30'] },
          { name: 'lan', role: 'internal', addresses: ['10.1.0.1/24'] },
          { name: 'guests', role: 'internal', addresses: ['10.2.0.1/24'] },
        ],
        routes: [{ prefix: '0.0.0.0/0', via: '192.0.2.2' }],
        policyRoutes: [{ name: 'guests', from: ['10.2.0.0/24'], incoming: 'guests', via: '192.0.2.6' }],
      }),
    )
    const received = async (host: Target): Promise<number> => {
      const { stdout } = await host.host.query(['nstat', '-asz', 'IcmpInEchos'])
      return Number(/IcmpInEchos\s+(\d+)/.exec(stdout)?.[1])
    }
    const counts = async (): Promise<number[]> => [await received(first), await received(second)]
    assert.ok(await reaches(plain, internet))
    assert.deepEqual(await counts(), [3, 0])
    assert.ok(await reaches(special, internet))
    assert.deepEqual(await counts(), [3, 3])
    assert.ok(await reaches(special, '10.1.0.10'), 'between own networks')
    assert.deepEqual(await counts(), [3, 3])
  })

  test(
    'carries tagged frames, single and double',
    { skip: features.has('802.1Q') && features.has('802.1ad') ? false : 'the kernel lacks 802.1Q' },
    async (t) => {
      const opened = await bench(t, 'vlan')
      const router = await opened.target('router')
      const host = await hostOn(opened, router, 'lan', [])
      await host.host.run(['ip', '-batch', '-'], {
        input: [
          'link add link eth0 name tag type vlan protocol 802.1Q id 100',
          'link add link eth0 name outer type vlan protocol 802.1ad id 200',
          'link add link outer name inner type vlan protocol 802.1Q id 7',
          ...['tag', 'outer', 'inner'].map((name) => `link set ${name} up`),
          'address add 192.0.2.2/24 dev tag',
          'address add 198.51.100.2/24 dev inner\n',
        ].join('\n'),
      })
      await apply(
        router,
        config({
          hostname: 'r',
          interfaces: [
            {
              name: 'lan',
              role: 'internal',
              subinterfaces: [
                { vlan: 100, addresses: ['192.0.2.1/24'] },
                { vlan: 200, innerVlan: 7, protocol: 'dot1ad', addresses: ['198.51.100.1/24'] },
              ],
            },
          ],
        }),
      )
      assert.ok(await reaches(host, '192.0.2.1'))
      assert.ok(await reaches(host, '198.51.100.1'))
    },
  )

  test('refuses what the kernel lacks before it changes anything', async (t) => {
    const wanted = config({
      hostname: 'r',
      interfaces: [{ name: 'lan', role: 'internal', subinterfaces: [{ vlan: 100, addresses: ['192.0.2.1/24'] }] }],
    })
    assert.deepEqual(requiredFeatures(wanted), ['802.1Q'])
    if (features.has('802.1Q')) {
      await refuseMissingFeatures(machine, wanted)
      return
    }
    const opened = await bench(t, 'features')
    const router = await opened.target('router')
    await hostOn(opened, router, 'lan', [])
    const before = await snapshot(router)
    await assert.rejects(applyConfig(router, wanted, { report: silent }), {
      code: 'unsupported',
      message: /the kernel of this machine lacks 802\.1Q, which r needs/,
    })
    assert.deepEqual(await snapshot(router), before)
  })

  test('takes every golden configuration that needs no tags, one after the other', async (t) => {
    const opened = await bench(t, 'golden')
    const router = await opened.target('router')
    for (const card of ['card0', 'card1', 'card2', 'card3']) await hostOn(opened, router, card, [])
    await setSecret(machine, router.stateDirectory, 'core', 'for-tests-only')
    for (const name of ['single-uplink', 'two-uplinks', 'no-nat', 'ipv6-only', 'ospf-core', 'nat-bypass', 'single-uplink']) {
      const path = `${import.meta.dirname}/../../packages/imp/src/config/golden/${name}/router.json`
      const wanted = parseRouterConfig(await machine.files.read(path), name)
      const interfaces = wanted.interfaces.map((port, index) => ({ ...port, nic: { name: `card${index}` } }))
      await t.test(name, () => apply(router, { ...wanted, interfaces }))
    }
  })
})
