/** Every dataplane passes one suite: the Linux kernel in a namespace, VPP over fakes, and real VPP where there is one. */
import assert from 'node:assert/strict'
import { suite } from 'node:test'
import { dataplaneContract, DataplaneRouter } from '../../packages/imp/src/dataplane/contract.ts'
import { nothingMade } from '../../packages/imp/src/dataplane/linux/desired.ts'
import { linuxDataplane } from '../../packages/imp/src/dataplane/linux/driver.ts'
import { nothingMadeInVpp, type DesiredVpp, type MadeVpp, type Things } from '../../packages/imp/src/dataplane/vpp/desired.ts'
import { noVpp, vppDataplane, type ObservedVpp } from '../../packages/imp/src/dataplane/vpp/driver.ts'
import { fakeDataplane } from '../../packages/imp/src/dataplane/vpp/fake/sample.ts'
import { dataplanePlace } from '../../packages/imp/src/pipeline/target.ts'
import { inNamespace } from '../../packages/kit/src/host/namespace.ts'
import { obstacle, openBench, snapshot } from '../real/pipeline-fixture.ts'
import { corePlugins, machine, nat64Plugins, natPlugins, possible, realVpp, vppObstacle } from '../real/vpp-fixture.ts'

const cards = ['card0', 'card1', 'card2'] as const
const missing = await obstacle()

suite('Linux as a dataplane', { skip: missing ?? false }, () => {
  dataplaneContract('linux', async (t) => {
    const bench = await openBench('contract')
    t.after(() => bench.close())
    const [target, far] = [await bench.target('router'), await bench.target('far')]
    for (const card of cards) await bench.cable(target, card, far, card)
    const router = new DataplaneRouter(linuxDataplane, dataplanePlace(target), nothingMade)
    return {
      router,
      async snapshot() {
        const { links, rules, nft } = await snapshot(target)
        return { links, rules, nft }
      },
    }
  })
})

/** Linux switches IPv6 on for the twin of an interface, and VPP follows, sooner or later. */
function withoutTwins(things: Things | undefined): Things | undefined {
  if (things === undefined) return undefined
  const interfaces = Object.entries(things.interfaces).map(
    ([name, each]) => [name, { ...each, ipv6: each.ipv6 || each.twin !== null }] as const,
  )
  return { ...things, interfaces: Object.fromEntries(interfaces) }
}

async function thingsOf(router: DataplaneRouter<DesiredVpp, ObservedVpp, MadeVpp>): Promise<unknown> {
  const { core, beside } = await vppDataplane.observe(router.place, noVpp)
  // Links of a process beside the core stay with it when it has nothing more to do.
  const { prefixes, poolAddresses } = beside['nat64']?.things ?? {}
  return [withoutTwins(core?.things), beside['nat']?.things, prefixes, poolAddresses]
}

suite('VPP as a dataplane, over fakes', () => {
  dataplaneContract('vpp', async (t) => {
    const { place, core, nat, nat64 } = await fakeDataplane(t, cards)
    t.after(() => assert.deepEqual([core.deaths, nat.deaths, nat64.deaths], [[], [], []]))
    const router = new DataplaneRouter(vppDataplane, place, nothingMadeInVpp)
    return { router, snapshot: () => thingsOf(router) }
  })
})

suite('VPP as a dataplane', { skip: vppObstacle() ?? false }, () => {
  dataplaneContract('vpp', async (t) => {
    const vpp = await realVpp(t, 'contract', cards)
    await vpp.start('core', corePlugins)
    await vpp.start('nat', natPlugins)
    await vpp.start('nat64', nat64Plugins)
    const { namespace, directory } = vpp
    const place = { machine, host: inNamespace(machine, namespace), namespace, bringsPorts: false, vpp: { directory } }
    const router = new DataplaneRouter(vppDataplane, place, nothingMadeInVpp, possible)
    return { router, snapshot: () => thingsOf(router) }
  })
})
