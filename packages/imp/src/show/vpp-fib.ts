/** What VPP forwards by, in the form in which the table of the kernel is shown. */
import { z } from 'zod'
import {
  bits,
  formatPrefix,
  networkOf,
  parseAddress,
  parseInterfaceAddress,
  parsePrefix,
  type Family,
  type Prefix,
} from '@imp/kit/base/ip.ts'
import { parse } from '@imp/kit/base/schema.ts'
import type { FibEntry } from './fib.ts'
import { interfaceNames, noInterface, type VppAnswers } from './vpp.ts'

const Path = z.looseObject({
  sw_if_index: z.int(),
  weight: z.int(),
  preference: z.int(),
  type: z.int(),
  proto: z.int(),
  nh: z.looseObject({ address: z.looseObject({ ip4: z.string(), ip6: z.string() }) }),
})
type Path = z.output<typeof Path>

const Route = z.looseObject({ prefix: z.string(), src: z.int(), paths: z.array(Path) })
type Route = z.output<typeof Route>
const RouteRow = z.looseObject({ route: Route })
const Lookup = z.looseObject({ retval: z.int(), route: z.unknown() })
const SourceRow = z.looseObject({ src: z.looseObject({ id: z.int(), name: z.string() }) })

/** fib_path_type of VPP's fib_types.api, in the words of iproute2 where it has one. */
const types: readonly string[] = [
  'unicast',
  'local',
  'blackhole',
  'udp-encapsulation',
  'bier',
  'unreachable',
  'prohibit',
  'source-lookup',
  'dvr',
  'interface-receive',
  'classify',
]

interface Names {
  readonly interfaces: ReadonlyMap<number, string>
  /** Who makes entries, by VPP's number of them: `lcp-rt`, `interface`, `API`. */
  readonly sources: ReadonlyMap<number, string>
}

function hopOf({ sw_if_index, proto, nh, weight }: Path, { interfaces }: Names): FibEntry['hops'][number] {
  const address = proto === 1 ? nh.address.ip6 : nh.address.ip4
  const unset = address === '0.0.0.0' || address === '::'
  const link = sw_if_index === noInterface ? undefined : (interfaces.get(sw_if_index) ?? `#${sw_if_index}`)
  return { ...(unset ? {} : { address }), ...(link === undefined ? {} : { interface: link }), weight }
}

function entryOf({ prefix, src, paths }: Route, names: Names): FibEntry {
  const type = types[paths[0]?.type ?? 2] ?? 'other'
  return {
    // The entry of an address on an interface has it, not its network.
    prefix: formatPrefix(networkOf(parseInterfaceAddress(prefix))),
    type,
    protocol: names.sources.get(src) ?? `source ${src}`,
    metric: paths[0]?.preference ?? 0,
    hops: type === 'unicast' ? paths.map((path) => hopOf(path, names)).filter((hop) => Object.keys(hop).length > 1) : [],
  }
}

async function namesOf(vpp: VppAnswers): Promise<Names> {
  const [interfaces, sources] = await Promise.all([interfaceNames(vpp), vpp.dump('fib_source_dump')])
  const known = parse(z.array(SourceRow), sources, 'fib_source_dump').map(({ src }) => [src.id, src.name] as const)
  return { interfaces, sources: new Map(known) }
}

async function dumpTable(vpp: VppAnswers, family: Family): Promise<Route[]> {
  // Source 0 stands for all of them.
  const rows = await vpp.dump('ip_route_v2_dump', { src: 0, table: { table_id: 0, is_ip6: family === 6 } })
  return parse(z.array(RouteRow), rows, 'ip_route_v2_dump').map(({ route }) => route)
}

/** The entry of a prefix, or the longest that covers it; none when VPP has none. */
async function find(vpp: VppAnswers, prefix: Prefix, exact: boolean): Promise<Route[]> {
  const reply = await vpp.request('ip_route_lookup_v2', { table_id: 0, exact: exact ? 1 : 0, prefix: formatPrefix(prefix) })
  const { retval, route } = parse(Lookup, reply, 'ip_route_lookup_v2')
  return retval < 0 ? [] : [parse(Route, route, 'ip_route_lookup_v2')]
}

/** Everything, the entry of exactly one prefix, or the one that packets to an address follow. */
export async function lookAtVppFib(vpp: VppAnswers, destination?: string): Promise<FibEntry[]> {
  const names = await namesOf(vpp)
  const routes = async (): Promise<Route[]> => {
    if (destination === undefined) return (await Promise.all([dumpTable(vpp, 4), dumpTable(vpp, 6)])).flat()
    if (destination.includes('/')) return find(vpp, parsePrefix(destination), true)
    const address = parseAddress(destination)
    return find(vpp, { ...address, length: bits(address.family) }, false)
  }
  return (await routes()).map((route) => entryOf(route, names))
}
