/** Cards, loopbacks, bridges and cross-connects, which both layouts write nearly alike. */
import { loopbackName, bridgeName, crossConnectName, vlanName } from '../../interfaces/model.ts'
import type { Ledger } from '../ledger.ts'
import { given, listed, said, type DraftOf } from '../model.ts'
import { chooseNames, moveName, type Wanted } from '../names.ts'
import { fullPciAddress } from '../networks.ts'
import { moveAddresses } from './addresses.ts'
import type { OldAddresses, OldBridge, OldPassthrough } from './fields.ts'

type Nic = NonNullable<DraftOf<'interfaces'>['nic']>
type Loopback = DraftOf<'loopbacks'>
type Bridge = DraftOf<'bridges'>
type CrossConnect = DraftOf<'crossConnects'>

/** New names by all the names that the old document may use for an interface. */
export type References = ReadonlyMap<string, string>

/** Pairs of old and new names; the first of equal old ones counts. */
export function references(pairs: readonly (readonly [string, string])[]): References {
  return new Map(pairs.toReversed())
}

/** Writes down a name by which the old document refers to an interface. A name of nothing stays, and the check refuses it. */
export function moveReference(ledger: Ledger, from: string, old: string, known: References, to: string): string {
  const name = known.get(old)
  if (name === old) ledger.kept(from, to)
  else ledger.changed(from, to, name === undefined ? 'names nothing in the old document' : `${JSON.stringify(old)} is ${name} now`)
  return name ?? old
}

interface OldCard {
  readonly iface: string
  readonly pci?: string | null | undefined
}

/** How a card is found: by its PCI address, which VPP needs, or else by its Linux name. */
export function moveCard(ledger: Ledger, old: OldCard, from: string, to: string): Nic {
  const written = said(old.pci)
  const pci = written === undefined ? undefined : fullPciAddress(written)
  ledger.expect(`${from}.pci`)
  if (pci === undefined) {
    ledger.kept(`${from}.iface`, `${to}.nic.name`)
    ledger.dropped(`${from}.pci`, `${JSON.stringify(written)} is no PCI address; the card is found by its name`)
    return { name: old.iface }
  }
  if (pci === written) ledger.kept(`${from}.pci`, `${to}.nic.pci`)
  else ledger.changed(`${from}.pci`, `${to}.nic.pci`, `${written} in full form`)
  ledger.derived(`${from}.iface`, `${to}.nic.pci`, 'the card is found by its PCI address')
  return { pci }
}

/** Twins in Linux, which are no choice here. */
export function leaveTwin(ledger: Ledger, created: boolean | null | undefined, from: string): void {
  if (created === false) ledger.dropped(`${from}.create_lcp`, 'Linux and FRR see every interface here')
  else ledger.derived(`${from}.create_lcp`, [], 'Linux and FRR see every interface')
}

/** Suffixes that the VLANs of bridges and cross-connects put behind the name of a port. */
export function sharedSuffixes(
  names: readonly (string | null | undefined)[],
  bridges: readonly OldBridge[],
  crosses: readonly { readonly old: OldPassthrough; readonly ends: readonly string[] }[],
): string[] {
  const members = bridges.flatMap((bridge) => bridge.members ?? []).filter((member) => names.includes(member.interface))
  const tagged = members.flatMap(({ vlan_id: vlan }) => (typeof vlan === 'number' ? [vlanName('', vlan)] : []))
  const ours = crosses.filter(({ ends }) => ends.some((end) => names.includes(end)))
  return [...tagged, ...ours.map(({ old }) => vlanName('', old.vlan_id, old.inner_vlan ?? undefined))]
}

export interface OldLoopback extends OldAddresses {
  readonly instance: number
  readonly name?: string | null | undefined
  readonly create_lcp?: boolean | null | undefined
}

function wantedLoopback({ instance, name }: OldLoopback): Wanted {
  return { text: said(name), fallback: loopbackName({ instance, addresses: [] }), longest: 15 }
}

function wantedBridge({ bridge_id: id, name }: OldBridge): Wanted {
  return { text: said(name), fallback: bridgeName({ id, role: 'internal', members: [], mtu: 1500, addresses: [] }), longest: 15 }
}

/** The names of everything that carries addresses, unlike each other. */
export interface LinkNames {
  readonly ports: readonly string[]
  readonly loopbacks: readonly string[]
  readonly bridges: readonly string[]
}

export function nameLinks(ports: readonly Wanted[], loopbacks: readonly OldLoopback[], bridges: readonly OldBridge[]): LinkNames {
  const names = chooseNames([...ports, ...loopbacks.map(wantedLoopback), ...bridges.map(wantedBridge)])
  const rest = names.slice(ports.length)
  return { ports: names.slice(0, ports.length), loopbacks: rest.slice(0, loopbacks.length), bridges: rest.slice(loopbacks.length) }
}

/** Name and description, for things that need none of their own. */
function moveOwnName(ledger: Ledger, old: string | null | undefined, name: string, from: string, to: string) {
  const text = said(old)
  ledger.expect(`${from}.name`)
  return text === undefined ? {} : { name, ...moveName(ledger, `${from}.name`, text, name, to) }
}

export function moveLoopback(ledger: Ledger, old: OldLoopback, name: string, index: number): Loopback {
  const place = `loopbacks[${index}]`
  ledger.kept(`${place}.instance`, `${place}.instance`)
  leaveTwin(ledger, old.create_lcp, place)
  const named = moveOwnName(ledger, old.name, name, place, place)
  return { instance: old.instance, ...named, ...listed('addresses', moveAddresses(ledger, old, place, place)) }
}

function moveMembers(ledger: Ledger, old: OldBridge, known: References, from: string, to: string): NonNullable<Bridge['members']> {
  return (old.members ?? []).map((member, index) => {
    const [source, target] = [`${from}.members[${index}]`, `${to}.members[${index}]`]
    ledger.kept(`${source}.vlan_id`, `${target}.vlan`)
    return {
      interface: moveReference(ledger, `${source}.interface`, member.interface, known, `${target}.interface`),
      ...given('vlan', member.vlan_id),
    }
  })
}

export function moveBridge(
  ledger: Ledger,
  old: OldBridge & OldAddresses & { readonly create_lcp?: boolean | null | undefined },
  name: string,
  known: References,
  index: number,
): Bridge {
  const [from, to] = [`bvi_domains[${index}]`, `bridges[${index}]`]
  ledger.kept(`${from}.bridge_id`, `${to}.id`)
  ledger.expect(`${from}.members`)
  leaveTwin(ledger, old.create_lcp, from)
  return {
    id: old.bridge_id,
    ...moveOwnName(ledger, old.name, name, from, to),
    ...listed('members', moveMembers(ledger, old, known, from, to)),
    ...listed('addresses', moveAddresses(ledger, old, from, to)),
  }
}

export interface Passthrough {
  readonly old: OldPassthrough
  /** Names of ports of the new document. */
  readonly from: string
  readonly to: string
}

/** The default name of each cross-connect, or one of its own where an earlier one has that already. */
function crossConnectNames(ledger: Ledger, passthroughs: readonly Passthrough[], taken: ReadonlySet<string>): (string | undefined)[] {
  const defaults = passthroughs.map(({ old, from, to }) =>
    crossConnectName({ from, to, protocol: 'dot1q', vlan: old.vlan_id, ...given('innerVlan', old.inner_vlan) }),
  )
  const used = new Set([...taken, ...defaults])
  return defaults.map((name, index) => {
    if (defaults.indexOf(name) === index && !taken.has(name)) return undefined
    const [own = name] = chooseNames([{ text: name, fallback: name, longest: 12 }], used)
    used.add(own)
    ledger.derived(`vlan_passthrough[${index}]`, `crossConnects[${index}].name`, `${name} is taken`)
    return own
  })
}

/** The cross-connects; `taken` are the names of all other interfaces of the new document. */
export function moveCrossConnects(ledger: Ledger, passthroughs: readonly Passthrough[], taken: ReadonlySet<string>): CrossConnect[] {
  const names = crossConnectNames(ledger, passthroughs, taken)
  return passthroughs.map(({ old, from, to }, index) => {
    const [source, target] = [`vlan_passthrough[${index}]`, `crossConnects[${index}]`]
    ledger.kept(`${source}.vlan_id`, `${target}.vlan`)
    ledger.kept(`${source}.vlan_type`, `${target}.protocol`)
    ledger.kept(`${source}.inner_vlan`, `${target}.innerVlan`)
    const tags = { vlan: old.vlan_id, ...given('protocol', old.vlan_type), ...given('innerVlan', old.inner_vlan) }
    return { ...given('name', names[index]), from, to, ...tags }
  })
}
