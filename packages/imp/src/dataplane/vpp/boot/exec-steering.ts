/**
 * Commands that lead packets past the routing table: to the NAT process, and by policy routes. An ACL says which packets; a permitted
 * one is steered, a denied one takes the routing table and no further policy is asked, and one that no rule meets goes on to the next
 * policy, the lowest priority number first. VPP steers packets to the router's own addresses as well: they are denied first. Pure.
 */
import { Fault } from '@imp/kit/base/fault.ts'
import {
  bits,
  compare,
  contains,
  formatAddress,
  formatPrefix,
  networkOf,
  overlaps,
  parseAddress,
  parseInterfaceAddress,
  parsePrefix,
  type Family,
  type Prefix,
} from '@imp/kit/base/ip.ts'
import { natLinks } from '../../../appliance/model.ts'
import { ownAddresses, type RouterConfig } from '../../../config/model.ts'
import { externalInterfaces, layer3Interfaces, type Layer3Interface } from '../../../interfaces/model.ts'
import type { PolicyRoute } from '../../../routing/model.ts'
import { vppName } from './exec-interfaces.ts'
import { linkOf, type BesideInstance, type InstanceSteering } from '../model.ts'

/** Policy of the NAT process; those of policy routes count on from it. */
export const natPolicy = 1
const natPriority = 1000
const firstPolicyPriority = 10
/** Policies and priorities of processes beside the core; they are asked when neither a policy route nor NAT takes a packet. */
const firstBesidePolicy = 10_000
const firstBesidePriority = 2000

export interface Rule {
  readonly action: 'permit' | 'deny'
  readonly from: string
  readonly to: string
}

/** One policy: its ACL, its next hop, and the interfaces by which the packets come in. */
export interface Steering {
  readonly policy: number
  readonly priority: number
  readonly family: Family
  readonly tag: string
  readonly rules: readonly Rule[]
  readonly via: string
  readonly interfaces: readonly string[]
  /** Whether what comes from the containers is led there as well. */
  readonly container: boolean
  /** Place in the configuration. */
  readonly path: string
}

function everything(family: Family): string {
  return family === 4 ? '0.0.0.0/0' : '::/0'
}

/** Networks without those that lie inside others, each once. In order a network comes right after one that holds it, or others of that. */
function outermost(prefixes: readonly Prefix[]): string[] {
  const unique = new Map(prefixes.map((prefix) => [formatPrefix(prefix), prefix]))
  const kept = new Set<Prefix>()
  let last: Prefix | undefined
  for (const prefix of [...unique.values()].toSorted(compare)) {
    if (last !== undefined && contains(last, prefix)) continue
    kept.add(prefix)
    last = prefix
  }
  return [...unique].filter(([, prefix]) => kept.has(prefix)).map(([text]) => text)
}

function own(config: RouterConfig, family: Family): Prefix[] {
  return ownAddresses(config)
    .filter(({ address }) => address.family === family)
    .map(({ address }) => ({ family, value: address.value, length: bits(family) }))
}

function connected(config: RouterConfig, family: Family, roles: readonly string[]): Prefix[] {
  return ownAddresses(config)
    .filter(({ network, role }) => network.family === family && roles.includes(role))
    .map(({ network }) => network)
}

/** Static routes that lead to networks behind internal interfaces. */
function routedInside(config: RouterConfig, family: Family): Prefix[] {
  const internal = connected(config, family, ['internal'])
  const names = new Set(layer3Interfaces(config).flatMap(({ name, role }) => (role === 'internal' ? [name] : [])))
  return config.routes.flatMap(({ prefix: text, via, interface: name }) => {
    const prefix = parsePrefix(text)
    if (prefix.family !== family || prefix.length === 0) return []
    const inside = names.has(name ?? '') || (via !== undefined && internal.some((network) => contains(network, parseAddress(via))))
    return inside ? [prefix] : []
  })
}

function deny(family: Family, destinations: readonly string[]): Rule[] {
  return destinations.map((to) => ({ action: 'deny', from: everything(family), to }))
}

/** Interfaces by which packets of own networks come in; a loopback receives none. */
function incoming(config: RouterConfig): Layer3Interface[] {
  return layer3Interfaces(config).filter(({ role, kind }) => role === 'internal' && kind !== 'loopback')
}

/** Packets of mapped networks that leave for the world go to the NAT process; what stays inside and what is bypassed does not. */
function natSteering(config: RouterConfig): Steering[] {
  const { nat } = config
  if (nat === undefined) return []
  const inside = outermost([...own(config, 4), ...connected(config, 4, ['internal']), ...routedInside(config, 4)])
  const bypassed = nat.bypass.map(({ source, destination }): Rule => ({ action: 'deny', from: source, to: destination }))
  const mapped = nat.mappings.map((mapping): Rule => ({ action: 'permit', from: mapping.inside, to: everything(4) }))
  return [
    {
      policy: natPolicy,
      priority: natPriority,
      family: 4,
      tag: 'imp:nat',
      rules: [...deny(4, inside), ...bypassed, ...mapped],
      via: `${natLinks.inside.nat} ${natLinks.inside.interface}`,
      interfaces: incoming(config).map((each) => vppName(config, each)),
      container: true,
      path: 'nat',
    },
  ]
}

/** The interface in whose network the next hop is. An `input` fault when there is none: VPP would drop what is steered there. */
function exitOf(config: RouterConfig, policy: PolicyRoute): string {
  const via = parseAddress(policy.via)
  const all = [...externalInterfaces(config), ...layer3Interfaces(config)]
  const exit = all.find(({ addresses }) => addresses.some((text) => contains(networkOf(parseInterfaceAddress(text)), via)))
  if (exit === undefined)
    throw new Fault('input', `policy route ${policy.name}: its next hop ${policy.via} is in no network of an interface`)
  return vppName(config, exit)
}

/** Source networks of a policy route that are not translated first; those that are come back from the NAT process as their pool. */
function untranslated(config: RouterConfig, policy: PolicyRoute): Rule[] {
  const sources = policy.from.map((text) => parsePrefix(text))
  const mappings = (config.nat?.mappings ?? []).map((mapping) => parsePrefix(mapping.inside))
  const bypass = (config.nat?.bypass ?? []).filter(({ source }) => sources.some((each) => contains(each, parsePrefix(source))))
  return [
    ...bypass.map(({ source, destination }): Rule => ({ action: 'permit', from: source, to: destination })),
    ...sources
      .filter((source) => !mappings.some((mapping) => overlaps(mapping, source)))
      .map((source): Rule => ({ action: 'permit', from: formatPrefix(source), to: everything(source.family) })),
  ]
}

/** Pools of the mappings all of whose hosts the policy route means. */
function translated(config: RouterConfig, policy: PolicyRoute): Rule[] {
  const sources = policy.from.map((text) => parsePrefix(text))
  return (config.nat?.mappings ?? [])
    .filter(({ inside }) => sources.some((source) => contains(source, parsePrefix(inside))))
    .map(({ outside }): Rule => ({ action: 'permit', from: outside, to: everything(4) }))
}

function policySteering(config: RouterConfig, route: PolicyRoute, place: number): Steering[] {
  const family = parseAddress(route.via).family
  const announced = (config.bgp?.announced ?? []).map((text) => parsePrefix(text)).filter((prefix) => prefix.family === family)
  const ours = outermost([
    ...own(config, family),
    ...connected(config, family, ['internal', 'external']),
    ...routedInside(config, family),
    ...announced,
  ])
  const common = {
    priority: firstPolicyPriority + place,
    family,
    via: `${formatAddress(parseAddress(route.via))} ${exitOf(config, route)}`,
    container: false,
    path: `policyRoutes[${place}]`,
  }
  const named = incoming(config).filter(({ name }) => route.incoming === undefined || route.incoming === name)
  const direct = untranslated(config, route)
  const pools = family === 4 ? translated(config, route) : []
  const policy = natPolicy + 1 + 2 * place
  const from = { ...common, policy, tag: `imp:policy:${route.name}`, rules: [...deny(family, ours), ...direct] }
  const back = { ...common, policy: policy + 1, tag: `imp:policy:${route.name}:translated`, rules: [...deny(family, ours), ...pools] }
  return [
    ...(direct.length === 0 ? [] : [{ ...from, interfaces: named.map((each) => vppName(config, each)) }]),
    ...(pools.length === 0 ? [] : [{ ...back, interfaces: [natLinks.outside.interface] }]),
  ]
}

/** Own networks that packets to an instance come from. */
function sourcesOf(config: RouterConfig, { family, interfaces, container }: InstanceSteering): string[] {
  const networks = ownAddresses(config)
    .filter(({ network, role, name, kind }) => {
      if (network.family !== family || role !== 'internal') return false
      if (kind === 'container') return container
      return interfaces.length === 0 || interfaces.includes(name)
    })
    .map(({ network }) => network)
  return outermost(networks)
}

/** What the core leads to one process beside it. */
function besideSteering(config: RouterConfig, instance: BesideInstance, steering: InstanceSteering, place: number): Steering[] {
  const { family, interfaces, container, to, except } = steering
  const link = linkOf(instance, steering.connection)
  const sources = steering.from === 'anywhere' ? [everything(family)] : sourcesOf(config, steering)
  if (link === undefined || sources.length === 0) return []
  const inside =
    to === undefined ? outermost([...own(config, family), ...connected(config, family, ['internal']), ...routedInside(config, family)]) : []
  const bypassed = except.map(({ source, destination }): Rule => ({ action: 'deny', from: source, to: destination }))
  const led = sources.map((from): Rule => ({ action: 'permit', from, to: to ?? everything(family) }))
  const named = incoming(config).filter(({ name }) => interfaces.length === 0 || interfaces.includes(name))
  return [
    {
      policy: firstBesidePolicy + place,
      priority: firstBesidePriority + place,
      family,
      tag: `imp:${instance.name}:${steering.connection}:${family}`,
      rules: [...deny(family, inside), ...bypassed, ...led],
      via: `${family === 4 ? link.far : link.far6} ${link.interface}`,
      interfaces: named.map((each) => vppName(config, each)),
      container,
      path: instance.path,
    },
  ]
}

/** Everything that is steered, in the order in which its ACLs are made: on a fresh VPP they get the indexes 0, 1, 2... */
export function steerings(config: RouterConfig, beside: readonly BesideInstance[] = []): Steering[] {
  const further = beside.flatMap((instance) => instance.steering.map((steering) => [instance, steering] as const))
  return [
    ...natSteering(config),
    ...config.policyRoutes.flatMap((route, place) => policySteering(config, route, place)),
    ...further.flatMap(([instance, steering], place) => besideSteering(config, instance, steering, place)),
  ]
}

function lines(steering: Steering, acl: number): string[] {
  const { policy, priority, family, tag, rules, via, interfaces } = steering
  const list = rules.map(({ action, from, to }) => `${action} src ${from} dst ${to}`).join(', ')
  return [
    `set acl-plugin acl ${list} tag ${tag}`,
    `abf policy add id ${policy} acl ${acl} via ${via}`,
    ...interfaces.map((name) => `abf attach ip${family} policy ${policy} priority ${priority} ${name}`),
  ]
}

export function steeringCommands(config: RouterConfig, beside: readonly BesideInstance[] = []): string[] {
  return steerings(config, beside).flatMap(lines)
}

/** Leads the packets that come in by this interface of VPP, which is made after all others, to the processes that translate them. */
export function steerInto(config: RouterConfig, name: string, beside: readonly BesideInstance[] = []): string[] {
  return steerings(config, beside)
    .filter(({ container }) => container)
    .map(({ family, policy, priority }) => `abf attach ip${family} policy ${policy} priority ${priority} ${name}`)
}
