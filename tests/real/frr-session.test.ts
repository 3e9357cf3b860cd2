/** Sessions between two real bgpd: what the far end sees of our policies, and that a password gets to the daemon and nowhere else. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { BgpPeer } from '../../packages/imp/src/routing/model.ts'
import { bgpSessions } from '../../packages/imp/src/frr/driver.ts'
import { withSession } from '../../packages/imp/src/frr/session.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { planConfig } from '../../packages/imp/src/pipeline/plan.ts'
import { frrPlace, type Target } from '../../packages/imp/src/pipeline/target.ts'
import { secretsAt, setSecret } from '../../packages/imp/src/secrets/store.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { config, machine, obstacle, openBench, silent } from './pipeline-fixture.ts'

const missing = await obstacle()

const value = 'correct.horse-battery'
const quick = { connectRetry: 1, password: { secret: 'transit1' }, ttlSecurity: 1 } as const

/** Tag of all routes of the far end, and what we do with it. */
const tag = '64496:70'

const edge = (tagged: { readonly reject: true } | { readonly localPreference: number }) =>
  config({
    hostname: 'edge',
    interfaces: [{ name: 'wan', role: 'external', nic: { name: 'port0' }, addresses: ['192.0.2.1/30'] }],
    bgp: {
      asn: 64500,
      routerId: '192.0.2.1',
      announced: ['203.0.113.0/24'],
      gracefulRestart: {},
      peers: [
        {
          ...quick,
          name: 'transit',
          address: '192.0.2.2',
          asn: 64496,
          import: {
            acceptBogons: true,
            localPreference: 150,
            communities: [
              { community: '64496:71', reject: true },
              { community: tag, ...tagged },
            ],
          },
          export: { prepend: 2, med: 70, communities: ['64496:80', 'no-export'], default: true },
        },
      ],
    },
  })

function transit(changes: Partial<BgpPeer> = {}) {
  return config({
    hostname: 'transit',
    interfaces: [{ name: 'customer', role: 'internal', addresses: ['192.0.2.2/30'] }],
    bgp: {
      asn: 64496,
      routerId: '192.0.2.2',
      announced: ['198.51.100.0/24'],
      peers: [
        {
          ...quick,
          name: 'edge',
          address: '192.0.2.1',
          asn: 64500,
          import: { acceptBogons: true, acceptDefault: true },
          export: { communities: [tag] },
          ...changes,
        },
      ],
    },
  })
}

async function bgpRoute(target: Target, prefix: string): Promise<string> {
  return withSession(frrPlace(target), 'bgpd', (session) => session.ask(`show bgp ipv4 unicast ${prefix} json`))
}

/** Names of the files below these directories that hold the text. */
async function holding(text: string, ...directories: string[]): Promise<string[]> {
  const ran = await machine.query(['grep', '-rl', '--binary-files=text', '-F', text, ...directories], { statuses: [0, 1] })
  return ran.stdout.split('\n').filter((line) => line !== '')
}

suite('BGP sessions', { skip: missing ?? false }, () => {
  test('are signed by secrets that nothing else holds, and carry what the policies say', async (t) => {
    const preferring = edge({ localPreference: 90 })
    const bench = await openBench('session')
    t.after(() => bench.close())
    const [router, far] = [await bench.target('edge'), await bench.target('transit')]
    await bench.cable(router, 'port0', far, 'customer')
    await assert.rejects(applyConfig(router, preferring, { report: silent }), (error) => {
      assert.ok(error instanceof Fault)
      assert.deepEqual(error.findings[0]?.path, 'bgp.peers[transit].password')
      assert.equal(error.findings[0]?.hint, 'imp secret set transit1')
      return true
    })
    for (const each of [router, far]) await setSecret(machine, each.stateDirectory, 'transit1', value)
    await Promise.all([applyConfig(far, transit(), { report: silent }), applyConfig(router, preferring, { report: silent })])
    await until(machine.clock, { timeout: 90_000, interval: 100, what: 'the session and its routes' }, async () => {
      const sessions = [...(await bgpSessions(frrPlace(router))), ...(await bgpSessions(frrPlace(far)))]
      return sessions.length === 2 && sessions.every(({ state, received }) => state === 'Established' && received > 0)
    })

    const announced = await bgpRoute(far, '203.0.113.0/24')
    assert.match(announced, /"string":"64500 64500 64500"/)
    assert.match(announced, /"metric":70/)
    assert.match(announced, /"string":"64496:80 no-export"/)
    assert.match(await bgpRoute(far, '0.0.0.0/0'), /"string":"64500"/)
    assert.match(await bgpRoute(router, '198.51.100.0/24'), /"locPrf":90/)

    const running = await withSession(frrPlace(router), 'bgpd', (session) => session.ask('show running-config'))
    assert.ok(running.includes(`neighbor 192.0.2.2 password ${value}`))
    const own = secretsAt(machine, router.stateDirectory).pathOf('transit1')
    assert.deepEqual(await holding(value, router.stateDirectory, router.runDirectory), [own])
    assert.equal(((await machine.files.stat(own))?.mode ?? 0) & 0o777, 0o600)

    assert.deepEqual((await planConfig(router, preferring)).steps, [])
    await setSecret(machine, router.stateDirectory, 'transit1', `${value}2`)
    const [step] = (await planConfig(router, preferring)).steps
    assert.match(
      step?.summary ?? '',
      /^set router bgp 64500: neighbor 192\.0\.2\.2 password secret:transit1 \(resets the BGP session with 192/,
    )
    assert.doesNotMatch(JSON.stringify(step), new RegExp(value))
    await setSecret(machine, router.stateDirectory, 'transit1', value)

    const [before] = await bgpSessions(frrPlace(router))
    await applyConfig(router, edge({ reject: true }), { report: silent })
    await until(machine.clock, { timeout: 60_000, interval: 100, what: 'the end of the routes with the community' }, async () => {
      return (await bgpSessions(frrPlace(router))).every(({ received }) => received === 0)
    })
    const [after] = await bgpSessions(frrPlace(router))
    assert.deepEqual(
      [after?.state, after?.dropped, (await planConfig(router, edge({ reject: true }))).steps],
      ['Established', before?.dropped, []],
    )
  })
})
