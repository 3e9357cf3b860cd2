import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  array,
  assert as holds,
  boolean,
  constant,
  constantFrom,
  integer,
  ipV4,
  ipV6,
  oneof,
  option,
  property,
  record,
  string,
  type Arbitrary,
} from 'fast-check'
import { interfaceName, jsonPath } from '@imp/kit/base/schema.ts'
import type { Imported } from './model.ts'
import { importInterfaces } from './reference-interfaces.ts'
import { importRoles } from './reference-roles.ts'

function some<T>(values: Arbitrary<T>): Arbitrary<T | null> {
  return option(values, { freq: 4 })
}

function fields<T>(shape: { [Key in keyof T]: Arbitrary<T[Key]> }, required: (keyof T & string)[] = []): Arbitrary<object> {
  return record<T>(shape, { requiredKeys: required })
}

/** At most two, which is enough for all that comes twice. */
function few<T>(values: Arbitrary<T>): Arbitrary<T[] | null> {
  return some(array(values, { maxLength: 2 }))
}

const address4 = ipV4()
const address6 = ipV6()
const prefix = oneof(
  ipV4().chain((address) => integer({ min: 0, max: 32 }).map((length) => `${address}/${length}`)),
  constantFrom('2001:db8::/32', '0.0.0.0/0', '::/0', '192.0.2.0', '192.0.2.0/255.255.255.0', '192.0.2.0/255.0.255.0', 'nonsense', '/', ''),
)
/** Names of which several are equal, illegal, or both. */
const name = oneof(
  constantFrom('lan', 'wan', 'a rather long name for a port', 'lo', 'mtu', '42', 'lan.100', 'Käse', '', 'nat', 'external'),
  string(),
)
const vlan = integer({ min: 1, max: 4094 })
const pci = oneof(constantFrom('0000:01:00.0', '01:00.0', '0000:0A:00.0', 'virtio0'), string())
const addresses = {
  ipv4: some(address4),
  ipv4_prefix: some(integer({ min: 0, max: 33 })),
  ipv6: some(address6),
  ipv6_prefix: some(integer({ min: 0, max: 129 })),
}
const twin = { create_lcp: some(boolean()) }

const management = fields(
  {
    iface: name,
    mode: some(constantFrom('dhcp', 'static')),
    ipv4: some(address4),
    ipv4_prefix: some(integer()),
    ipv4_gateway: some(address4),
  },
  ['iface'],
)
const container = fields({
  network: some(prefix),
  gateway: some(address4),
  prefix: some(integer()),
  bridge_ip: some(address4),
  dhcp_start: some(address4),
  dhcp_end: some(address4),
  ipv6: some(address6),
  ipv6_prefix: some(integer()),
  ipv6_ra_prefix: some(prefix),
  bridge_ipv6: some(address6),
})
const cpu = fields({ total_cores: some(integer()), core_workers: some(string()), nat_main: some(integer()) })
const translation = {
  mappings: few(fields({ source_network: prefix, nat_pool: prefix }, ['source_network', 'nat_pool'])),
  bypass_pairs: few(fields({ source: prefix, destination: prefix }, ['source', 'destination'])),
}
const passthrough = { vlan_id: vlan, vlan_type: some(constantFrom('dot1q', 'dot1ad')), inner_vlan: some(vlan) }
const members = few(fields({ interface: name, vlan_id: some(vlan) }, ['interface']))

const common = { hostname: some(name), management: some(management), container: some(container), cpu: some(cpu) }

const oldPort = {
  iface: name,
  pci: some(pci),
  ...addresses,
  subinterfaces: few(fields({ vlan_id: vlan, ...addresses, ...twin }, ['vlan_id'])),
}
const roles = fields({
  ...common,
  external: some(fields({ ...oldPort, ipv4_gateway: some(address4), ipv6_gateway: some(address6) }, ['iface'])),
  internal: few(
    fields({ ...oldPort, vpp_name: some(name), network: some(prefix), ipv6_network: some(prefix), ipv6_ra_prefix: some(prefix) }, [
      'iface',
    ]),
  ),
  bgp: some(
    fields({
      enabled: some(boolean()),
      asn: some(integer()),
      router_id: some(address4),
      peer_ipv4: some(address4),
      peer_ipv6: some(address6),
      peer_asn: some(integer()),
    }),
  ),
  nat: some(fields({ bgp_prefix: some(prefix), ...translation })),
  vlan_passthrough: few(fields({ ...passthrough, internal_interface: name }, ['vlan_id', 'internal_interface'])),
  loopbacks: few(fields({ instance: integer(), name: some(name), ...addresses, ...twin }, ['instance'])),
  bvi_domains: few(fields({ bridge_id: integer(), name: some(name), members, ...addresses, ...twin }, ['bridge_id'])),
})

const layer3 = {
  ospf_area: some(integer()),
  ospf_passive: some(boolean()),
  ospf6_area: some(integer()),
  ospf6_passive: some(boolean()),
  ipv6_ra_enabled: some(boolean()),
  ipv6_ra_interval_max: some(integer()),
  ipv6_ra_interval_min: some(integer()),
  ipv6_ra_suppress: some(boolean()),
  ipv6_ra_prefixes: few(prefix),
}
const listOf = (address: Arbitrary<string>) => few(fields({ address, prefix: some(integer({ min: 0, max: 128 })) }, ['address']))
const ospf = fields({ enabled: some(boolean()), router_id: some(address4), default_originate: some(boolean()) })
const peer = fields(
  {
    name: some(name),
    peer_ip: oneof(address4, address6),
    peer_asn: some(integer()),
    description: some(string({ unit: 'binary' })),
    update_source: some(name),
  },
  ['peer_ip'],
)
const modules = oneof(
  fields({ name: constant('nat'), enabled: some(boolean()), config: some(fields({ source_interfaces: few(name), ...translation })) }, [
    'name',
  ]),
  fields(
    {
      name: constantFrom('nat64', 'flow_export', 'flow-export', 'Ä'),
      enabled: some(boolean()),
      config: some(constantFrom({}, { deep: [{ down: null }] })),
    },
    ['name'],
  ),
)
const interfaces = fields({
  ...common,
  interfaces: few(
    fields(
      {
        name: some(name),
        iface: name,
        pci: some(pci),
        ipv4: listOf(address4),
        ipv6: listOf(address6),
        mtu: some(integer()),
        subinterfaces: few(fields({ vlan_id: vlan, ...addresses, ...twin, ...layer3 }, ['vlan_id'])),
        ...layer3,
      },
      ['iface'],
    ),
  ),
  routes: few(fields({ destination: prefix, via: some(oneof(address4, address6)), interface: some(name) }, ['destination'])),
  bgp: some(
    fields({
      enabled: some(boolean()),
      asn: some(integer()),
      router_id: some(address4),
      announced_prefixes: few(prefix),
      peers: few(peer),
    }),
  ),
  ospf: some(ospf),
  ospf6: some(ospf),
  nat: some(fields({ bgp_prefix: some(prefix), ...translation })),
  modules: few(modules),
  vlan_passthrough: few(
    fields({ ...passthrough, from_interface: name, to_interface: name }, ['vlan_id', 'from_interface', 'to_interface']),
  ),
  loopbacks: few(fields({ instance: integer(), name: some(name), ...addresses, ...twin, ...layer3 }, ['instance'])),
  bvi_domains: few(fields({ bridge_id: integer(), name: some(name), members, ...addresses, ...twin, ...layer3 }, ['bridge_id'])),
})

/** Paths of everything that holds nothing: scalars, empty lists and objects. */
function leaves(value: unknown, path: readonly PropertyKey[] = []): string[] {
  const inside: [PropertyKey, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : []
  return inside.length === 0 ? [jsonPath(path)] : inside.flatMap(([key, member]) => leaves(member, [...path, key]))
}

function nodes(value: unknown, path: readonly PropertyKey[] = []): string[] {
  const inside: [PropertyKey, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : typeof value === 'object' && value !== null
      ? Object.entries(value)
      : []
  return [jsonPath(path), ...inside.flatMap(([key, member]) => nodes(member, [...path, key]))]
}

function isBelow(path: string, above: string): boolean {
  return path.startsWith(`${above}.`) || path.startsWith(`${above}[`)
}

/** Sections whose mere presence says something; a mapping to one of them says nothing about what stands in it. */
const sections = new Set(['bgp', 'ospf', 'ospf6', 'nat', 'container'])

function checkAccount(document: unknown, { config, report }: Imported): void {
  const wholes = report
    .filter(({ from, outcome, note }) => outcome === 'dropped' || note === 'not set' || /^(modules\[\d+\]\.config|nat)$/.test(from))
    .map(({ from }) => from)
  for (const leaf of leaves(document)) {
    const accounted = leaf === '' || report.some(({ from }) => from === leaf) || wholes.some((whole) => isBelow(leaf, whole))
    assert.ok(accounted, `nobody knows where ${leaf} went`)
  }
  const there = new Set(nodes(config))
  const targets = report.flatMap(({ to }) => to)
  for (const target of targets) assert.ok(there.has(target), `${target} is reported, but not there`)
  const origins = targets.filter((target) => !sections.has(target))
  for (const leaf of leaves(config)) {
    const explained = targets.includes(leaf) || origins.some((target) => isBelow(leaf, target))
    assert.ok(explained, `nobody knows where ${leaf} comes from`)
  }
}

function checkNames({ config }: Imported): void {
  const ports = config.interfaces ?? []
  const names = [...ports, ...(config.loopbacks ?? []), ...(config.bridges ?? [])].flatMap((each) => each.name ?? [])
  assert.equal(new Set(names).size, names.length, `unique: ${names.join(' ')}`)
  for (const each of names) assert.ok(interfaceName().safeParse(each).success, `${each} is a legal name`)
  for (const port of ports) for (const sub of port.subinterfaces ?? []) assert.ok(`${port.name}.${sub.vlan}`.length <= 15)
}

/** Each object with keys that no layout has. */
function mark(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mark)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([key, member]) => [key, mark(member)])
  return Object.fromEntries([['not a.key', { inside: [1, { deep: null }] }], ...members, ['strange', 1]])
}

const table = [
  { layout: 'roles', documents: roles, convert: importRoles },
  { layout: 'interfaces', documents: interfaces, convert: importInterfaces },
]

for (const { layout, documents, convert } of table) {
  test(`every field of a document with ${layout} is accounted for, and every new one has an origin`, () => {
    holds(
      property(documents, (document) => {
        const imported = convert(document, 'old.json')
        checkAccount(document, imported)
        checkNames(imported)
        const unknown = imported.report.filter(
          ({ note }) => note?.startsWith('unknown key') === true || note === 'says nothing that is known',
        )
        assert.deepEqual(unknown, [], 'all keys of the layout are known')
      }),
      { numRuns: 60 },
    )
  })

  test(`keys that a document with ${layout} should not have are reported, wherever they stand`, () => {
    holds(
      property(documents, (document) => {
        const marked = mark(document)
        const imported = convert(marked, 'old.json')
        checkAccount(marked, imported)
        assert.ok(imported.report.some(({ from, outcome }) => from === 'strange' && outcome === 'dropped'))
      }),
      { numRuns: 30 },
    )
  })
}
