/** What a VPP process has: asked by dumps each time, never remembered. */
import { formatPrefix, networkOf, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import type { VppInstance } from '../../../appliance/model.ts'
import type { VppClient } from '../api/client.ts'
import { fieldsAt, flagAt, listAt, numberAt, rowsAt, textAt } from '../api/fields.ts'
import type { Fields } from '../api/layout.ts'
import { nothing, type Advertisements, type Attachment, type Making, type Things, type VppInterface } from '../desired.ts'
import { nat64Sides, nat64Things, observeNeighbours, observeTimeouts } from './observe-nat64.ts'
import { freeHeapOf } from '../heap.ts'
import { unserved } from './plugins.ts'
import { bare, byPrefix } from '../render-interfaces.ts'
import { all, anyPort, dot1ad, exactMatch, up, linkUp } from '../values.ts'

export interface ObservedInstance {
  readonly things: Things
  /** Numbers that VPP gave, by name of interface and tag of list. */
  readonly indexes: { readonly interfaces: ReadonlyMap<string, number>; readonly lists: ReadonlyMap<string, number> }
  /** Interfaces that are up and have something on the other side. */
  readonly carriers: ReadonlySet<string>
  /** Messages of ours that this VPP does not serve. */
  readonly unserved: ReadonlySet<string>
  /** Bytes of the main heap that are free. */
  readonly freeHeap: number
  /** Default network namespace of twins; empty for VPP's own. */
  readonly netns: string
}

/** How far a look goes. Everything but addresses is asked in one question for all interfaces, and always. */
export interface Scope {
  /** Names of interfaces whose addresses matter, with those of their VLANs; those of others come out empty. All of them unless told. */
  readonly addressesOf?: ReadonlySet<string>
}

/** Rows of everything that is asked, each list empty where VPP lacks the plugin. */
type Dumps = Readonly<Record<(typeof questions)[number][0], readonly Fields[]>>

const questions = [
  ['sw_interface_dump', {}],
  ['af_packet_dump', {}],
  ['memif_dump', {}],
  ['memif_socket_filename_dump', {}],
  ['lcp_itf_pair_get_v2', { sw_if_index: all }],
  ['bridge_domain_dump', {}],
  ['l2_xconnect_dump', {}],
  ['acl_dump', { acl_index: all }],
  ['abf_policy_dump', {}],
  ['abf_itf_attach_dump', {}],
  ['sw_interface_ip6nd_ra_dump', { sw_if_index: all }],
  ['det44_interface_dump', {}],
  ['det44_map_dump', {}],
  ['nat64_interface_dump', {}],
  ['nat64_prefix_dump', {}],
  ['nat64_pool_addr_dump', {}],
] as const

async function dumpAll(client: VppClient): Promise<Dumps> {
  const rows = await Promise.all(
    questions.map(async ([message, fields]) => [message, client.serves(message) ? await client.dump(message, fields) : []] as const),
  )
  return Object.fromEntries(rows) as Record<string, readonly Fields[]> as Dumps
}

function namesOf(dumps: Dumps): ReadonlyMap<number, string> {
  return new Map(dumps.sw_interface_dump.map((row) => [numberAt(row, 'sw_if_index'), textAt(row, 'interface_name')]))
}

/** Rows of interfaces that people know: without local0 and the taps behind twins, which belong to VPP itself. */
function shownRows(dumps: Dumps): readonly Fields[] {
  const taps = new Set(dumps.lcp_itf_pair_get_v2.map((row) => numberAt(row, 'host_sw_if_index')))
  return dumps.sw_interface_dump.filter((row) => !taps.has(numberAt(row, 'sw_if_index')) && textAt(row, 'interface_name') !== 'local0')
}

/**
 * Questions for addresses: one for each interface and family, since VPP has none for all. Where IPv6 is off there is none to be had, and
 * VPP tells by its advertisements where it is on.
 */
function addressQuestions(client: VppClient, dumps: Dumps, { addressesOf }: Scope): Fields[] {
  const names = namesOf(dumps)
  const told = client.serves('sw_interface_ip6nd_ra_dump')
  const ipv6 = new Set(dumps.sw_interface_ip6nd_ra_dump.map((row) => numberAt(row, 'sw_if_index')))
  const matters = (row: Fields): boolean =>
    addressesOf === undefined ||
    // What is made anew takes the VLANs on it along.
    [textAt(row, 'interface_name'), names.get(numberAt(row, 'sup_sw_if_index')) ?? ''].some((name) => addressesOf.has(name))
  return shownRows(dumps)
    .filter(matters)
    .map((row) => numberAt(row, 'sw_if_index'))
    .flatMap((index) => [
      { sw_if_index: index, is_ipv6: false },
      ...(told && !ipv6.has(index) ? [] : [{ sw_if_index: index, is_ipv6: true }]),
    ])
}

/** Addresses by index, without those that every interface gives itself. */
async function dumpAddresses(client: VppClient, questions: readonly Fields[]): Promise<ReadonlyMap<number, string[]>> {
  const rows = await Promise.all(questions.map((fields) => client.dump('ip_address_dump', fields)))
  const pairs = rows
    .flat()
    .map((row) => [numberAt(row, 'sw_if_index'), formatPrefix(parseInterfaceAddress(textAt(row, 'prefix')))] as const)
  const byIndex = Map.groupBy(
    pairs.filter(([, address]) => !address.toLowerCase().startsWith('fe80:')),
    ([index]) => index,
  )
  return new Map([...byIndex].map(([index, each]) => [index, each.map(([, address]) => address).toSorted()]))
}

function vlanMaking(row: Fields, port: string): Making {
  const flags = numberAt(row, 'sub_if_flags')
  return {
    driver: 'vlan',
    port,
    number: numberAt(row, 'sub_id'),
    outer: numberAt(row, 'sub_outer_vlan_id'),
    inner: numberAt(row, 'sub_number_of_tags') === 2 ? numberAt(row, 'sub_inner_vlan_id') : 0,
    protocol: (flags & dot1ad) === 0 ? 'dot1q' : 'dot1ad',
    exact: (flags & exactMatch) !== 0,
  }
}

interface Lookup {
  readonly names: ReadonlyMap<number, string>
  readonly links: ReadonlyMap<number, string>
  readonly memifs: ReadonlyMap<number, Fields>
}

function makingOf(row: Fields, lookup: Lookup): Making {
  const index = numberAt(row, 'sw_if_index')
  const parent = numberAt(row, 'sup_sw_if_index')
  if (parent !== index) return vlanMaking(row, lookup.names.get(parent) ?? '')
  const link = lookup.links.get(index)
  if (link !== undefined) return { driver: 'af-packet', link }
  const memif = lookup.memifs.get(index)
  if (memif !== undefined) {
    const role = numberAt(memif, 'role') === 0 ? 'master' : 'slave'
    return { driver: 'memif', socket: numberAt(memif, 'socket_id'), role, mac: textAt(row, 'l2_address') }
  }
  const instance = /^loop(\d+)$/.exec(textAt(row, 'interface_name'))?.[1]
  return instance === undefined ? { driver: 'card' } : { driver: 'loopback', instance: Number(instance) }
}

function advertisementsOf(row: Fields): Advertisements | null {
  if (!flagAt(row, 'send_radv')) return null
  const prefixes = rowsAt(row, 'prefixes').map((each) => ({
    prefix: formatPrefix(networkOf(parseInterfaceAddress(textAt(each, 'prefix')))),
    valid: numberAt(each, 'val_lifetime'),
    preferred: numberAt(each, 'pref_lifetime'),
    onLink: flagAt(each, 'onlink_flag'),
    autonomous: flagAt(each, 'autonomous_flag'),
    ending: flagAt(each, 'decrement_lifetime_flag'),
  }))
  return {
    managed: flagAt(row, 'adv_managed_flag'),
    other: flagAt(row, 'adv_other_flag'),
    lifetime: numberAt(row, 'adv_router_lifetime'),
    maximum: numberAt(row, 'max_radv_interval'),
    minimum: numberAt(row, 'min_radv_interval'),
    prefixes: prefixes.toSorted(byPrefix),
  }
}

/** Number of tags that a rewrite takes off: 3 and 4 are "pop 1" and "pop 2" (VPP, l2/l2_vtr.h); -1 for any other rewrite. */
function poppedBy(operation: number): number {
  return operation === 0 ? 0 : operation === 3 || operation === 4 ? operation - 2 : -1
}

function pathText(path: Fields, names: ReadonlyMap<number, string>): string {
  const address = fieldsAt(fieldsAt(path, 'nh'), 'address')
  const text = textAt(address, numberAt(path, 'proto') === 0 ? 'ip4' : 'ip6')
  return `${text} ${names.get(numberAt(path, 'sw_if_index')) ?? `#${numberAt(path, 'sw_if_index')}`}`
}

/** A rule in our spelling; what we never write is told apart from it. */
function ruleText(rule: Fields): string {
  const action = ['deny', 'permit', 'reflect'][numberAt(rule, 'is_permit')] ?? 'reflect'
  const plain =
    numberAt(rule, 'proto') === 0 && numberAt(rule, 'srcport_or_icmptype_first') === 0 && numberAt(rule, 'dstport_or_icmpcode_first') === 0
  const every = [numberAt(rule, 'srcport_or_icmptype_last'), numberAt(rule, 'dstport_or_icmpcode_last')].every((last) => last === anyPort)
  return `${action} ${textAt(rule, 'src_prefix')} ${textAt(rule, 'dst_prefix')}${plain && every ? '' : ' partly'}`
}

function byIndex(rows: readonly Fields[], field = 'sw_if_index'): ReadonlyMap<number, Fields> {
  return new Map(rows.map((row) => [numberAt(row, field), row]))
}

function attachmentsOf(dumps: Dumps): ReadonlyMap<number, Attachment[]> {
  const rows = dumps.abf_itf_attach_dump.map((row) => fieldsAt(row, 'attach'))
  const grouped = Map.groupBy(rows, (row) => numberAt(row, 'sw_if_index'))
  return new Map(
    [...grouped].map(([index, each]) => [
      index,
      each
        .map((row): Attachment => ({
          policy: numberAt(row, 'policy_id'),
          priority: numberAt(row, 'priority'),
          family: flagAt(row, 'is_ipv6') ? 6 : 4,
        }))
        .toSorted((a, b) => a.priority - b.priority || a.policy - b.policy),
    ]),
  )
}

/** Bridge domain of each member, and whether it is the routed interface of it. */
function bridgesOf(dumps: Dumps): ReadonlyMap<number, { readonly id: number; readonly routed: boolean }> {
  return new Map(
    dumps.bridge_domain_dump.flatMap((row) =>
      rowsAt(row, 'sw_if_details').map((member) => {
        const index = numberAt(member, 'sw_if_index')
        return [index, { id: numberAt(row, 'bd_id'), routed: index === numberAt(row, 'bvi_sw_if_index') }] as const
      }),
    ),
  )
}

function sidesOf(dumps: Dumps): ReadonlyMap<number, 'inside' | 'outside'> {
  return new Map([
    ...dumps.det44_interface_dump.map((row) => [numberAt(row, 'sw_if_index'), flagAt(row, 'is_inside') ? 'inside' : 'outside'] as const),
    ...nat64Sides(dumps.nat64_interface_dump),
  ])
}

function interfacesOf(dumps: Dumps, addresses: ReadonlyMap<number, string[]>): Map<string, { index: number; interface: VppInterface }> {
  const names = namesOf(dumps)
  const links = new Map(dumps.af_packet_dump.map((row) => [numberAt(row, 'sw_if_index'), textAt(row, 'host_if_name')]))
  const lookup = { names, links, memifs: byIndex(dumps.memif_dump) }
  const pairs = byIndex(dumps.lcp_itf_pair_get_v2, 'phy_sw_if_index')
  const bridges = bridgesOf(dumps)
  const crossed = byIndex(dumps.l2_xconnect_dump, 'rx_sw_if_index')
  const attached = attachmentsOf(dumps)
  const advertised = byIndex(dumps.sw_interface_ip6nd_ra_dump)
  const sides = sidesOf(dumps)
  return new Map(
    shownRows(dumps).map((row) => {
      const index = numberAt(row, 'sw_if_index')
      const ra = advertised.get(index)
      const cross = crossed.get(index)
      const each: VppInterface = {
        ...bare(makingOf(row, lookup)),
        up: (numberAt(row, 'flags') & up) !== 0,
        mtu: Number(listAt(row, 'mtu')[0]),
        ipv6: ra !== undefined,
        addresses: addresses.get(index) ?? [],
        twin: textAt(pairs.get(index) ?? {}, 'host_if_name') || null,
        bridge: bridges.get(index) ?? null,
        crossConnect: cross === undefined ? null : (names.get(numberAt(cross, 'tx_sw_if_index')) ?? null),
        popped: poppedBy(numberAt(row, 'vtr_op')),
        advertisements: ra === undefined ? null : advertisementsOf(ra),
        attachments: attached.get(index) ?? [],
        side: sides.get(index) ?? null,
      }
      return [textAt(row, 'interface_name'), { index, interface: each }] as const
    }),
  )
}

/** Routes of the main tables whose paths are all ours: a next hop on an interface. */
async function observeRoutes(client: VppClient, names: ReadonlyMap<number, string>): Promise<Things['routes']> {
  const tables = await Promise.all([false, true].map((is_ip6) => client.dump('ip_route_dump', { table: { table_id: 0, is_ip6 } })))
  const rows = tables.flat().map((row) => fieldsAt(row, 'route'))
  const pairs = rows.flatMap((route) => {
    const [path, ...others] = rowsAt(route, 'paths')
    const plain = path !== undefined && others.length === 0 && numberAt(path, 'type') === 0 && names.has(numberAt(path, 'sw_if_index'))
    return plain ? [[textAt(route, 'prefix'), { path: pathText(path, names) }] as const] : []
  })
  return Object.fromEntries(pairs)
}

function listsOf(dumps: Dumps): Map<number, { readonly tag: string; readonly rules: string[] }> {
  return new Map(
    dumps.acl_dump.map((row) => [numberAt(row, 'acl_index'), { tag: textAt(row, 'tag'), rules: rowsAt(row, 'r').map(ruleText) }]),
  )
}

function mapsOf(dumps: Dumps): Things['maps'] {
  const keys = dumps.det44_map_dump.map(
    (row) => `${textAt(row, 'in_addr')}/${numberAt(row, 'in_plen')} ${textAt(row, 'out_addr')}/${numberAt(row, 'out_plen')}`,
  )
  return Object.fromEntries(keys.map((key) => [key, {}]))
}

/** Whether a translation runs cannot be asked; it does when an interface has one of its sides, which nothing else gives. */
function servicesOf(dumps: Dumps): Things['services'] {
  return {
    ...(dumps.det44_interface_dump.length > 0 ? { det44: {} } : {}),
    ...(dumps.nat64_interface_dump.length > 0 ? { nat64: {} } : {}),
  }
}

/** Looks at a process, as far as the scope goes. Its routes are asked for only where they are ours: those of the core come from FRR, by the hundred thousand. */
export async function observeInstance(client: VppClient, which: VppInstance, scope: Scope = {}): Promise<ObservedInstance> {
  const missing = unserved(client)
  const dumps = await dumpAll(client)
  const interfaces = interfacesOf(dumps, await dumpAddresses(client, addressQuestions(client, dumps, scope)))
  const names = new Map([...interfaces].map(([name, { index }]) => [index, name]))
  const lists = listsOf(dumps)
  const policies = dumps.abf_policy_dump.map((row) => fieldsAt(row, 'policy'))
  const things: Things = {
    ...nothing,
    services: servicesOf(dumps),
    sockets: Object.fromEntries(
      dumps.memif_socket_filename_dump.map((row) => [numberAt(row, 'socket_id'), { path: textAt(row, 'socket_filename') }]),
    ),
    bridges: Object.fromEntries(dumps.bridge_domain_dump.map((row) => [numberAt(row, 'bd_id'), {}])),
    interfaces: Object.fromEntries([...interfaces].map(([name, each]) => [name, each.interface])),
    lists: Object.fromEntries([...lists.values()].filter(({ tag }) => tag !== '').map(({ tag, rules }) => [tag, { rules }])),
    policies: Object.fromEntries(
      policies.map((policy) => {
        const index = numberAt(policy, 'acl_index')
        const paths = rowsAt(policy, 'paths').map((path) => pathText(path, names))
        return [numberAt(policy, 'policy_id'), { list: lists.get(index)?.tag ?? `#${index}`, paths: paths.toSorted() }]
      }),
    ),
    routes: which === 'core' ? {} : await observeRoutes(client, names),
    neighbours: which === 'core' ? {} : await observeNeighbours(client, names),
    maps: mapsOf(dumps),
    ...nat64Things(dumps.nat64_prefix_dump, dumps.nat64_pool_addr_dump),
    timeouts: await observeTimeouts(client),
  }
  return {
    things,
    indexes: {
      interfaces: new Map([...interfaces].map(([name, { index }]) => [name, index])),
      lists: new Map([...lists].map(([index, { tag }]) => [tag, index])),
    },
    carriers: new Set(
      dumps.sw_interface_dump.filter((row) => (numberAt(row, 'flags') & linkUp) !== 0).map((row) => textAt(row, 'interface_name')),
    ),
    unserved: missing,
    freeHeap: which === 'core' ? Number.POSITIVE_INFINITY : freeHeapOf(await client.cli('show memory main-heap')),
    netns: client.serves('lcp_default_ns_get') ? textAt(await client.request('lcp_default_ns_get'), 'netns') : '',
  }
}
