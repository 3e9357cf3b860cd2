/**
 * Tells what is wrong by itself from what only follows from something that had to be left out. A conflict between two parts stays
 * whatever is added; a lack goes when the missing part comes. So stand-ins take the place of what was left out, as generous as can be,
 * and a finding that goes with them is taken for a consequence. Pure.
 */
import type { Finding } from '@imp/kit/base/fault.ts'
import { bits, formatPrefix, networkOf, parseAddress, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import { Address, InterfaceAddress, jsonPath } from '@imp/kit/base/schema.ts'
import { RouterConfig, type RouterConfigInput } from './model.ts'
import type { Dropped, Salvaged } from './salvage.ts'

/** What findings are about, as far as it is an address or a network. */
interface Wanted {
  /** Addresses that this router may have had. */
  readonly own: readonly string[]
  readonly networks: readonly string[]
}

const sectionsWithAddresses = ['interfaces', 'loopbacks', 'bridges', 'container']
const fieldsOfAddresses = new Set<PropertyKey>(['addresses', 'subinterfaces', 'ospf', 'ospf6', 'network', 'gateway'])

function textOf({ value }: Finding): string | undefined {
  if (value?.startsWith('"') !== true || !value.endsWith('"')) return undefined
  const text: unknown = JSON.parse(value)
  return typeof text === 'string' ? text : undefined
}

/** The other address of a network of two (RFC 3021, RFC 6164). */
function neighbourOf(text: string): string {
  const { family, value } = parseAddress(text)
  return formatPrefix({ family, value: value ^ 1n, length: bits(family) - 1 })
}

/** Twice: addresses may have been meant as those of neighbours, or as those of this router. */
function wantedBy(findings: readonly Finding[]): Wanted[] {
  const texts = [...new Set(findings.flatMap((finding) => textOf(finding) ?? []))]
  const addresses = texts.filter((text) => Address.safeParse(text).success)
  const prefixed = texts.filter((text) => InterfaceAddress.safeParse(text).success)
  const hosts = addresses.map((text) => `${text}/${bits(parseAddress(text).family)}`)
  const networks = [...new Set([...hosts, ...prefixed].map((text) => formatPrefix(networkOf(parseInterfaceAddress(text)))))]
  return [
    { own: addresses.map(neighbourOf), networks },
    { own: hosts, networks },
  ]
}

function isFour(text: string): boolean {
  return !text.includes(':')
}

/** Whether what was dropped had addresses, or may have: whole interfaces, and keys that nobody knows. */
function hadAddresses({ path, known }: Dropped): boolean {
  const [section, ...below] = path
  if (typeof section !== 'string' || !sectionsWithAddresses.includes(section)) return false
  return !known || below.every((key) => typeof key === 'number' || fieldsOfAddresses.has(key))
}

type Port = NonNullable<RouterConfigInput['interfaces']>[number]

/** Every interface also has these addresses: the one that lost its own is among them. */
function withAddresses(document: RouterConfigInput, { own }: Wanted): RouterConfigInput {
  const add = <T extends Pick<Port, 'addresses'>>(to: T): T => ({ ...to, addresses: [...(to.addresses ?? []), ...own] })
  const ports = (document.interfaces ?? []).map(add)
  return {
    ...document,
    interfaces: ports.map((port) => ({ ...port, subinterfaces: (port.subinterfaces ?? []).map(add) })),
    bridges: (document.bridges ?? []).map(add),
    loopbacks: (document.loopbacks ?? []).map(add),
  }
}

/** One more interface, that has everything which others look for. */
function withInterface(document: RouterConfigInput, { own }: Wanted): RouterConfigInput {
  const routed = { ...(document.ospf === undefined ? {} : { ospf: {} }), ...(document.ospf6 === undefined ? {} : { ospf6: {} }) }
  const addresses = ['198.18.0.0/31', '2001:2::/127', ...own]
  return { ...document, interfaces: [...(document.interfaces ?? []), { name: 'stand-in', role: 'external', addresses, ...routed }] }
}

function withRoutes(document: RouterConfigInput, { networks }: Wanted): RouterConfigInput {
  const routes = ['0.0.0.0/0', '::/0', ...networks].map((prefix) => ({ prefix, via: isFour(prefix) ? '198.18.0.1' : '2001:2::1' }))
  return { ...document, routes: [...(document.routes ?? []), ...routes] }
}

function withBgp(document: RouterConfigInput, { networks }: Wanted): RouterConfigInput {
  const { bgp = { asn: 64_496, routerId: '198.18.0.0' } } = document
  return { ...document, bgp: { ...bgp, announced: [...(bgp.announced ?? []), '198.18.0.0/15', '2001:2::/48', ...networks] } }
}

function withNat(document: RouterConfigInput, { networks }: Wanted): RouterConfigInput {
  const { nat } = document
  if (nat === undefined) return document
  const mappings = networks.filter(isFour).map((inside) => ({ inside, outside: '198.18.0.0/32' }))
  return { ...document, nat: { ...nat, mappings: [...nat.mappings, ...mappings] } }
}

function withManagement(document: RouterConfigInput, { own }: Wanted): RouterConfigInput {
  const { management } = document
  if (management === undefined) return document
  return { ...document, management: { ...management, addresses: [...(management.addresses ?? []), '198.18.0.0/31', ...own] } }
}

/** The document with something in place of all that was left out. */
function withStandIns(document: RouterConfigInput, dropped: readonly Dropped[], wanted: Wanted): RouterConfigInput {
  const damaged = new Set(dropped.map(({ path }) => path[0]))
  const steps: readonly (readonly [isNeeded: boolean, add: (to: RouterConfigInput, wanted: Wanted) => RouterConfigInput])[] = [
    [damaged.has('ospf'), (to) => ({ ...to, ospf: { routerId: '198.18.0.0', ...to.ospf } })],
    [damaged.has('ospf6'), (to) => ({ ...to, ospf6: { routerId: '198.18.0.0', ...to.ospf6 } })],
    [dropped.some(hadAddresses), withInterface],
    [dropped.some((each) => hadAddresses(each) && each.path.length > 2), withAddresses],
    [damaged.has('routes'), withRoutes],
    [damaged.has('bgp'), withBgp],
    [damaged.has('nat'), withNat],
    [damaged.has('management'), withManagement],
  ]
  return steps.reduce((to, [isNeeded, add]) => (isNeeded ? add(to, wanted) : to), document)
}

/** Names of what was left out. */
function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]) => (key === 'name' && typeof member === 'string' ? [member] : namesIn(member)))
}

/** `lan.100` names something of `lan`. */
function namesAny(text: string | undefined, names: ReadonlySet<string>): boolean {
  return text !== undefined && (names.has(text) || names.has(text.split('.')[0] ?? ''))
}

/** Whether a place is about what was dropped or its like: a list that is shorter now, or a field beside one that now has its default. */
function isBeside(place: string, { path, known }: Dropped): boolean {
  const own = jsonPath(path)
  if (own === place || own.startsWith(`${place}.`) || own.startsWith(`${place}[`)) return true
  const holder = jsonPath(path.slice(0, -1))
  if (!known || holder === '' || typeof path.at(-1) === 'number') return false
  return place.startsWith(`${holder}.`) && !place.slice(holder.length).includes('[')
}

/**
 * The findings of the rules about what is left of a document, at their places in the document as written, without those that may be
 * there only because something was left out. `judge` is the rules.
 */
export function ownFindings(salvaged: Salvaged, judge: (config: RouterConfig) => Finding[]): Finding[] {
  const { dropped, original } = salvaged
  // The schema accepts what is salvaged, so it is what people may write.
  const document = salvaged.document as RouterConfigInput
  const findings = judge(RouterConfig.parse(document))
  if (findings.length === 0) return []
  const names = new Set(namesIn(dropped.map(({ value }) => value)))
  const generous = wantedBy(findings).map((wanted) => judge(RouterConfig.parse(withStandIns(document, dropped, wanted))))
  const stays = (path: string): boolean => generous.every((others) => others.some((other) => other.path === path))
  return findings
    .filter((finding) => !namesAny(textOf(finding), names) && stays(finding.path))
    .map((finding) => ({ ...finding, path: original(finding.path), message: original(finding.message) }))
    .filter(({ path }) => !dropped.some((each) => isBeside(path, each)))
}
