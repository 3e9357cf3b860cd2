/** Whether a router is as well as it was before a change: probes by the names of the configuration, and the verdict on them. Pure. */
import type { Finding } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../config/model.ts'

/** What a router was seen to do. */
export interface Observation {
  /** Links that are up and have something on the other side. */
  readonly links: readonly string[]
  /** Daemons of FRR that run. */
  readonly daemons: readonly string[]
  /** State of each BGP session by the address of its peer. */
  readonly sessions: ReadonlyMap<string, string>
  /** Gateways that answered an echo request (RFC 792, RFC 4443 4.1), as `gatewaysOf` names them. */
  readonly answering: readonly string[]
  /** Those of them that answered every request. */
  readonly lossless: readonly string[]
  /** Destinations of static routes that are in the forwarding table. */
  readonly installed: readonly string[]
  /** Destinations that the routing table has, learnt from others by BGP or OSPF. */
  readonly learnt: number
}

export interface Probe {
  /** Stays the same when the configuration behind it changes: `BGP session transit1`. */
  readonly name: string
  /** Place in the configuration. */
  readonly path: string
  readonly healthy: boolean
  /** What was seen: `is Active`. */
  readonly seen: string
}

export interface Gateway {
  /** Destination of the route: the gateway of the same destination may change. */
  readonly name: string
  readonly path: string
  readonly address: string
  /** A link-local address is one on some interface only (RFC 4007 6). */
  readonly interface?: string
}

/** Gateways of the default routes. */
export function gatewaysOf(config: RouterConfig): readonly Gateway[] {
  const seen = new Map<string, number>()
  return config.routes.flatMap(({ prefix, via, interface: link }, index) => {
    if (via === undefined || (prefix !== '0.0.0.0/0' && prefix !== '::/0')) return []
    const place = (seen.get(prefix) ?? 0) + 1
    seen.set(prefix, place)
    const name = place === 1 ? `gateway of ${prefix}` : `gateway ${place} of ${prefix}`
    return [{ name, path: `routes[${index}]`, address: via, ...(link === undefined ? {} : { interface: link }) }]
  })
}

function linkProbes(config: RouterConfig, { links }: Observation): Probe[] {
  return config.interfaces
    .filter(({ enabled }) => enabled)
    .map(({ name }) => {
      const healthy = links.includes(name)
      return { name: `interface ${name}`, path: `interfaces.${name}`, healthy, seen: healthy ? 'is up' : 'has no carrier or is down' }
    })
}

function gatewayProbes(config: RouterConfig, { answering }: Observation): Probe[] {
  return gatewaysOf(config).map(({ name, path, address }) => {
    const healthy = answering.includes(name)
    return { name, path, healthy, seen: healthy ? `${address} answers` : `${address} does not answer ping` }
  })
}

/** Loss is worth a word of its own only where something answers. */
function lossProbes(config: RouterConfig, { answering, lossless }: Observation): Probe[] {
  return gatewaysOf(config)
    .filter(({ name }) => answering.includes(name))
    .map(({ name, path, address }) => {
      const healthy = lossless.includes(name)
      return { name: `way to ${name}`, path, healthy, seen: healthy ? 'loses nothing' : `loses packets to ${address}` }
    })
}

function routeProbes(config: RouterConfig, { installed }: Observation): Probe[] {
  const present = new Set(installed)
  const seen = new Set<string>()
  return config.routes.flatMap(({ prefix }, index) => {
    // Several routes to a destination stand in for each other.
    if (seen.has(prefix)) return []
    seen.add(prefix)
    const healthy = present.has(prefix)
    return [{ name: `route to ${prefix}`, path: `routes[${index}]`, healthy, seen: healthy ? 'is there' : 'is not in the table' }]
  })
}

function sessionProbes(config: RouterConfig, { sessions }: Observation): Probe[] {
  return (config.bgp?.peers ?? [])
    .filter(({ enabled }) => enabled)
    .map(({ name, address }) => {
      const state = sessions.get(address) ?? 'not there'
      return { name: `BGP session ${name}`, path: `bgp.peers.${name}`, healthy: state === 'Established', seen: `is ${state}` }
    })
}

function daemonProbes(needed: readonly string[], { daemons }: Observation): Probe[] {
  return needed.map((daemon) => {
    const healthy = daemons.includes(daemon)
    return { name: `daemon ${daemon}`, path: '', healthy, seen: healthy ? 'runs' : 'does not run' }
  })
}

/** Everything that can be said about a router, with the daemons that its configuration needs. */
export function probesOf(config: RouterConfig, needed: readonly string[], observation: Observation): readonly Probe[] {
  return [
    ...linkProbes(config, observation),
    ...gatewayProbes(config, observation),
    ...lossProbes(config, observation),
    ...routeProbes(config, observation),
    ...sessionProbes(config, observation),
    ...daemonProbes(needed, observation),
  ]
}

/** One look at a router. */
export interface Health {
  readonly probes: readonly Probe[]
  readonly learnt: number
  /** How often sessions went down so far: what comes and goes between two looks is not well. */
  readonly drops?: number
  /** Neighbours of OSPF with whom everything is exchanged (state Full, RFC 2328 10.1). */
  readonly neighbours?: readonly Neighbour[]
  /** Interfaces that the configuration makes part of OSPF. */
  readonly ospfInterfaces?: readonly string[]
}

export interface Neighbour {
  /** `OSPFv2 neighbour 192.0.2.9 on lan`. */
  readonly name: string
  readonly interface: string
}

function problem({ path, name, seen }: Probe, severity: Finding['severity'], since: string): Finding {
  return { path, severity, message: `${name} ${seen} ${since}`.trim() }
}

/** Fewer routes are normal when a peer was taken out on purpose; otherwise half of them must stay. */
function judgeRoutes(before: Health, after: Health): Finding[] {
  const kept = new Set(after.probes.map(({ name }) => name))
  const intended = before.probes.some(({ name }) => name.startsWith('BGP session ') && !kept.has(name))
  if (intended || after.learnt * 2 >= before.learnt) return []
  return [{ path: '', severity: 'error', message: `learnt routes fell from ${before.learnt} to ${after.learnt}` }]
}

/** A neighbour on an interface that is no longer part of OSPF was left on purpose. */
function judgeNeighbours(before: Health, after: Health): Finding[] {
  const still = new Set(after.neighbours?.map(({ name }) => name))
  const lost = (before.neighbours ?? []).filter((each) => !still.has(each.name) && after.ospfInterfaces?.includes(each.interface) === true)
  return lost.map(({ name, interface: link }) => {
    return { path: `interfaces.${link}.ospf`, severity: 'error', message: `${name} is gone and was there before the change` }
  })
}

/**
 * Errors for what was well before the change and is not now; warnings for what is not well and was not before, or is new. Probes that
 * the new configuration has no more were taken out on purpose.
 */
export function judge(before: Health, after: Health): readonly Finding[] {
  const earlier = new Map(before.probes.map((probe) => [probe.name, probe.healthy]))
  const failing = after.probes
    .filter(({ healthy }) => !healthy)
    .map((probe) => {
      const was = earlier.get(probe.name)
      if (was === true) return problem(probe, 'error', 'and was well before the change')
      return problem(probe, 'warning', was === undefined ? 'and is new' : 'as before the change')
    })
  return [...failing, ...judgeNeighbours(before, after), ...judgeRoutes(before, after)].toSorted(
    (a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'),
  )
}
