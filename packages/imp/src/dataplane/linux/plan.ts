/** The difference between what the kernel shall have and what it has, as changes in the order in which they disturb least. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import { sameRule, type Change } from './change.ts'
import type { DesiredLink, DesiredLinux, DesiredTable, MadeLinux, TableName } from './desired.ts'
import { bringUp, definitionOf, emit, releasePort, removeLink, setMaster, takeDown, type Draft } from './draft.ts'
import { displaced, isIpv6, presentOf, unknownMtu } from './effect.ts'
import type { ObservedLink, ObservedLinux } from './observe.ts'
import { findPorts, renamePorts } from './ports.ts'
import { sameTable, sourceOf } from './table.ts'

export interface SysctlChange {
  readonly key: string
  /** Null when the key comes into being with its link. */
  readonly before: string | null
  readonly after: string
}

export interface TableChange {
  readonly table: TableName
  readonly before: string | null
  readonly after: string | null
}

/** What the translator of NAT64 is told, before and after; null while it does not run. */
export interface TranslatorChange {
  readonly before: string | null
  readonly after: string | null
}

export interface LinuxPlan {
  /** Cards to bring into the namespace, by the names that they have outside. */
  readonly bring: readonly string[]
  /** Links: made, renamed, put together. */
  readonly prepare: readonly Change[]
  readonly sysctls: readonly SysctlChange[]
  /** Links up, addresses and rules added. */
  readonly activate: readonly Change[]
  readonly tables: readonly TableChange[]
  /** Undefined when the translator runs as it shall, or shall not and does not. */
  readonly translator?: TranslatorChange
  /** What is no longer wanted, to be taken away when nothing refers to it any more. */
  readonly cleanUp: readonly Change[]
}

function matches(link: ObservedLink, want: DesiredLink): boolean {
  if (want.kind !== 'vlan') return link.kind === want.kind
  return link.kind === 'vlan' && link.parent === want.parent && link.vlan === want.vlan && link.protocol === want.protocol
}

/** Whether a link is one that we make. */
function isVirtual({ kind }: DesiredLink): boolean {
  return kind === 'vlan' || kind === 'bridge' || kind === 'tun'
}

/** What tells VLANs of a port apart; undefined for other links. */
function tagOf({ kind, parent, vlan, protocol }: ObservedLink | DesiredLink): string | undefined {
  return kind === 'vlan' ? `${parent} ${vlan} ${protocol}` : undefined
}

/** Clears the way of virtual links: an old one of ours with the name or the tag of one goes, anybody else's is a conflict. */
function clearTheWay(draft: Draft, into: Change[], virtual: readonly DesiredLink[]): void {
  const byTag = Map.groupBy(draft.present.links.values(), tagOf)
  const made = new Map(draft.made.links.map((link) => [link.name, link]))
  for (const want of virtual) {
    const tagged = want.kind === 'vlan' ? (byTag.get(tagOf(want)) ?? []) : []
    for (const name of new Set([want.name, ...tagged.map((link) => link.name)])) {
      const link = draft.present.links.get(name)
      if (link === undefined || (name === want.name && matches(link, want))) continue
      const old = made.get(name)
      if (old === undefined || !isVirtual(old)) {
        throw new Fault('conflict', `${want.name} cannot be made: there is ${name}, which was not made by imp`, {
          hint: `remove it (ip link delete ${name}), or choose another name or VLAN`,
        })
      }
      removeLink(draft, into, old)
    }
  }
}

function planLinks(draft: Draft): Change[] {
  const changes: Change[] = []
  const virtual = draft.want.links.filter(isVirtual)
  clearTheWay(draft, changes, virtual)
  // A VLAN is refused an MTU that its port does not have yet.
  changes.push(...planMtus(draft, 'raise'))
  for (const link of virtual)
    if (!draft.present.links.has(link.name)) emit(draft, changes, { change: 'add-link', link: definitionOf(link, link.mtu) })
  for (const link of draft.want.links) setMaster(draft, changes, link.name, link.master ?? null)
  return [...changes, ...planMtus(draft, 'all')]
}

/** A VLAN's MTU is at most that of the link below: greater values from the ground up, smaller ones from the top down. */
function planMtus(draft: Draft, which: 'raise' | 'all'): Change[] {
  const changes: Change[] = []
  const differing = draft.want.links.flatMap((link) => {
    const before = draft.present.links.get(link.name)?.mtu
    return link.mtu === undefined || before === undefined || before === link.mtu ? [] : [{ link: link.name, before, after: link.mtu }]
  })
  const raised = differing.filter(({ before, after }) => after > before)
  const lowered = which === 'raise' ? [] : differing.filter(({ before, after }) => after < before).toReversed()
  for (const each of [...raised, ...lowered])
    emit(draft, changes, { change: 'mtu', ...each, before: each.before === unknownMtu ? each.after : each.before })
  return changes
}

function addAddresses(draft: Draft, into: Change[], link: DesiredLink): void {
  const present = draft.present.links.get(link.name)?.addresses ?? []
  for (const address of link.addresses.filter((each) => !present.includes(each))) {
    const change: Change = { change: 'add-address', link: link.name, address }
    emit(draft, into, ...displaced(change, draft.present), change)
  }
}

function planActivation(draft: Draft, restored: readonly Change[]): Change[] {
  const changes: Change[] = []
  for (const link of draft.want.links) if (link.up) bringUp(draft, changes, link.name)
  for (const link of draft.want.links.toReversed()) if (!link.up) takeDown(draft, changes, link.name)
  for (const link of draft.want.links) addAddresses(draft, changes, link)
  emit(draft, changes, ...restored)
  const missing = draft.want.rules.filter((rule) => !draft.present.rules.some((each) => sameRule(each, rule)))
  emit(draft, changes, ...missing.map((rule): Change => ({ change: 'add-rule', rule })))
  return changes
}

/** IPv6 addresses of others that links lost while their cards were renamed; `names` are the new names by the old ones. */
function restoredAddresses(draft: Draft, lost: readonly Change[], names: ReadonlyMap<string, string>): Change[] {
  return lost.flatMap((change): Change[] => {
    if (change.change !== 'remove-address' || !isIpv6(change.address)) return []
    const { link, address } = change
    const name = names.get(link) ?? link
    const ours = [...draft.made.links, ...draft.want.links].some(
      (each) => [link, name].includes(each.name) && each.addresses.includes(address),
    )
    return ours ? [] : [{ change: 'add-address', link: name, address }]
  })
}

/** The interface that a sysctl key belongs to; undefined for keys of the whole namespace. */
function linkOfKey(key: string): string | undefined {
  const name = /^net\.ipv[46]\.conf\.([^.]+)\./.exec(key)?.[1]?.replaceAll('/', '.')
  return name === 'all' || name === 'default' ? undefined : name
}

/** Names that belong to another link, or to one at all, only after these changes: what their keys say now is not about them. */
function freshNames(changes: readonly Change[]): ReadonlySet<string> {
  return new Set(
    changes.flatMap((change) => (change.change === 'rename' ? [change.to] : change.change === 'add-link' ? [change.link.name] : [])),
  )
}

function planSysctls(want: DesiredLinux, have: ObservedLinux, fresh: ReadonlySet<string>): SysctlChange[] {
  return Object.entries(want.sysctls).flatMap(([key, after]) => {
    const isFresh = fresh.has(linkOfKey(key) ?? '')
    const before = isFresh ? null : (have.sysctls.get(key) ?? null)
    // A key that the kernel lacks although its link is there belongs to a feature that is off. A new namespace shows no keys yet.
    const settable = before !== null || isFresh || have.sysctls.size === 0
    return before === after || !settable ? [] : [{ key, before, after }]
  })
}

function isCurrent(want: DesiredTable, have: ObservedLinux, made: MadeLinux): boolean {
  const present = have.tables.find((table) => sameTable(table, want))
  const remembered = made.tables.find((table) => sameTable(table, want))
  if (present?.source === undefined || present.source !== sourceOf(want.text)) return false
  return remembered === undefined || remembered.listing === present.listing
}

function planTables(want: DesiredLinux, have: ObservedLinux, made: MadeLinux): TableChange[] {
  const text = (name: TableName): string | null => have.tables.find((table) => sameTable(table, name))?.text ?? null
  const nameOf = ({ family, name }: TableName): TableName => ({ family, name })
  const loaded = want.tables
    .filter((table) => !isCurrent(table, have, made))
    .map((table) => ({ table: nameOf(table), before: text(table), after: table.text }))
  const unwanted = have.tables.filter((table) => !want.tables.some((each) => sameTable(each, table)))
  const ours = unwanted.filter((table) => table.source !== undefined || made.tables.some((each) => sameTable(each, table)))
  return [...loaded, ...ours.map((table) => ({ table: nameOf(table), before: table.text, after: null }))]
}

/** A `missing-program` fault when the translator shall run and cannot. */
function planTranslator(want: DesiredLinux, have: ObservedLinux): Pick<LinuxPlan, 'translator'> {
  const before = have.translator?.text ?? null
  const after = want.translator ?? null
  if (before === after) return {}
  if (after !== null && have.translator?.installed === false) {
    throw new Fault('missing-program', 'NAT64 of the Linux dataplane needs tayga, which is not installed', {
      hint: 'apt-get install tayga',
    })
  }
  return { translator: { before, after } }
}

/** Whether a link is the one that we made; the port below a VLAN may have got another name since. */
function isStill(link: ObservedLink, made: DesiredLink): boolean {
  return link.kind === made.kind && link.vlan === made.vlan && link.protocol === made.protocol
}

function planCleanUp(draft: Draft, renamed: ReadonlyMap<string, string>): Change[] {
  const { want, made, present } = draft
  const wantedLinks = new Map(want.links.map((link) => [link.name, link]))
  const changes: Change[] = []
  const goneRules = made.rules.filter((rule) => !want.rules.some((each) => sameRule(each, rule)))
  const staleRules = goneRules.filter((rule) => present.rules.some((each) => sameRule(each, rule)))
  emit(draft, changes, ...staleRules.map((rule): Change => ({ change: 'remove-rule', rule })))
  for (const old of made.links) {
    const name = renamed.get(old.name) ?? old.name
    const wanted = wantedLinks.get(name)?.addresses ?? []
    const there = present.links.get(name)?.addresses ?? []
    const gone = old.addresses.filter((address) => there.includes(address) && !wanted.includes(address))
    emit(draft, changes, ...gone.map((address): Change => ({ change: 'remove-address', link: name, address })))
  }
  const unwanted = made.links.filter((old) => !wantedLinks.has(renamed.get(old.name) ?? old.name))
  for (const old of unwanted.toReversed()) {
    const link = present.links.get(old.name)
    if (link === undefined) continue
    if (old.kind === 'port') releasePort(draft, changes, old)
    else if (isStill(link, old)) removeLink(draft, changes, old)
  }
  // A bridge takes another MTU when members leave it.
  return [...changes, ...planMtus(draft, 'all')]
}

/** What leads from `have` to `want`, knowing what we made before. Faults `not-found` and `conflict` when that is impossible. */
export function planLinux(want: DesiredLinux, have: ObservedLinux, made: MadeLinux): LinuxPlan {
  const found = findPorts(want.links, have.links, have.outside)
  const brought = found.filter((each) => each.outside).map((each) => ({ ...each.link, up: false, addresses: [] }))
  const links = [...have.links, ...brought]
  const draft: Draft = { want, made, present: presentOf(links, have.rules) }
  const prepare: Change[] = []
  renamePorts(draft, prepare, found)
  const renamed = new Map(found.map(({ port, link }) => [link.name, port.name]))
  const restored = restoredAddresses(draft, prepare, renamed)
  prepare.push(...planLinks(draft))
  const activate = planActivation(draft, restored)
  return {
    bring: brought.map((link) => link.name),
    prepare,
    sysctls: planSysctls(want, have, freshNames(prepare)),
    activate,
    tables: planTables(want, have, made),
    ...planTranslator(want, have),
    cleanUp: planCleanUp(draft, renamed),
  }
}
