/** What a change does to sessions, on real bgpd: what the plan says is what happens, in both directions. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { RouterConfig, RouterConfigInput } from '../../packages/imp/src/config/model.ts'
import { findDaemons } from '../../packages/imp/src/frr/daemons.ts'
import { bgpSessions } from '../../packages/imp/src/frr/driver.ts'
import { withSession } from '../../packages/imp/src/frr/session.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { planConfig } from '../../packages/imp/src/pipeline/plan.ts'
import { frrPlace, type Target } from '../../packages/imp/src/pipeline/target.ts'
import { setSecret } from '../../packages/imp/src/secrets/store.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { config, machine, obstacle, openBench, silent } from '../real/pipeline-fixture.ts'

const missing = await obstacle()

type Bgp = NonNullable<RouterConfigInput['bgp']>
type Peer = NonNullable<Bgp['peers']>[number]

const common = { connectRetry: 1, holdTime: 180, import: { acceptBogons: true } } as const

function router(name: 'edge' | 'far', peer: Partial<Peer> = {}, bgp: Partial<Bgp> = {}): RouterConfig {
  const [own, other] = name === 'edge' ? [1, 2] : [2, 1]
  const first = { ...common, name: 'first', address: `192.0.2.${other}`, asn: 64500 + other, ...peer }
  const second = { ...common, name: 'second', address: `2001:db8:f::${other}`, asn: 64500 + other }
  return config({
    hostname: name,
    interfaces: [
      {
        name: 'wan',
        role: 'external',
        nic: { name: name === 'edge' ? 'port0' : 'port1' },
        addresses: [`192.0.2.${own}/30`, `2001:db8:f::${own}/64`],
      },
    ],
    bgp: {
      asn: 64500 + own,
      routerId: `192.0.2.${own}`,
      announced: [`203.0.${own}.0/24`, `2001:db8:${own}::/48`],
      peers: [first, second],
      ...bgp,
    },
  })
}

interface Session {
  readonly state: string
  readonly dropped: number
}

async function sessionsOf(target: Target): Promise<ReadonlyMap<string, Session>> {
  const all = await bgpSessions(frrPlace(target))
  return new Map(all.map(({ peer, state, dropped }) => [peer, { state, dropped }]))
}

async function established(target: Target): Promise<void> {
  await until(machine.clock, { timeout: 60_000, what: `both sessions of ${target.name}` }, async () => {
    const all = [...(await sessionsOf(target)).values()]
    return all.length === 2 && all.every(({ state }) => state === 'Established')
  })
}

/** How often the session came up; bgpd's own clock of its age jitters by a second. */
async function timesUp(target: Target, peer: string): Promise<number> {
  const answer: unknown = JSON.parse(
    await withSession(frrPlace(target), 'bgpd', (session) => session.ask(`show bgp neighbors ${peer} json`)),
  )
  const found = (answer as Record<string, { readonly connectionsEstablished?: number }>)[peer]?.connectionsEstablished
  return found ?? assert.fail(`no session with ${peer}`)
}

interface Change {
  readonly what: string
  readonly peer?: Partial<Peer>
  readonly bgp?: Partial<Bgp>
  /** What the plan says of it. */
  readonly says?: RegExp
  /** The far end needs the same. */
  readonly both?: boolean
}

const harmless: readonly Change[] = [
  { what: 'a description', peer: { description: 'transit' } },
  { what: 'timers', peer: { holdTime: 90 } },
  { what: 'a policy of imports', peer: { import: { acceptBogons: true, localPreference: 200 } } },
  { what: 'a policy of exports', peer: { export: { prepend: 1, communities: ['64501:1'] } } },
  { what: 'a limit of prefixes', peer: { maximumPrefixes: 1000 } },
  { what: 'a default route', peer: { export: { default: true } } },
  { what: 'no communities', peer: { export: { sendCommunities: false } } },
  { what: 'graceful restart', bgp: { gracefulRestart: {} }, says: /graceful restart acts on sessions that begin from now on/ },
  // Last: each change takes the one before it back, and taking BFD back resets.
  { what: 'BFD', peer: { bfd: true } },
]

const resetting: readonly Change[] = [
  { what: 'GTSM', peer: { ttlSecurity: 1 }, both: true },
  { what: 'multihop', peer: { multihop: 3 } },
  { what: 'a password', peer: { password: { secret: 'shared' } }, both: true },
  { what: 'another source', peer: { updateSource: 'wan' } },
]

suite('changes of BGP', { skip: missing ?? false }, () => {
  test('reset the sessions that their plan names, and no others', async (t) => {
    const bench = await openBench('reset')
    t.after(() => bench.close())
    const [edge, far] = [await bench.target('edge'), await bench.target('far')]
    await bench.cable(edge, 'port0', far, 'port1')
    for (const each of [edge, far]) await setSecret(machine, each.stateDirectory, 'shared', 'correct.horse')
    await Promise.all([applyConfig(edge, router('edge'), { report: silent }), applyConfig(far, router('far'), { report: silent })])
    await established(edge)
    const processes = new Map(await findDaemons(frrPlace(edge)))

    const untouched = async (): Promise<unknown> => [
      await sessionsOf(edge),
      await timesUp(edge, '192.0.2.2'),
      await timesUp(edge, '2001:db8:f::2'),
    ]
    for (const { what, peer, bgp, says = /^[^]/ } of harmless) {
      const before = await untouched()
      const wanted = router('edge', peer, bgp)
      const { changes, resets } = await planConfig(edge, wanted)
      assert.notEqual(changes.length, 0, what)
      assert.deepEqual(resets.bgpPeers, [], what)
      assert.match(changes[0]?.summary ?? '', says, what)
      assert.ok(
        changes.every(({ disruption }) => disruption === 'none'),
        what,
      )
      await applyConfig(edge, wanted, { report: silent })
      assert.deepEqual(await untouched(), before, what)
    }

    for (const { what, peer, both } of resetting) {
      await applyConfig(edge, router('edge'), { report: silent })
      await established(edge)
      const before = await sessionsOf(edge)
      const wanted = router('edge', peer)
      const { changes, resets } = await planConfig(edge, wanted)
      assert.deepEqual(resets.bgpPeers, ['192.0.2.2'], what)
      assert.match(changes[0]?.summary ?? '', /resets the BGP session with 192\.0\.2\.2/, what)
      await applyConfig(edge, wanted, { report: silent })
      if (both === true) await applyConfig(far, router('far', peer), { report: silent })
      await until(machine.clock, { timeout: 90_000, what: `the reset by ${what}` }, async () => {
        const now = await sessionsOf(edge)
        return (now.get('192.0.2.2')?.dropped ?? 0) > (before.get('192.0.2.2')?.dropped ?? 0)
      })
      await established(edge)
      assert.deepEqual((await sessionsOf(edge)).get('2001:db8:f::2'), before.get('2001:db8:f::2'), what)
      if (both === true) await applyConfig(far, router('far'), { report: silent })
    }
    for (const [daemon, { pid }] of processes) {
      if (daemon !== 'bfdd') assert.equal((await findDaemons(frrPlace(edge))).get(daemon)?.pid, pid, daemon)
    }
  })
})
