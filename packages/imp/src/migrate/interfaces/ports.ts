/** Ports and their VLANs in the later layout. */
import { vlanName } from '../../interfaces/model.ts'
import type { Ledger } from '../ledger.ts'
import { given, listed, said, type DraftOf } from '../model.ts'
import { longestPortName, moveName, type Wanted } from '../names.ts'
import { moveAddress, moveAddresses } from '../reference/addresses.ts'
import { leaveTwin, moveCard, sharedSuffixes } from '../reference/links.ts'
import { moveLayer3, type Running } from './layer3.ts'
import type { InterfacesDocument, OldInterface, OldSubinterface } from './schema.ts'
import { guessRole, type Evidence, type Guess } from './upstream.ts'

type Interface = DraftOf<'interfaces'>
type Subinterface = NonNullable<Interface['subinterfaces']>[number]

/** What the rest of the document says about all ports. */
export interface Surroundings {
  readonly evidence: Evidence
  readonly running: Running
}

function portName(old: OldInterface): string {
  return said(old.name) ?? old.iface
}

/** Names by which the old document may refer to a port, the most likely first. */
export function portAliases(old: OldInterface): string[] {
  return [portName(old), old.iface]
}

/** The same for a VLAN: its names in VPP and in Linux. */
export function subinterfaceAliases(port: OldInterface, { vlan_id: vlan }: OldSubinterface): string[] {
  return portAliases(port).flatMap((name) => [vlanName(name, vlan), `${name}-v${vlan}`])
}

export function wantedPort(old: OldInterface, document: InterfacesDocument): Wanted {
  const own = (old.subinterfaces ?? []).map(({ vlan_id: vlan }) => vlanName('', vlan))
  const crosses = (document.vlan_passthrough ?? []).map((each) => ({ old: each, ends: [each.from_interface, each.to_interface] }))
  const shared = sharedSuffixes(portAliases(old), document.bvi_domains ?? [], crosses)
  return { text: portName(old), fallback: 'port', longest: longestPortName([...own, ...shared]) }
}

function movePortAddresses(ledger: Ledger, old: OldInterface, from: string, to: string): string[] {
  const addresses: string[] = []
  for (const family of ['ipv4', 'ipv6'] as const) {
    ledger.expect(`${from}.${family}`)
    for (const [index, { address, prefix }] of (old[family] ?? []).entries()) {
      const place = `${from}.${family}[${index}]`
      moveAddress(ledger, { text: address, length: prefix, from: `${place}.address`, lengthFrom: `${place}.prefix` }, addresses, to)
    }
  }
  return addresses
}

function moveSubinterface(
  ledger: Ledger,
  old: OldSubinterface,
  port: { from: string; to: string; index: number; guess: Guess; aliases: string[] },
  around: Surroundings,
): Subinterface {
  const [from, to] = [`${port.from}.subinterfaces[${port.index}]`, `${port.to}.subinterfaces[${port.index}]`]
  const addresses = moveAddresses(ledger, old, from, to)
  const guess = guessRole(around.evidence, port.aliases, addresses)
  const differs = guess.role !== port.guess.role
  ledger.kept(`${from}.vlan_id`, `${to}.vlan`)
  if (differs) ledger.derived(from, `${to}.role`, `${guess.role}: ${guess.why}`)
  leaveTwin(ledger, old.create_lcp, from)
  return {
    vlan: old.vlan_id,
    ...(differs ? { role: guess.role } : {}),
    ...listed('addresses', addresses),
    ...moveLayer3(ledger, old, { from, to }, addresses, { kind: 'subinterface', twin: old.create_lcp ?? true }, around.running),
  }
}

function movePortName(ledger: Ledger, old: OldInterface, name: string, from: string, to: string): Pick<Interface, 'name' | 'description'> {
  ledger.expect(`${from}.name`)
  const written = said(old.name)
  if (written !== undefined) return { name, ...moveName(ledger, `${from}.name`, written, name, to) }
  ledger.derived(from, `${to}.name`, 'without a name of its own it has that of its card')
  return { name }
}

/** One port with its VLANs, under its new name. */
export function movePort(ledger: Ledger, old: OldInterface, name: string, index: number, around: Surroundings): Interface {
  const [from, to] = [`interfaces[${index}]`, `interfaces[${index}]`]
  const addresses = movePortAddresses(ledger, old, from, to)
  const guess = guessRole(around.evidence, portAliases(old), addresses)
  ledger.derived(from, `${to}.role`, `${guess.role}: ${guess.why}`)
  ledger.kept(`${from}.mtu`, `${to}.mtu`)
  ledger.expect(`${from}.subinterfaces`)
  const subinterfaces = (old.subinterfaces ?? []).map((each, place) =>
    moveSubinterface(ledger, each, { from, to, index: place, guess, aliases: subinterfaceAliases(old, each) }, around),
  )
  return {
    ...movePortName(ledger, old, name, from, to),
    role: guess.role,
    nic: moveCard(ledger, old, from, to),
    ...given('mtu', old.mtu),
    ...listed('addresses', addresses),
    ...moveLayer3(ledger, old, { from, to }, addresses, { kind: 'port', twin: true }, around.running),
    ...listed('subinterfaces', subinterfaces),
  }
}
