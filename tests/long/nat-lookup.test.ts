/**
 * What `imp nat lookup` says is what the far end sees: hundreds of random flows through a real router, before and after its pool
 * changes, asked in both directions. Flows that were open at the change and would contradict it are over; others go on.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { suite, test, type TestContext } from 'node:test'
import { until } from '../../packages/kit/src/host/until.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { bench, failing, frr, missing, tcpdump, type Bench } from '../real/lab-fixture.ts'
import type { Flow } from './nat-lookup-flows.ts'

const program = join(import.meta.dirname, 'nat-lookup-flows.ts')
const server = { address: '203.0.113.10', port: 7000 }
const moved = { inside: '100.64.0.0/22', first: '198.51.100.0/28', next: '198.51.100.128/29' }
const kept = { inside: '100.64.8.0/24', outside: '198.51.100.64/30' }

interface Client {
  readonly node: string
  readonly link: string
  readonly router: string
  readonly sources: readonly string[]
}

function client(node: string, link: string, network: string, count: number): Client {
  return { node, link, router: `${network}.1`, sources: Array.from({ length: count }, (_, index) => `${network}.${10 + index * 17}`) }
}

const clients = [client('one', 'lan1', '100.64.1', 12), client('two', 'lan2', '100.64.3', 8), client('three', 'lan3', '100.64.8', 8)]

function routerJson(pool: string): string {
  return JSON.stringify({
    schema: 'imp.router',
    version: 1,
    hostname: 'edge',
    interfaces: [
      { name: 'wan', role: 'external', addresses: ['192.0.2.2/30'] },
      ...clients.map(({ link, router }) => ({ name: link, role: 'internal', addresses: [`${router}/24`] })),
    ],
    loopbacks: [{ instance: 0, addresses: ['198.51.100.254/32'] }],
    bgp: {
      asn: 64500,
      routerId: '198.51.100.254',
      announced: ['198.51.100.0/24'],
      peers: [{ name: 'upstream', address: '192.0.2.1', asn: 64496, holdTime: 9, connectRetry: 1, import: { acceptBogons: true } }],
    },
    nat: {
      mappings: [
        { inside: moved.inside, outside: pool },
        { inside: kept.inside, outside: kept.outside },
      ],
    },
  })
}

const upstream = `hostname upstream
ip forwarding
interface lan
 ip address 203.0.113.1/24
exit
interface customer
 ip address 192.0.2.1/30
exit
router bgp 64496
 bgp router-id 203.0.113.1
 no bgp ebgp-requires-policy
 neighbor 192.0.2.2 remote-as 64500
 neighbor 192.0.2.2 timers 3 9
 neighbor 192.0.2.2 timers connect 1
 address-family ipv4 unicast
  network 203.0.113.0/24
 exit-address-family
exit
`

function clientNode({ node, router, sources }: Client): string {
  const addresses = sources.map((source) => `ip address add ${source}/24 dev eth1`)
  return `    ${node}: {kind: host, exec: [${[...addresses, `ip route add default via ${router}`].join(', ')}]}`
}

const files = {
  'lab.yaml': `name: placeholder
topology:
  nodes:
    internet: {kind: host, exec: [ip address add ${server.address}/24 dev eth1, ip route add default via 203.0.113.1]}
    upstream: {kind: frr, startup-config: upstream.conf}
    edge: {kind: router, startup-config: edge.router.json}
${clients.map(clientNode).join('\n')}
  links:
    - endpoints: ["internet:eth1", "upstream:lan"]
    - endpoints: ["upstream:customer", "edge:wan"]
${clients.map(({ node, link }) => `    - endpoints: ["edge:${link}", "${node}:eth1"]`).join('\n')}
verify:
${clients.map(({ node }) => `  - reach: {from: ${node}, to: ${server.address}}`).join('\n')}
`,
  'upstream.conf': upstream,
  'edge.router.json': routerJson(moved.first),
  'next.router.json': routerJson(moved.next),
}

/** Numbers from 0 to under `limit`, the same for the same seed (a linear congruential generator, Numerical Recipes 7.1). */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed >>> 0
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

interface Seen {
  readonly source: string
  /** ADDRESS:PORT at the far end; the port of ICMP is its identifier. */
  readonly seen: string
  readonly what: string
}

interface Running {
  readonly child: ChildProcessWithoutNullStreams
  readonly lines: Interface
}

/** Starts a program in a node that ends with the test. */
async function startIn(t: TestContext, lab: Bench, node: string, argv: readonly string[]): Promise<Running> {
  const child = spawn('ip', ['netns', 'exec', `imp-${lab.name}-${node}`, ...argv])
  const ended = once(child, 'close')
  t.after(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, lines: createInterface(child.stdout) }
}

function flowsWords(...words: readonly string[]): string[] {
  return [process.execPath, '--disable-warning=ExperimentalWarning', program, ...words]
}

/** So many random TCP and UDP flows of a client, all from different ports. */
async function callFrom(lab: Bench, { node, sources }: Client, count: number, random: (limit: number) => number): Promise<Seen[]> {
  const flows = new Map<string, Flow>()
  while (flows.size < count) {
    const protocol = random(2) === 0 ? 'tcp' : 'udp'
    const flow: Flow = { protocol, source: sources[random(sources.length)] ?? '', port: 1024 + random(64_512) }
    flows.set(`${flow.source} ${flow.port}`, flow)
  }
  const list = [...flows.values()]
  const ran = await lab.inside(node, ...flowsWords('call', server.address, String(server.port), JSON.stringify(list)))
  assert.equal(ran.status, 0, ran.stderr)
  const answers = JSON.parse(ran.stdout) as string[]
  return list.map(({ source, protocol, port }, index) => ({ source, seen: answers[index] ?? '', what: `${protocol} ${source}:${port}` }))
}

/** Echo requests, each with a payload that says whose it is: what the far end sees of them is their identifier. */
async function pingFrom(t: TestContext, lab: Bench, all: readonly string[]): Promise<Seen[]> {
  const { lines, child } = await startIn(t, lab, 'internet', ['tcpdump', '-n', '-l', '-x', '-i', 'eth1', 'icmp[icmptype] == icmp-echo'])
  const listening = once(createInterface(child.stderr), 'line')
  let text = ''
  lines.on('line', (line) => (text += `${line}\n`))
  await listening
  for (const [index, source] of all.entries()) {
    const node = clients.find(({ sources }) => sources.includes(source))?.node ?? ''
    const pattern = (0xa000 + index).toString(16)
    const ran = await lab.inside(node, 'ping', '-q', '-c', '1', '-W', '5', '-s', '40', '-p', pattern, '-I', source, server.address)
    assert.equal(ran.status, 0, `ping from ${source}: ${ran.stdout}`)
  }
  const seen = (): Seen[] =>
    text.split(/\n(?=\d\d:)/).flatMap((packet) => {
      const [, address, id] = /IP (\S+) > .* id (\d+), seq/.exec(packet) ?? []
      const source = all.find((_, index) =>
        packet.includes(
          (0xa000 + index)
            .toString(16)
            .repeat(2)
            .replace(/^(.{4})(.{4})$/, '$1 $2'),
        ),
      )
      return address === undefined || source === undefined ? [] : [{ source, seen: `${address}:${id}`, what: `icmp ${source}` }]
    })
  await until(localHost().clock, { timeout: 90_000, what: 'all echo requests' }, async () => seen().length === all.length)
  child.kill()
  return seen()
}

interface Answer {
  readonly inside: string
  readonly outside: string
  readonly firstPort: number
  readonly lastPort: number
  readonly proof: { readonly source: string; readonly commit?: number; readonly who?: string; readonly sha256: string }
}

async function lookup(lab: Bench, endpoint: string, ...more: readonly string[]): Promise<Answer> {
  const ran = await lab.imp('--json', 'nat', 'lookup', endpoint, `--target=lab:${lab.name}/edge`, ...more)
  assert.equal(ran.status, 0, `lookup ${endpoint} ${more.join(' ')}: ${ran.stdout} ${ran.stderr}`)
  return JSON.parse(ran.stdout) as Answer
}

/** Works through a list, two at a time. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  await Promise.all([worker(), worker()])
}

/** Asks for every flow who it was, and for every subscriber whether what was seen of it lies in what it has. */
async function assertAgrees(lab: Bench, all: readonly Seen[]): Promise<void> {
  await each(all, async ({ source, seen, what }) => assert.equal((await lookup(lab, seen)).inside, source, `${what} was seen as ${seen}`))
  await each([...Map.groupBy(all, ({ source }) => source)], async ([source, flows]) => {
    const { outside, firstPort, lastPort } = await lookup(lab, source)
    for (const { seen, what } of flows) {
      const [address, port] = seen.split(':')
      assert.ok(address === outside && Number(port) >= firstPort && Number(port) <= lastPort, `${what} was seen as ${seen}`)
    }
  })
}

/** At least `flows` flows: one by ICMP of every subscriber, the others by TCP and UDP. */
async function seenOf(t: TestContext, lab: Bench, flows: number, random: (limit: number) => number): Promise<Seen[]> {
  const sources = clients.flatMap((each) => each.sources)
  const count = Math.ceil((flows - sources.length) / clients.length)
  const called = await Promise.all(clients.map((each) => callFrom(lab, each, count, random)))
  return [...called.flat(), ...(await pingFrom(t, lab, sources))]
}

async function succeeds(lab: Bench, ...words: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await lab.imp(...words)
  assert.equal(status, 0, `imp ${words.join(' ')}\n${stdout}\n${stderr}`)
  return stdout
}

/** A TCP flow that stays open; answers what the far end says of it. */
async function hold(t: TestContext, lab: Bench, { node, sources: [source = ''] }: Client): Promise<(line: string) => Promise<string>> {
  const { child, lines } = await startIn(t, lab, node, flowsWords('hold', server.address, String(server.port), source))
  const answers = lines[Symbol.asyncIterator]()
  assert.equal((await answers.next()).value, 'ready')
  return async (line) => {
    child.stdin.write(`${line}\n`)
    return String((await answers.next()).value)
  }
}

async function trackedSources(lab: Bench): Promise<Seen[]> {
  const { stdout } = await lab.inside('edge', 'conntrack', '-L', '-f', 'ipv4', '--src-nat')
  return stdout.split('\n').flatMap((line) => {
    const [inside, outside] = [...line.matchAll(/src=(\S+) dst=(\S+)/g)]
    const port = [...line.matchAll(/(?:dport|id)=(\d+)/g)].at(-1)?.[1]
    return inside === undefined || outside === undefined ? [] : [{ source: inside[1] ?? '', seen: `${outside[2]}:${port}`, what: line }]
  })
}

suite('nat lookup on the wire', { skip: missing(frr, tcpdump, '/usr/sbin/conntrack') ?? false }, () => {
  test('agrees with 200 flows before and after a change of the pool, and still knows what was before', async (t) => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 32)
    t.diagnostic(`SEED=${seed} chooses the same flows again`)
    const random = randomFrom(seed)
    const lab = await bench(t, files)
    const target = `--target=lab:${lab.name}/edge`
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
    const { lines } = await startIn(t, lab, 'internet', flowsWords('serve', server.address, String(server.port)))
    assert.equal((await lines[Symbol.asyncIterator]().next()).value, 'ready')

    await succeeds(lab, 'config', 'load', join(lab.directory, 'edge.router.json'), target)
    await succeeds(lab, 'commit', target, '--comment', 'the first pool')
    const before = await seenOf(t, lab, 200, random)
    assert.ok(before.length >= 200)
    await assertAgrees(lab, before)
    const [one, , three] = clients
    assert.ok(one !== undefined && three !== undefined)
    const [renumbered, unconcerned] = [await hold(t, lab, one), await hold(t, lab, three)]
    const [first, other] = [await renumbered('hello'), await unconcerned('hello')]
    assert.equal((await lookup(lab, first)).inside, one.sources[0])
    const at = new Date().toISOString()

    await succeeds(lab, 'config', 'load', join(lab.directory, 'next.router.json'), target)
    assert.match(await succeeds(lab, 'commit', target, '--check'), /end the flows of 1024 renumbered hosts/)
    await succeeds(lab, 'commit', target, '--comment', 'a smaller pool elsewhere')
    for (const { source, seen, what } of await trackedSources(lab)) assert.equal((await lookup(lab, seen)).inside, source, what)
    assert.match(await renumbered('still here?'), /^lost: /, 'the far end does not know the flow by its new address')
    assert.equal(await unconcerned('still here?'), other, 'a flow whose host keeps its ports goes on')
    const after = await seenOf(t, lab, 200, random)
    await assertAgrees(lab, after)

    await each(before.slice(0, 20), async ({ source, seen }) => {
      const { inside, proof } = await lookup(lab, seen, '--at', at)
      assert.equal(inside, source)
      assert.equal(proof.source, 'commit')
    })
    const [past, now] = [await lookup(lab, one.sources[0] ?? '', '--at', at), await lookup(lab, one.sources[0] ?? '')]
    assert.ok(past.proof.commit !== undefined && now.proof.commit === past.proof.commit + 1 && past.proof.sha256 !== now.proof.sha256)
    const gone = await lab.imp('--json', 'nat', 'lookup', first, target)
    assert.notEqual(gone.status, 0, 'nobody has an address of the old pool now')
  })
})
