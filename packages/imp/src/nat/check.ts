/** NAT: mappings that arithmetic allows, and pools that the world can reach. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { contains, overlaps, parseAddress, parsePrefix, sizeOf, type Prefix } from '@imp/kit/base/ip.ts'
import { doubtful, ownAddresses, wrong, type OwnAddress, type RouterConfig } from '../config/model.ts'
import type { Nat } from './model.ts'
import { sharing } from './mapping.ts'

/** Hosts that may share one address before pages with many objects begin to fail: each then has 1008 ports. */
const recommendedRatio = 64
/** Translated hosts, from measurements: 65,536 take 1.5 s to load and 6 MB of kernel memory, and both grow in proportion. */
const manyHosts = 65_536
const mostHosts = 262_144

interface Mapped {
  readonly path: string
  readonly text: string
  readonly prefix: Prefix
}

function side(nat: Nat, key: 'inside' | 'outside'): Mapped[] {
  return nat.mappings.map((mapping, index) => ({
    path: `nat.mappings[${index}].${key}`,
    text: mapping[key],
    prefix: parsePrefix(mapping[key]),
  }))
}

function checkSharing(nat: Nat): Finding[] {
  return nat.mappings.flatMap((mapping, index) => {
    const path = `nat.mappings[${index}].outside`
    const { ratio, portsPerHost } = sharing(parsePrefix(mapping.inside).length, parsePrefix(mapping.outside).length)
    if (ratio < 1) return [wrong(path, mapping.outside, `is larger than the inside network ${mapping.inside}`, 'use a smaller pool')]
    if (portsPerHost < 1)
      return [wrong(path, mapping.outside, `leaves no port to the hosts: ${ratio} share one address`, 'use a larger pool')]
    if (ratio <= recommendedRatio) return []
    const message = `leaves ${portsPerHost} ports to each host: ${ratio} share one address`
    return [doubtful(path, mapping.outside, message, `at most ${recommendedRatio} hosts per address leave 1008 ports to each`)]
  })
}

function checkSize(nat: Nat): Finding[] {
  const hosts = nat.mappings.reduce((sum, mapping) => sum + Number(sizeOf(parsePrefix(mapping.inside))), 0)
  if (hosts > mostHosts)
    return [wrong('nat.mappings', undefined, `translates ${hosts} hosts; at most ${mostHosts} are possible`, 'map smaller networks')]
  if (hosts <= manyHosts) return []
  return [doubtful('nat.mappings', undefined, `translates ${hosts} hosts: every change takes seconds`, 'map only networks that are in use')]
}

function checkDistinct(mapped: readonly Mapped[], hint: string): Finding[] {
  return mapped.flatMap((each, index) => {
    const earlier = mapped.slice(0, index).find((other) => overlaps(other.prefix, each.prefix))
    return earlier === undefined ? [] : [wrong(each.path, each.text, `overlaps ${earlier.text} of ${earlier.path}`, hint)]
  })
}

function nextHops(config: RouterConfig): { address: string; path: string }[] {
  return [
    ...config.routes.flatMap((route, index) => (route.via === undefined ? [] : [{ address: route.via, path: `routes[${index}].via` }])),
    ...config.policyRoutes.map((policy, index) => ({ address: policy.via, path: `policyRoutes[${index}].via` })),
    ...(config.bgp?.peers ?? []).map((peer, index) => ({ address: peer.address, path: `bgp.peers[${index}].address` })),
  ]
}

/** A pool inside the network of an external interface needs somebody who answers ARP for it: only the router's own addresses do. */
function checkOnLink({ dataplane }: RouterConfig, pool: Mapped, external: OwnAddress): Finding[] {
  if (sizeOf(pool.prefix) === 1n && external.address.value === pool.prefix.value) return []
  const message = `is in the network of ${external.name}, whose other routers look for it there`
  const routed = 'use a pool that is routed to this router'
  const hint = dataplane === 'vpp' ? routed : `add each of its addresses to ${external.name}, or ${routed}`
  return [doubtful(pool.path, pool.text, message, hint)]
}

function checkPool(config: RouterConfig, own: readonly OwnAddress[], pool: Mapped): Finding[] {
  const { bgp } = config
  const foreign = nextHops(config).find(({ address }) => contains(pool.prefix, parseAddress(address)))
  if (foreign !== undefined)
    return [
      wrong(pool.path, pool.text, `contains the address of another router, ${foreign.address} (${foreign.path})`, 'use a pool of your own'),
    ]
  const internal = own.find((each) => each.role === 'internal' && each.kind !== 'loopback' && overlaps(each.network, pool.prefix))
  if (internal !== undefined)
    return [wrong(pool.path, pool.text, `overlaps the network of ${internal.name}`, 'use a pool that no host has an address of')]
  const external = own.find((each) => each.role === 'external' && overlaps(each.network, pool.prefix))
  if (external !== undefined) {
    const itself = own.find((each) => each.role === 'external' && each.address.family === 4 && contains(pool.prefix, each.address))
    return checkOnLink(config, pool, itself ?? external)
  }
  if (bgp === undefined || bgp.announced.some((text) => contains(parsePrefix(text), pool.prefix))) return []
  return [
    wrong(
      pool.path,
      pool.text,
      'is in no announced prefix: answers would not find the way back',
      'add a prefix around it to bgp.announced',
    ),
  ]
}

function checkInside(own: readonly OwnAddress[], inside: Mapped): Finding[] {
  const external = own.find((each) => each.role === 'external' && overlaps(each.network, inside.prefix))
  if (external === undefined) return []
  return [
    wrong(
      inside.path,
      inside.text,
      `overlaps the network of the external interface ${external.name}`,
      'only inside networks are translated',
    ),
  ]
}

/** Private networks (RFC 1918) and shared address space (RFC 6598): nobody outside can answer to them. */
const unroutable = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'].map((text) => parsePrefix(text))

function checkCovered(nat: Nat, own: readonly OwnAddress[]): Finding[] {
  const inside = side(nat, 'inside')
  return own
    .filter((each) => each.role === 'internal' && each.kind !== 'loopback' && unroutable.some((prefix) => contains(prefix, each.network)))
    .filter((each) => !inside.some(({ prefix }) => contains(prefix, each.network)))
    .map((each) =>
      doubtful(each.path, each.text, 'is a private network in no NAT mapping: its hosts do not reach the outside', 'add a mapping for it'),
    )
}

function checkBypass(nat: Nat): Finding[] {
  const inside = side(nat, 'inside')
  return nat.bypass.flatMap(({ source }, index) => {
    if (inside.some(({ prefix }) => overlaps(prefix, parsePrefix(source)))) return []
    return [doubtful(`nat.bypass[${index}].source`, source, 'is in no mapping: it is not translated anyway', 'remove the pair')]
  })
}

/** All findings about NAT. */
export function checkNat(config: RouterConfig): Finding[] {
  const { nat } = config
  if (nat === undefined) return []
  const own = ownAddresses(config)
  const inside = side(nat, 'inside')
  const outside = side(nat, 'outside')
  const external = config.interfaces.some((port) => port.role === 'external' || port.subinterfaces.some((sub) => sub.role === 'external'))
  const nowhere = wrong(
    'nat',
    undefined,
    'there is no external interface to translate on',
    'give the interface towards the upstream the role external',
  )
  const crossed = inside.flatMap((each) => {
    const pool = outside.find((other) => overlaps(other.prefix, each.prefix))
    return pool === undefined
      ? []
      : [wrong(each.path, each.text, `overlaps the pool ${pool.text} of ${pool.path}`, 'an address is either inside or outside')]
  })
  return [
    ...(external || config.bridges.some((bridge) => bridge.role === 'external') ? [] : [nowhere]),
    ...checkSharing(nat),
    ...checkSize(nat),
    ...checkDistinct(inside, 'map every inside address once'),
    ...checkDistinct(outside, 'give every mapping a pool of its own'),
    ...crossed,
    ...inside.flatMap((each) => checkInside(own, each)),
    ...outside.flatMap((each) => checkPool(config, own, each)),
    ...checkBypass(nat),
    ...checkCovered(nat, own),
  ]
}
