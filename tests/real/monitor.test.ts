/** `imp monitor` at a router in a namespace: real links, routes and sessions change, and it tells so while it happens. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { z } from 'zod'
import { addCommit } from '../../packages/imp/src/config/history.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { Status } from '../../packages/imp/src/status/report.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { config, machine, obstacle, openBench, silent } from './pipeline-fixture.ts'

const missing = await obstacle()
const main = join(import.meta.dirname, '..', '..', 'packages', 'imp', 'src', 'main.ts')
const Event = z.strictObject({
  at: z.string(),
  topic: z.string(),
  subject: z.string(),
  change: z.string(),
  before: z.string().exactOptional(),
  after: z.string().exactOptional(),
  detail: z.string().exactOptional(),
})
type Event = z.output<typeof Event>

function router(hostname: string, own: string, other: string, asns: readonly [number, number]) {
  const peer = { name: 'neighbour', address: other, asn: asns[1], connectRetry: 1, holdTime: 9, keepalive: 3 }
  return config({
    hostname,
    interfaces: [{ name: 'cable', role: 'internal', addresses: [`${own}/30`] }],
    bgp: { asn: asns[0], routerId: own, announced: [], peers: [peer] },
  })
}

/** `imp monitor` of a target, once it is ready. */
async function monitor({ namespace = '', stateDirectory, runDirectory }: Target, words: readonly string[]) {
  const place = [`--namespace=${namespace}`, `--state-directory=${stateDirectory}`, `--run-directory=${runDirectory}`]
  const argv = ['--disable-warning=ExperimentalWarning', main, 'monitor', ...words, ...place, '--for', '60s', '--json']
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  await until(
    machine.clock,
    { timeout: 90_000, what: `monitor ${words.join(' ')}` },
    async () => err.includes('watching') || child.exitCode !== null,
  )
  assert.match(err, /watching/)
  const events = (): Event[] =>
    out
      .split('\n')
      .slice(0, -1)
      .map((line) => Event.parse(JSON.parse(line)))
  return {
    events,
    /** Waits for an event of this topic, subject and change. */
    see: (topic: string, subject: string, change: string): Promise<Event> =>
      until(machine.clock, { timeout: 90_000, what: `${topic} ${subject} ${change} among ${out}` }, async () =>
        events().find((event) => event.topic === topic && event.subject === subject && event.change === change),
      ),
    /** Ends it as ctrl-c does. */
    async end(): Promise<void> {
      if (child.exitCode !== null) return
      child.kill('SIGINT')
      await once(child, 'exit')
    },
  }
}

suite('monitor', { skip: missing ?? false }, () => {
  test('tells of links, addresses, routes, sessions and commits', { timeout: 60_000 }, async (t) => {
    const bench = await openBench('monitor')
    t.after(() => bench.close())
    const [edge, peer] = [await bench.target('edge'), await bench.target('peer')]
    await bench.cable(edge, 'cable', peer, 'cable')
    const documents = [
      router('edge', '192.0.2.1', '192.0.2.2', [64500, 64496]),
      router('peer', '192.0.2.2', '192.0.2.1', [64496, 64500]),
    ] as const
    await Promise.all([applyConfig(edge, documents[0], { report: silent }), applyConfig(peer, documents[1], { report: silent })])
    const summary = ['vtysh', '--vty_socket', `${edge.runDirectory}/frr`, '-c', 'show bgp summary json'] as const
    await until(machine.clock, { timeout: 90_000, what: 'the session' }, async () =>
      (await edge.host.query(summary)).stdout.includes('"state":"Established"'),
    )

    const all = await monitor(edge, [])
    t.after(() => all.end())
    const within = await monitor(edge, ['--prefix', '198.51.100.0/24'])
    t.after(() => within.end())
    await edge.host.run(['ip', 'route', 'add', '198.51.100.128/25', 'via', '192.0.2.2'])
    await edge.host.run(['ip', 'route', 'add', '203.0.113.0/24', 'via', '192.0.2.2'])
    await edge.host.run(['ip', 'address', 'add', '192.0.2.77/32', 'dev', 'cable'])
    await peer.host.run(['ip', 'link', 'set', 'dev', 'cable', 'down'])
    const commit = { number: 1, base: 0, who: 'anna', when: '2026-11-22T12:00:00.000Z', comment: 'why', outcome: 'applied' } as const
    const document = { schema: 'imp.router', version: 1, hostname: 'edge' } as const
    await addCommit({ host: machine, directory: edge.stateDirectory }, commit, document, document)

    assert.equal((await all.see('interfaces', 'cable', 'down')).after, 'no carrier')
    assert.equal((await all.see('interfaces', 'cable', 'address added')).after, '192.0.2.77/32')
    assert.match((await all.see('routes', '198.51.100.128/25', 'added')).detail ?? '', /^via 192\.0\.2\.2 dev cable/)
    await all.see('routes', '203.0.113.0/24', 'added')
    assert.equal((await all.see('commits', 'commit 1', 'made')).detail, 'anna: why')
    assert.equal((await all.see('bgp', '192.0.2.2', 'down')).before, 'Established')
    const place = [`--namespace=${edge.namespace}`, `--state-directory=${edge.stateDirectory}`, `--run-directory=${edge.runDirectory}`]
    const { stdout } = await machine.query([process.execPath, '--disable-warning=ExperimentalWarning', main, 'status', '--json', ...place])
    const status = Status.parse(JSON.parse(stdout))
    assert.deepEqual(status.interfaces, [{ name: 'cable', state: 'no carrier' }])
    assert.deepEqual([status.commit?.number, status.missing, status.sessions.map(({ peer }) => peer)], [1, [], ['192.0.2.2']])
    assert.notEqual(status.sessions[0]?.state, 'Established')
    await within.see('routes', '198.51.100.128/25', 'added')
    assert.deepEqual([...new Set(within.events().map(({ subject }) => subject))], ['198.51.100.128/25'])
  })
})
