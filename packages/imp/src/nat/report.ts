/** What a NAT configuration means for its operator: ports for each host, memory, and who gets other ports than before. */
import { blockAt, compileMapping, dotted, firstPort, type CompiledMapping, type PortBlock } from './mapping.ts'
import type { NatMapping } from './model.ts'

export interface MappingReport extends NatMapping {
  readonly hosts: number
  readonly addresses: number
  readonly hostsPerAddress: number
  readonly portsPerHost: number
  /** Ports of each outside address that no host has, beside those under 1024. */
  readonly sparePorts: number
  /** Flows that one host can have at once: to one destination (address and port) for each protocol, and at all when limited. */
  readonly flowsPerHost: { readonly toOneDestination: number; readonly inAll?: number }
}

export interface MemoryReport {
  /** Bytes that the dataplane takes for the mappings themselves, whether anybody uses them or not. */
  readonly mappings: number
  /** Bytes for flows when every port of every host is in use once; VPP takes them at once, as part of `mappings`. */
  readonly flowsAtMost?: number
}

export type Dataplane = 'linux' | 'vpp'

/** Measured: 65,536 elements of an nftables map take 5.9 MiB of kernel memory. */
const bytesPerElement = 94
/** struct nf_conn (256 bytes, /proc/slabinfo) and its extension area with NAT (128 bytes) on amd64. */
const bytesPerFlow = 384
/** VPP's det44 allocates 1000 sessions of 24 bytes for every inside host when a mapping is added (src/plugins/nat/det44/det44.h). */
const det44Sessions = 1000
const det44SessionBytes = 24
const portsPerAddress = 65_536 - firstPort

export function reportMapping(mapping: NatMapping, dataplane: Dataplane): MappingReport {
  const { hosts, pool, ratio, portsPerHost } = compileMapping(mapping)
  return {
    inside: mapping.inside,
    outside: mapping.outside,
    hosts,
    addresses: pool,
    hostsPerAddress: ratio,
    portsPerHost,
    sparePorts: portsPerAddress - ratio * portsPerHost,
    flowsPerHost: { toOneDestination: portsPerHost, ...(dataplane === 'vpp' ? { inAll: det44Sessions } : {}) },
  }
}

export function reportMemory(mappings: readonly MappingReport[], dataplane: Dataplane): MemoryReport {
  const hosts = mappings.reduce((sum, each) => sum + each.hosts, 0)
  if (dataplane === 'vpp') return { mappings: hosts * det44Sessions * det44SessionBytes }
  const flows = mappings.reduce((sum, each) => sum + each.hosts * each.portsPerHost, 0)
  return { mappings: hosts * bytesPerElement, flowsAtMost: flows * bytesPerFlow }
}

/** Neighbouring inside hosts to which the same happens. `before` and `after` are the blocks of the first. */
export interface Renumbering {
  readonly change: 'renumbered' | 'added' | 'removed'
  readonly first: string
  readonly last: string
  readonly hosts: number
  readonly before?: PortBlock
  readonly after?: PortBlock
}

interface Span {
  readonly change: Renumbering['change']
  readonly start: number
  /** One after the last. */
  readonly end: number
}

function covers({ insideBase, hosts }: CompiledMapping, address: number): boolean {
  return address >= insideBase && address < insideBase + hosts
}

function blockFor(mapping: CompiledMapping | undefined, address: number): PortBlock | undefined {
  if (mapping === undefined) return undefined
  const { outside, first, last } = blockAt(mapping, address - mapping.insideBase)
  return { address: dotted(outside), firstPort: first, lastPort: last }
}

function differs(before: CompiledMapping, after: CompiledMapping, address: number): boolean {
  const [a, b] = [blockAt(before, address - before.insideBase), blockAt(after, address - after.insideBase)]
  return a.outside !== b.outside || a.first !== b.first || a.last !== b.last
}

/** Hosts of `start` to `end` that both mappings have and whose blocks differ, as spans. */
function renumberedSpans(before: CompiledMapping, after: CompiledMapping, start: number, end: number): Span[] {
  const spans: Span[] = []
  let open: number | undefined
  for (let address = start; address <= end; address += 1) {
    const changed = address < end && differs(before, after, address)
    if (changed) open ??= address
    else if (open !== undefined) {
      spans.push({ change: 'renumbered', start: open, end: address })
      open = undefined
    }
  }
  return spans
}

function spansOf(before: CompiledMapping | undefined, after: CompiledMapping | undefined, start: number, end: number): Span[] {
  if (before !== undefined && after !== undefined) return renumberedSpans(before, after, start, end)
  if (before !== undefined) return [{ change: 'removed', start, end }]
  return after === undefined ? [] : [{ change: 'added', start, end }]
}

/** Whose ports change between two configurations, in order of the inside addresses. Neither list may have overlaps. */
export function renumberings(before: readonly NatMapping[], after: readonly NatMapping[]): Renumbering[] {
  const [old, fresh] = [before.map(compileMapping), after.map(compileMapping)]
  const edges = [...old, ...fresh].flatMap(({ insideBase, hosts }) => [insideBase, insideBase + hosts])
  const borders = [...new Set(edges)].toSorted((a, b) => a - b)
  return borders.slice(0, -1).flatMap((start, index) => {
    const was = old.find((mapping) => covers(mapping, start))
    const will = fresh.find((mapping) => covers(mapping, start))
    return spansOf(was, will, start, borders[index + 1] ?? start).map((span) => renumbering(span, was, will))
  })
}

function renumbering({ change, start, end }: Span, was: CompiledMapping | undefined, will: CompiledMapping | undefined): Renumbering {
  const [before, after] = [blockFor(was, start), blockFor(will, start)]
  return {
    change,
    first: dotted(start),
    last: dotted(end - 1),
    hosts: end - start,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  }
}
