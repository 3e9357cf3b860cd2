/** External and internal ports of the earlier layout: names, VLANs, addresses, and the roles that their places only imply. */
import { vlanName } from '../../interfaces/model.ts'
import type { Ledger } from '../ledger.ts'
import { listed, said, type DraftOf } from '../model.ts'
import { longestPortName, moveName, type Wanted } from '../names.ts'
import { networkAround, subnet64Around } from '../networks.ts'
import { moveAddresses } from '../reference/addresses.ts'
import { leaveTwin, moveCard, sharedSuffixes } from '../reference/links.ts'
import type { External, Internal, RolesDocument, Subinterface } from './schema.ts'

type Interface = DraftOf<'interfaces'>

export const externalName = 'external'

export interface Port {
  readonly old: External | Internal
  /** The same port when it is an internal one. */
  readonly internal?: Internal
  readonly role: 'external' | 'internal'
  /** Name in VPP, by which bridges and cross-connects refer to it. */
  readonly name: string
  /** Place in the old document. */
  readonly from: string
}

/** All ports, the external one first, as VPP had them. */
export function portsOf(old: RolesDocument): Port[] {
  const external = [old.external ?? []].flat()
  const internal = old.internal ?? []
  return [
    ...external.map((port): Port => ({ old: port, role: 'external', name: externalName, from: 'external' })),
    ...internal.map((port, index): Port => {
      const name = said(port.vpp_name) ?? `internal${index}`
      return { old: port, internal: port, role: 'internal', name, from: `internal[${index}]` }
    }),
  ]
}

export function wantedPort({ old: { iface, subinterfaces }, name }: Port, document: RolesDocument): Wanted {
  const own = (subinterfaces ?? []).map(({ vlan_id: vlan }) => vlanName('', vlan))
  const crosses = (document.vlan_passthrough ?? []).map((each) => ({ old: each, ends: [externalName, each.internal_interface] }))
  const shared = sharedSuffixes([name, iface], document.bvi_domains ?? [], crosses)
  return { text: name, fallback: 'port', longest: longestPortName([...own, ...shared]) }
}

/** Only ports send router advertisements in this layout. */
export function silence(ledger: Ledger, addresses: readonly string[], from: string, to: string): Pick<Interface, 'ra'> {
  if (!addresses.some((address) => address.includes(':'))) return {}
  ledger.derived(from, `${to}.ra.send`, 'only internal ports themselves sent router advertisements')
  return { ra: { send: false } }
}

function moveSubinterfaces(ledger: Ledger, port: Port, to: string): NonNullable<Interface['subinterfaces']> {
  ledger.expect(`${port.from}.subinterfaces`)
  return (port.old.subinterfaces ?? []).map((old: Subinterface, index) => {
    const [source, target] = [`${port.from}.subinterfaces[${index}]`, `${to}.subinterfaces[${index}]`]
    ledger.kept(`${source}.vlan_id`, `${target}.vlan`)
    leaveTwin(ledger, old.create_lcp, source)
    const addresses = moveAddresses(ledger, old, source, target)
    const silent = port.role === 'internal' ? silence(ledger, addresses, source, target) : {}
    return { vlan: old.vlan_id, ...listed('addresses', addresses), ...silent }
  })
}

function movePortName(ledger: Ledger, port: Port, chosen: string, to: string): Pick<Interface, 'name' | 'description'> {
  const { internal, name, from } = port
  if (internal !== undefined) ledger.expect(`${from}.vpp_name`)
  if (said(internal?.vpp_name) !== undefined) return { name: chosen, ...moveName(ledger, `${from}.vpp_name`, name, chosen, to) }
  const why = chosen === name ? 'the name that it has in VPP' : `${name} with its VLANs would be longer than Linux allows`
  ledger.derived(from, `${to}.name`, why)
  return { name: chosen }
}

function leaveDerived(ledger: Ledger, from: string, written: string | null | undefined, computed: string | undefined): void {
  const follows = computed === undefined ? 'follows from the address, which is not there' : 'follows from the address'
  const other = written === computed ? '' : `; ${written} in the file counts for nothing there either`
  ledger.derived(from, [], follows + other)
}

/** Networks that the reference system writes beside the address and works out again whenever it loads the file. */
function leaveNetworks(ledger: Ledger, old: Internal, from: string, addresses: readonly string[]): void {
  const four = addresses.find((each) => !each.includes(':')) ?? ''
  const six = addresses.find((each) => each.includes(':')) ?? ''
  leaveDerived(ledger, `${from}.network`, old.network, networkAround(four))
  leaveDerived(ledger, `${from}.ipv6_network`, old.ipv6_network, networkAround(six))
  leaveDerived(ledger, `${from}.ipv6_ra_prefix`, old.ipv6_ra_prefix, subnet64Around(six))
}

export function movePort(ledger: Ledger, port: Port, name: string, index: number): Interface {
  const to = `interfaces[${index}]`
  const addresses = moveAddresses(ledger, port.old, port.from, to)
  ledger.derived(port.from, `${to}.role`, `where it stands says that it is ${port.role}`)
  if (port.internal !== undefined) leaveNetworks(ledger, port.internal, port.from, addresses)
  return {
    ...movePortName(ledger, port, name, to),
    role: port.role,
    nic: moveCard(ledger, port.old, port.from, to),
    ...listed('addresses', addresses),
    ...listed('subinterfaces', moveSubinterfaces(ledger, port, to)),
  }
}
