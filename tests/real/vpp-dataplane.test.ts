/** The VPP dataplane on real processes: one that routes and one that translates, joined by memif, with a client behind them. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import type { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { DataplaneRouter } from '../../packages/imp/src/dataplane/contract.ts'
import { textAt } from '../../packages/imp/src/dataplane/vpp/api/fields.ts'
import { nothingMadeInVpp } from '../../packages/imp/src/dataplane/vpp/desired.ts'
import { vppDataplane } from '../../packages/imp/src/dataplane/vpp/driver.ts'
import { inNamespace } from '../../packages/kit/src/host/namespace.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { config } from './pipeline-fixture.ts'
import { corePlugins, machine, natPlugins, possible, realVpp, showsTwins, vppObstacle, type RealVpp } from './vpp-fixture.ts'

const base: RouterConfig = config({
  hostname: 'r',
  dataplane: 'vpp',
  interfaces: [
    { name: 'wan', role: 'external', nic: { name: 'eth0' }, addresses: ['203.0.113.2/30', '2001:db8:f::2/64'] },
    { name: 'lan', role: 'internal', nic: { name: 'eth1' }, addresses: ['10.0.0.1/24', '2001:db8:1::1/64'] },
    { name: 'sw', role: 'internal', nic: { name: 'eth2' } },
  ],
  loopbacks: [{ instance: 0, addresses: ['198.51.100.1/32'] }],
  bridges: [{ id: 100, members: [{ interface: 'sw', vlan: 10 }], addresses: ['10.9.0.1/24'] }],
  crossConnects: [{ from: 'wan', to: 'sw', vlan: 77, protocol: 'dot1ad', innerVlan: 5 }],
  nat: { mappings: [{ inside: '10.0.0.0/24', outside: '198.51.100.4/30' }] },
})

function routerOf({ namespace, directory }: RealVpp) {
  const place = { machine, host: inNamespace(machine, namespace), namespace, bringsPorts: false, vpp: { directory } }
  return new DataplaneRouter(vppDataplane, place, nothingMadeInVpp, possible)
}

async function addresses(namespace: string, lines: readonly string[]): Promise<void> {
  await machine.run(['ip', '-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

/** Whether an answer comes within some seconds: the first packets go to memif's greeting and to ARP. */
async function reaches(t: TestContext, namespace: string, address: string): Promise<void> {
  await until(machine.clock, { timeout: 90_000, interval: 100, what: `answer of ${address}` }, async () => {
    const ran = await inNamespace(machine, namespace).query(['ping', '-c', '1', '-W', '1', address], { statuses: [0, 1] })
    return ran.status === 0
  })
  t.diagnostic(`${address} answers`)
}

suite('the VPP dataplane', { skip: vppObstacle() ?? false }, () => {
  test('routes, steers and translates on two processes, changes by difference, and takes everything back', async (t) => {
    if (!showsTwins) t.diagnostic('without Linux interfaces: the kernel has no vhost-net')
    const vpp = await realVpp(t, 'v', ['eth0', 'eth1', 'eth2'])
    await vpp.start('core', corePlugins)
    const { namespace } = vpp
    await vpp.start('nat', natPlugins)
    const router = routerOf(vpp)
    await router.apply(base)
    assert.deepEqual(await router.plan(base), [])

    await addresses(`${namespace}-eth1`, ['address add 10.0.0.10/24 dev eth0', 'route add default via 10.0.0.1'])
    await addresses(`${namespace}-eth0`, ['address add 203.0.113.1/30 dev eth0', 'route add 198.51.100.0/24 via 203.0.113.2'])
    const core = await vpp.connect('core')
    t.after(() => core.close())
    // The way of the pool is FRR's to tell, over the Linux interface of the link.
    if (showsTwins) await addresses(namespace, ['route add 198.51.100.4/30 via 169.254.1.6 dev memif2'])
    else await core.cli('ip route add 198.51.100.4/30 via 169.254.1.6 memif2/0')
    await reaches(t, `${namespace}-eth1`, '203.0.113.1')
    const nat = await vpp.connect('nat')
    t.after(() => nat.close())
    const [map] = await nat.dump('det44_map_dump')
    assert.ok(Number(map?.['ses_num']) > 0, 'the client was translated')
    if (showsTwins) {
      const shown = await inNamespace(machine, namespace).query(['ip', '-br', 'address', 'show', 'dev', 'lan'])
      assert.match(shown.stdout, /10\.0\.0\.1\/24/)
    }

    const bypassed: RouterConfig = {
      ...base,
      nat: { mappings: base.nat?.mappings ?? [], bypass: [{ source: '10.0.0.0/24', destination: '203.0.113.0/30' }] },
    }
    const [change, ...others] = await router.apply(bypassed)
    assert.deepEqual([change?.summary, others], ['replace access list imp:nat', []])
    assert.deepEqual(await router.plan(bypassed), [])

    const { nat: _nat, ...withoutNat } = base
    const steps = await router.apply({
      ...withoutNat,
      bridges: [],
      crossConnects: [],
      loopbacks: [],
      interfaces: base.interfaces.slice(0, 2),
    })
    const names = (await core.dump('sw_interface_dump'))
      .map((row) => textAt(row, 'interface_name'))
      .filter((name) => !/^tap|local0/.test(name))
    assert.deepEqual(
      names.toSorted(),
      ['lan', 'sw', 'wan'].filter((name) => names.includes(name)),
    )
    await router.undo(steps)
    await router.undo(steps)
    assert.deepEqual(await router.plan(bypassed), [])
  })

  test('brings everything back into a process that died and started anew', async (t) => {
    const vpp = await realVpp(t, 'd', ['eth0', 'eth1', 'eth2'])
    const child = await vpp.start('core', corePlugins)
    const router = routerOf(vpp)
    const { nat: _nat, ...plain } = base
    await router.apply(plain)
    child.kill('SIGKILL')
    await until(machine.clock, { timeout: 90_000, what: 'the end of VPP' }, () => Promise.resolve(child.signalCode !== null))
    await assert.rejects(router.plan(plain), /VPP \(core\) does not run/)
    await vpp.start('core', corePlugins)
    await router.apply(plain)
    assert.deepEqual(await router.plan(plain), [])
  })
})
