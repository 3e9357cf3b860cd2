/**
 * Documents of both layouts of the reference system are imported, checked and come up in a lab: BGP and OSPF with real neighbours,
 * translation on the wire. With VLANs the router is a guest where this kernel has none.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bench, failing, frr, missing, qemu, type Bench } from '../real/lab-fixture.ts'
import { interfacesDocument, rolesDocument } from './import-lab-documents.ts'

/** The network that the upstream has behind it: one that nobody takes for a bogon. */
const far = { network: '9.9.9.0/24', router: '9.9.9.1', host: '9.9.9.9' }

const upstream = `hostname upstream
ip forwarding
ipv6 forwarding
interface lan
 ip address ${far.router}/24
exit
interface customer
 ip address 198.51.100.1/30
 ipv6 address 2001:db8:ffff::1/64
exit
router bgp 64496
 bgp router-id ${far.router}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor 198.51.100.2 remote-as 64500
 neighbor 198.51.100.2 timers connect 1
 neighbor 2001:db8:ffff::2 remote-as 64500
 neighbor 2001:db8:ffff::2 timers connect 1
 address-family ipv4 unicast
  network ${far.network}
  neighbor 198.51.100.2 activate
 exit-address-family
 address-family ipv6 unicast
  neighbor 2001:db8:ffff::2 activate
 exit-address-family
exit
`

const core = `hostname core
interface edge
 ip address 10.255.0.2/30
 ip ospf area 0
exit
interface lo
 ip address 10.255.0.254/32
 ip ospf area 0
exit
router ospf
 ospf router-id 10.255.0.254
exit
`

interface Lab {
  /** Names of the ports of the router: towards the upstream, the customer, and what else there is. */
  readonly ports: readonly [upstream: string, customer: string, other: string]
  /** Lines of nodes and of verify that only this layout has. */
  readonly other: string
  readonly verify: readonly string[]
  readonly announced: readonly string[]
}

const common = [
  'session: {node: edge, peer: 198.51.100.1, deadline: 60s}',
  'session: {node: edge, peer: "2001:db8:ffff::1", deadline: 60s}',
  `route: {node: edge, prefix: ${far.network}, protocol: bgp}`,
  `reach: {from: customer, to: ${far.host}, count: 3}`,
  // Host 10 of 192.168.10.0/24 behind a pool of four: block 10 of the first address.
  `seen-as: {from: customer, to: ${far.host}, address: 203.0.113.96, ports: [11104, 12111]}`,
  `seen-as: {from: customer, to: ${far.host}, protocol: udp, address: 203.0.113.96, ports: [11104, 12111]}`,
  'address: {node: customer, interface: eth1, within: "2001:db8:10::/64", deadline: 60s}',
]

const labs = {
  roles: {
    ports: ['external', 'internal0', 'internal1'],
    other: 'other: {kind: host, exec: [ip address add 192.168.20.10/24 dev eth1, ip route add default via 192.168.20.1]}',
    verify: [
      `seen-as: {from: other, to: ${far.host}, address: 203.0.113.100, ports: [11104, 12111]}`,
      'seen-as: {from: customer, to: 192.168.20.10, address: 192.168.10.10}',
    ],
    announced: ['203.0.113.96/27', '2001:db8:10::/48'],
  },
  interfaces: {
    ports: ['transit', 'lan', 'core'],
    other: 'other: {kind: frr, startup-config: core.conf}',
    verify: [
      'route: {node: edge, prefix: 10.255.0.254/32, protocol: ospf, deadline: 90s}',
      'route: {node: other, prefix: 0.0.0.0/0, protocol: ospf, deadline: 90s}',
      'route: {node: other, prefix: 192.168.10.0/24, protocol: ospf, deadline: 90s}',
    ],
    announced: ['203.0.113.0/24', '2001:db8:10::/48'],
  },
} as const satisfies Record<string, Lab>

function labYaml({ ports, other, verify, announced }: Lab): string {
  const [external, customer, third] = ports
  return `name: placeholder
topology:
  nodes:
    internet: {kind: host, exec: [ip address add ${far.host}/24 dev eth1, ip route add default via ${far.router}]}
    upstream: {kind: frr, startup-config: upstream.conf}
    edge: {kind: router, startup-config: edge.router.json, memory: 384}
    customer: {kind: host, exec: [ip address add 192.168.10.10/24 dev eth1, ip route add default via 192.168.10.1]}
    ${other}
  links:
    - endpoints: ["internet:eth1", "upstream:lan"]
    - endpoints: ["upstream:customer", "edge:${external}"]
    - endpoints: ["edge:${customer}", "customer:eth1"]
    - endpoints: ["edge:${third}", "other:${other.includes('frr') ? 'edge' : 'eth1'}"]
verify:
${[...common, ...verify].map((line) => `  - ${line}`).join('\n')}
  - routes: {node: upstream, protocol: bgp, exactly: [${announced.map((each) => `"${each}"`).join(', ')}], deadline: 60s}
`
}

interface Result {
  readonly report: readonly { readonly from: string; readonly outcome: string; readonly note?: string }[]
  readonly findings: readonly { readonly severity: string; readonly path: string; readonly message: string }[]
}

async function answer<T>(lab: Bench, ...words: readonly string[]): Promise<T> {
  const { status, stdout, stderr } = await lab.imp('--json', ...words)
  assert.equal(status, 0, `imp ${words.join(' ')}\n${stdout}\n${stderr}`)
  return JSON.parse(stdout) as T
}

/** Imports the document, checks it, and brings it up; everything that the lab promises must hold. */
async function assertComesUp(lab: Bench): Promise<void> {
  const router = `${lab.directory}/edge.router.json`
  const { report, findings } = await answer<Result>(lab, 'config', 'import', `${lab.directory}/old.json`, '--output', router)
  assert.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  )
  assert.deepEqual(
    report.filter(({ outcome, note }) => outcome === 'dropped' && !/"virtio\d+" is no PCI address/.test(note ?? '')),
    [],
  )
  await answer(lab, 'check', router)
  await answer(lab, 'lab', 'up', lab.file)
  assert.deepEqual(failing(await lab.verify()), [])
}

function files(lab: Lab, document: object): Record<string, string> {
  return { 'lab.yaml': labYaml(lab), 'upstream.conf': upstream, 'core.conf': core, 'old.json': JSON.stringify(document) }
}

suite('documents of the reference system in a lab', () => {
  const why = missing(frr)
  test('the layout with roles', { skip: why ?? false }, async (t) => assertComesUp(await bench(t, files(labs.roles, rolesDocument(false)))))

  test('the layout with interfaces', { skip: why ?? false }, async (t) =>
    assertComesUp(await bench(t, files(labs.interfaces, interfacesDocument(false)))),
  )

  const whyTagged = missing(frr, qemu)
  const tagged = [
    {
      title: 'roles',
      document: rolesDocument(true),
      names: ['external.300', 'external.210', 'internal0.100', 'internal1.500.7', 'customer-lan'],
    },
    { title: 'interfaces', document: interfacesDocument(true), names: ['lan.40', 'transit.210', 'core.100', 'customers'] },
  ] as const
  for (const { title, document, names } of tagged) {
    test(`the layout with ${title} and VLANs`, { skip: whyTagged ?? false }, async (t) => {
      const lab = await bench(t, files(labs[title], document))
      await assertComesUp(lab)
      const { stdout } = await answer<{ stdout: string }>(lab, 'lab', 'exec', lab.name, 'edge', '--', 'ip', '-j', 'link', 'show', 'up')
      const links = (JSON.parse(stdout) as { ifname: string }[]).map(({ ifname }) => ifname)
      for (const name of names) assert.ok(links.includes(name), `${name} among ${links.join(', ')}`)
    })
  }
})
