import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { salvage } from '../config/salvage.ts'
import type { LinkFeatures } from './features.ts'
import { loadLab, type LoadedLab } from './load.ts'

interface Options {
  readonly files?: Readonly<Record<string, string>>
  readonly features?: Partial<LinkFeatures>
  /** Findings of every router configuration. */
  readonly router?: readonly Finding[]
  readonly missing?: readonly string[]
}

function load(text: string, options: Options = {}): Promise<LoadedLab> {
  const files = Object.fromEntries(Object.entries(options.files ?? {}).map(([name, content]) => [`/lab/${name}`, content]))
  const answers = { 'vtysh -C -f /lab/peer.conf': '' }
  const host = fakeHost({ files: { '/lab/lab.yaml': text, ...files }, answers })
  return loadLab(host, '/lab/lab.yaml', {
    links: { netem: true, tbf: true, macvtap: true, ...options.features },
    routers: { load: () => ({ findings: options.router ?? [] }), missing: () => Promise.resolve(options.missing ?? []) },
    salvage,
  })
}

async function findingsOf(text: string, options?: Options): Promise<string[]> {
  try {
    await load(text, options)
    return []
  } catch (error) {
    assert.ok(error instanceof Fault)
    assert.equal(error.code, 'input')
    return error.findings.map(({ path, message }) => `${path}: ${message}`)
  }
}

const valid = `name: demo
topology:
  nodes:
    a: {kind: host, exec: ["ip link show", [ip, route], {command: "sleep 1", background: true}]}
    b: {kind: frr, startup-config: peer.conf}
    c: {kind: microvm, memory: 128}
  links:
    - endpoints: ["a:eth1", "b:left"]
    - {endpoints: ["b:right", "c:eth1"], delay: 20ms, jitter: 5ms, loss: 0.5%, rate: 10mbit}
verify:
  - reach: {from: a, to: 192.0.2.1}
`

test('a whole topology becomes a definition with nothing left open', async (t) => {
  const { definition, warnings } = await load(valid, {
    files: { 'peer.conf': 'router bgp 64496\n neighbor 192.0.2.1 bfd\n' },
    features: { netem: false },
  })
  assert.deepEqual(warnings, [])
  t.assert.fileSnapshot(definition, new URL('golden/definition.json', import.meta.url).pathname)
})

test('JSON is read as well', async () => {
  const text = JSON.stringify({ name: 'demo', topology: { nodes: { a: { kind: 'host' } } } }, null, 2)
  assert.equal((await load(text)).definition.nodes[0]?.name, 'a')
})

/** A topology of two hosts and whatever stands behind them. */
function around(links: string, rest = ''): string {
  return `name: demo
topology:
  nodes:
    a: {kind: host}
    b: {kind: host}
  links:
${links}
${rest}`
}

const table: { what: string; text: string; expected: string[]; options?: Options }[] = [
  {
    what: 'syntax errors, with their line',
    text: 'name: demo\ntopology:\n  nodes: {a: {kind: host}\n',
    expected: ['(line 4): Flow map in block collection must be sufficiently indented and end with a }'],
  },
  {
    what: 'a key written twice',
    text: 'name: demo\nname: other\ntopology: {nodes: {a: {kind: host}}}\n',
    expected: ['(line 2): Map keys must be unique'],
  },
  {
    what: 'unknown keys, wherever they are, all at once',
    text: around('    - {endpoints: ["a:eth1", "b:eth1"], latency: 5ms}', 'colour: red\n'),
    expected: ['topology.links[0].latency (line 7): unknown key', 'colour (line 8): unknown key'],
  },
  {
    what: 'names that would make other names ambiguous or illegal',
    text: 'name: my-lab\ntopology:\n  nodes:\n    "A!": {kind: host}\n',
    expected: [
      'name (line 1): must be 1 to 20 lower case letters and digits, beginning with a letter, without "-"',
      'topology.nodes["A!"] (line 4): must be lower case letters, digits and "-", at most 63, not starting or ending with "-"',
    ],
  },
  {
    what: 'an unknown kind',
    text: 'name: demo\ntopology:\n  nodes:\n    a: {kind: switch}\n',
    expected: ["topology.nodes.a.kind (line 4): Invalid discriminator value. Expected 'router' | 'frr' | 'host' | 'microvm'"],
  },
  {
    what: 'links to nowhere, and an interface with two links',
    text: around('    - endpoints: ["a:eth1", "c:eth1"]\n    - endpoints: ["b:eth1", "a:eth1"]'),
    expected: [
      'topology.links[0].endpoints[1] (line 7): there is no node "c"',
      'topology.links[1].endpoints[1] (line 8): is already used by topology.links[0]',
    ],
  },
  {
    what: 'interface names that Linux or iproute2 would not take',
    text: around('    - endpoints: ["a:down", "b:averylongname1234"]\n    - endpoints: ["a", "b:imp-x"]'),
    expected: [
      'topology.links[0].endpoints[0] (line 7): interface "down" is a keyword of iproute2 and cannot name an interface',
      'topology.links[0].endpoints[1] (line 7): interface "averylongname1234" must not be longer than 15 characters',
      'topology.links[1].endpoints[0] (line 8): must be NODE:INTERFACE',
    ],
  },
  {
    what: 'an interface name of our own',
    text: around('    - endpoints: ["a:imp-tap1", "b:eth1"]'),
    expected: ['topology.links[0].endpoints[0] (line 7): has an interface whose name begins with "imp-", which is ours'],
  },
  {
    what: 'cards of a guest with a gap',
    text: 'name: demo\ntopology:\n  nodes:\n    a: {kind: host}\n    g: {kind: microvm}\n  links:\n    - endpoints: ["a:eth1", "g:eth2"]\n',
    expected: ['topology.nodes.g (line 5): the interfaces of a microvm are eth1, its links name eth2'],
  },
  {
    what: 'impairments that make no sense',
    text: around(
      '    - {endpoints: ["a:e1", "b:e1"], jitter: 5ms}\n    - {endpoints: ["a:e2", "b:e2"], delay: 1ms, jitter: 5ms}\n    - {endpoints: ["a:e3", "b:e3"], loss: 101%, rate: 0mbit, delay: soon}',
    ),
    expected: [
      'topology.links[2].delay (line 9): "soon" is not a duration',
      'topology.links[2].loss (line 9): must be a percentage such as 1% or 0.5%',
      'topology.links[2].rate (line 9): must be greater than 0',
      'topology.links[0].jitter (line 7): varies a delay that is not there',
      'topology.links[1].jitter (line 8): is greater than the delay of 1ms',
    ],
  },
  {
    what: 'jitter without a delay, or above it',
    text: around('    - {endpoints: ["a:e1", "b:e1"], jitter: 5ms}\n    - {endpoints: ["a:e2", "b:e2"], delay: 1ms, jitter: 5ms}'),
    expected: [
      'topology.links[0].jitter (line 7): varies a delay that is not there',
      'topology.links[1].jitter (line 8): is greater than the delay of 1ms',
    ],
  },
  {
    what: 'impairments that this kernel cannot make',
    text: around('    - {endpoints: ["a:e1", "b:e1"], delay: 5ms, rate: 1mbit}'),
    options: { features: { netem: false, tbf: false, macvtap: false } },
    expected: [
      'topology.links[0].delay (line 7): is unsupported: this kernel has neither netem nor macvtap, so nothing can hold frames back',
      'topology.links[0].rate (line 7): is unsupported: this kernel has neither netem nor tbf, so nothing can hold frames back',
    ],
  },
  {
    what: 'commands with the grammar of a shell',
    text: 'name: demo\ntopology:\n  nodes:\n    a:\n      kind: host\n      exec: ["ip link | cat", ""]\n',
    expected: [
      'topology.nodes.a.exec[0] (line 6): "|" has no meaning here, there is no shell: quote it',
      'topology.nodes.a.exec[1] (line 6): must not be empty',
    ],
  },
  {
    what: 'a startup configuration that is not there',
    text: 'name: demo\ntopology:\n  nodes:\n    r: {kind: router, startup-config: r.json}\n',
    expected: ['topology.nodes.r.startup-config (line 4): cannot read /lab/r.json: it does not exist'],
  },
  {
    what: 'findings of a router configuration, below its file',
    text: 'name: demo\ntopology:\n  nodes:\n    r: {kind: router, startup-config: r.json}\n',
    options: { files: { 'r.json': '{}' }, router: [{ path: 'bgp.asn', severity: 'error', message: 'is missing' }] },
    expected: ['topology.nodes.r.startup-config: r.json: bgp.asn (line 4): is missing'],
  },
  {
    what: 'assertions about what is not there, or cannot be asked',
    text: around(
      '    - endpoints: ["a:eth1", "b:eth1"]',
      `verify:
  - reach: {from: aa, to: 192.0.2.1}
  - session: {node: a, peer: 192.0.2.1}
`,
    ),
    expected: [
      'verify[0].reach.from (line 9): there is no node "aa"',
      'verify[1].session.node (line 10): is a host, whose BGP sessions cannot be asked for',
    ],
  },
  {
    what: 'assertions of no kind, of two kinds, and with wrong values',
    text: around(
      '    - endpoints: ["a:eth1", "b:eth1"]',
      `verify:
  - {}
  - {reach: {from: a, to: 192.0.2.1}, no-reach: {from: a, to: 192.0.2.1}}
  - seen-as: {from: a, to: 192.0.2.1, address: 192.0.2.0/24, ports: [20, 10]}
  - route: {node: a, prefix: 192.0.2.1/24}
`,
    ),
    expected: [
      'verify[0] (line 9): must be exactly one of reach, no-reach, session, route, no-route, routes, address, seen-as',
      'verify[1] (line 10): must be exactly one of reach, no-reach, session, route, no-route, routes, address, seen-as',
      'verify[2].seen-as.address (line 11): "192.0.2.0/24" is not an IPv4 or IPv6 address',
      'verify[2].seen-as.ports (line 11): the first port must not be greater than the last',
      'verify[3].route.prefix (line 12): "192.0.2.1/24" has host bits: the network is 192.0.2.0/24',
    ],
  },
  {
    what: 'everything at once: fields of the schema, rules across them, and the files that are named',
    text: `name: Demo
topology:
  nodes:
    a: {kind: hoost}
    b: {kind: host}
    r: {kind: router, startup-config: r.json, memory: much}
    s: {kind: router, startup-config: gone.json}
  links:
    - endpoints: ["a:e1", "b:e1"]
    - {endpoints: ["b:e1", "c:e1"]}
    - {endpoints: ["b:e2", "s:e2"], dealy: 5ms, jitter: 1ms}
verify:
  - reach: {from: cc, to: here}
  - reach: {from: d, to: 192.0.2.1}
`,
    options: { files: { 'r.json': '{}' }, router: [{ path: 'bgp.asn', severity: 'error', message: 'is missing' }] },
    expected: [
      'name (line 1): must be 1 to 20 lower case letters and digits, beginning with a letter, without "-"',
      "topology.nodes.a.kind (line 4): Invalid discriminator value. Expected 'router' | 'frr' | 'host' | 'microvm'",
      'topology.nodes.r.memory (line 6): Invalid input: expected number, received string',
      'topology.links[2].dealy (line 11): unknown key',
      'verify[0].reach.to (line 13): "here" is not an IPv4 or IPv6 address',
      'topology.links[1].endpoints[0] (line 10): is already used by topology.links[0]',
      'topology.links[1].endpoints[1] (line 10): there is no node "c"',
      'verify[1].reach.from (line 14): there is no node "d"',
      'topology.nodes.r.startup-config: r.json: bgp.asn (line 6): is missing',
      'topology.nodes.s.startup-config (line 7): cannot read /lab/gone.json: it does not exist',
    ],
  },
]

for (const { what, text, expected, options } of table) {
  test(`refuses ${what}`, async () => assert.deepEqual(await findingsOf(text, options), expected))
}
