/** OSPF and router advertisements of anything that carries addresses, in the later layout. */
import type { Ledger } from '../ledger.ts'
import { given, listed, type DraftOf } from '../model.ts'
import { moveNetwork } from '../networks.ts'
import type { OldLayer3 } from './schema.ts'

type Interface = DraftOf<'interfaces'>

/** Which of the two run at all. */
export interface Running {
  readonly ospf: boolean
  readonly ospf6: boolean
}

export interface Place {
  /** Path in the old document. */
  readonly from: string
  /** Path in the new one. */
  readonly to: string
}

export interface Kind {
  readonly kind: 'port' | 'subinterface' | 'loopback' | 'bridge'
  /** False when the old document keeps the interface from Linux. */
  readonly twin: boolean
}

function moveOspfOf(ledger: Ledger, old: OldLayer3, { from, to }: Place, protocol: keyof Running, runs: boolean): Interface['ospf'] {
  const [area, passive] = [old[`${protocol}_area`], old[`${protocol}_passive`]]
  const [areaFrom, passiveFrom] = [`${from}.${protocol}_area`, `${from}.${protocol}_passive`]
  if (area === null || area === undefined) {
    ledger.expect(areaFrom)
    ledger.derived(passiveFrom, [], `says nothing without ${protocol}_area`)
    return undefined
  }
  if (!runs) {
    ledger.dropped(areaFrom, `${protocol} is off`)
    ledger.left(passiveFrom, passive, `${protocol} is off`)
    return undefined
  }
  ledger.kept(areaFrom, `${to}.${protocol}.area`)
  ledger.kept(passiveFrom, `${to}.${protocol}.passive`)
  return { area, ...given('passive', passive) }
}

function moveOspf(ledger: Ledger, old: OldLayer3, place: Place, running: Running): Pick<Interface, 'ospf' | 'ospf6'> {
  return {
    ...given('ospf', moveOspfOf(ledger, old, place, 'ospf', running.ospf)),
    ...given('ospf6', moveOspfOf(ledger, old, place, 'ospf6', running.ospf6)),
  }
}

const settings = ['ipv6_ra_enabled', 'ipv6_ra_interval_max', 'ipv6_ra_interval_min', 'ipv6_ra_suppress']

function leaveAdvertisements(ledger: Ledger, old: OldLayer3, from: string, why: string): void {
  for (const field of settings) ledger.derived(`${from}.${field}`, [], why)
  ledger.expect(`${from}.ipv6_ra_prefixes`)
  for (const index of (old.ipv6_ra_prefixes ?? []).keys()) ledger.dropped(`${from}.ipv6_ra_prefixes[${index}]`, why)
}

function moveAdvertisedPrefixes(ledger: Ledger, old: OldLayer3, { from, to }: Place) {
  ledger.expect(`${from}.ipv6_ra_prefixes`)
  return (old.ipv6_ra_prefixes ?? []).map((prefix, index) => ({
    prefix: moveNetwork(ledger, `${from}.ipv6_ra_prefixes[${index}]`, prefix, `${to}.ra.prefixes[${index}].prefix`),
  }))
}

/** Without listed prefixes the reference system advertises the network of a VLAN or bridge as it is, which hosts only use as a /64. */
function noteOtherLengths(ledger: Ledger, six: readonly string[], { from, to }: Place, kind: Kind['kind']): void {
  const other = kind === 'port' ? [] : six.filter((address) => !address.endsWith('/64'))
  if (other.length > 0)
    ledger.changed(from, `${to}.ra`, `the /64 around ${other.join(' and ')} is advertised, since hosts need a /64 (RFC 4862 5.5.3)`)
}

function moveAdvertisements(
  ledger: Ledger,
  old: OldLayer3,
  place: Place,
  addresses: readonly string[],
  { kind, twin }: Kind,
): Pick<Interface, 'ra'> {
  const { from, to } = place
  const six = addresses.filter((address) => address.includes(':'))
  if (kind === 'loopback' || six.length === 0) {
    leaveAdvertisements(ledger, old, from, kind === 'loopback' ? 'no host listens on a loopback' : 'there is no IPv6 network to advertise')
    return {}
  }
  const send = (old.ipv6_ra_enabled ?? true) && !(old.ipv6_ra_suppress ?? false) && twin
  if (typeof old.ipv6_ra_enabled !== 'boolean') ledger.derived(from, `${to}.ra.send`, 'advertisements are sent unless told')
  ledger.kept(`${from}.ipv6_ra_enabled`, `${to}.ra.send`)
  ledger.changed(`${from}.ipv6_ra_suppress`, `${to}.ra.send`, 'suppressed ones are not sent')
  ledger.kept(`${from}.ipv6_ra_interval_max`, `${to}.ra.maximumInterval`)
  ledger.kept(`${from}.ipv6_ra_interval_min`, `${to}.ra.minimumInterval`)
  const prefixes = moveAdvertisedPrefixes(ledger, old, place)
  if (prefixes.length === 0) noteOtherLengths(ledger, six, place, kind)
  const intervals = { ...given('maximumInterval', old.ipv6_ra_interval_max), ...given('minimumInterval', old.ipv6_ra_interval_min) }
  return { ra: { send, ...intervals, ...listed('prefixes', prefixes) } }
}

/** What the interface at `place` says beside its addresses, which stand in the new form already. */
export function moveLayer3(ledger: Ledger, old: OldLayer3, place: Place, addresses: readonly string[], kind: Kind, running: Running) {
  return { ...moveAdvertisements(ledger, old, place, addresses, kind), ...moveOspf(ledger, old, place, running) }
}
