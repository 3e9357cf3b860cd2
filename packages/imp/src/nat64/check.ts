/** NAT64: a prefix that RFC 6052 allows, clients to use it, and a pool that the world can reach. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { contains, formatPrefix, overlaps, parseAddress, parsePrefix, sizeOf, type Prefix } from '@imp/kit/base/ip.ts'
import { doubtful, ownAddresses, wrong, type OwnAddress, type RouterConfig } from '../config/model.ts'
import { externalInterfaces, layer3Interfaces } from '../interfaces/model.ts'
import {
  clientInterfaces,
  isNotGlobal,
  isWellKnown,
  mayHaveClients,
  prefixLengths,
  translatorLink,
  translatorNetwork,
  wellKnownPrefix,
  type Nat64,
} from './model.ts'

/** VPP counts the uses of every port of every pool address in a megabyte of its heap (nat/nat64/nat64.h, nat64_address_t). */
const mostPoolAddresses = 256
/** Networks that both the well-known and the local-use prefix (RFC 8215) are in; tayga takes of it the well-known one only. */
const translationPrefixes = parsePrefix('64:ff9b::/32')

interface Around {
  readonly config: RouterConfig
  readonly nat64: Nat64
  readonly own: readonly OwnAddress[]
}

/** Bits 64 to 71 of a prefix of 96 bits. */
function hasReservedOctet({ value, length }: Prefix): boolean {
  return length === 96 && ((value >> 56n) & 0xffn) !== 0n
}

function checkShape({ config, nat64 }: Around): Finding[] {
  const path = 'nat64.prefix'
  const { prefix: text } = nat64
  const prefix = parsePrefix(text)
  if (!prefixLengths.includes(prefix.length))
    return [
      wrong(path, text, 'has a length that RFC 6052 does not know', `use one of ${prefixLengths.map((length) => `/${length}`).join(', ')}`),
    ]
  if (hasReservedOctet(prefix)) return [wrong(path, text, 'has bits in its ninth octet, which RFC 6052 keeps zero', 'use zero there')]
  if (isWellKnown(nat64) || !overlaps(prefix, translationPrefixes)) return []
  if (contains(prefix, parsePrefix(wellKnownPrefix)) || config.dataplane === 'linux') {
    const message = `is in ${formatPrefix(translationPrefixes)}, of which only ${wellKnownPrefix} is translated`
    return [wrong(path, text, message, `use ${wellKnownPrefix}, or a prefix of your own networks`)]
  }
  return []
}

function checkPrefixElsewhere({ config, nat64, own }: Around): Finding[] {
  const path = 'nat64.prefix'
  const { prefix: text } = nat64
  const prefix = parsePrefix(text)
  const around = own.find(({ network }) => overlaps(network, prefix))
  if (around !== undefined) return [wrong(path, text, `overlaps the network of ${around.name}`, 'use a prefix that no interface has')]
  const route = config.routes.findIndex((each) => {
    const other = parsePrefix(each.prefix)
    return other.length >= prefix.length && overlaps(other, prefix)
  })
  if (route >= 0) return [wrong(path, text, `is where routes[${route}] leads elsewhere`, 'remove the route, or use another prefix')]
  const announced = config.bgp?.announced.findIndex((each) => contains(parsePrefix(wellKnownPrefix), parsePrefix(each))) ?? -1
  if (announced < 0 || !isWellKnown(nat64)) return []
  const message = 'is announced, which invites everybody to be translated here (RFC 6052 3.2)'
  return [doubtful(`bgp.announced[${announced}]`, config.bgp?.announced[announced], message, 'announce only what is yours')]
}

/** Neighbours that the well-known prefix must not stand for (RFC 6052 3.1): nobody behind NAT64 reaches them. */
function checkReach({ nat64, own }: Around): Finding[] {
  if (!isWellKnown(nat64)) return []
  const hidden = own.find(({ role, network }) => role === 'external' && network.family === 4 && isNotGlobal(network))
  if (hidden === undefined) return []
  const message = `must not stand for addresses that are not global (RFC 6052 3.1): those in ${formatPrefix(hidden.network)} of ${hidden.name} are not reached`
  return [doubtful('nat64.prefix', nat64.prefix, message, 'use a prefix of your own if they shall be')]
}

function checkClients({ config, nat64 }: Around): Finding[] {
  const all = new Map(layer3Interfaces(config).map((each) => [each.name, each]))
  const named = (nat64.interfaces ?? []).flatMap((name, index): Finding[] => {
    const path = `nat64.interfaces[${index}]`
    const each = all.get(name)
    if (each === undefined)
      return [wrong(path, name, 'is not the name of an interface', `interfaces are: ${[...all.keys()].slice(0, 20).join(', ')}`)]
    if (nat64.interfaces?.indexOf(name) !== index) return [wrong(path, name, 'is named twice', 'name every interface once')]
    if (mayHaveClients(each)) return []
    const why = each.role === 'internal' && each.kind !== 'loopback' ? 'has no IPv6 address' : 'is no internal interface that hosts are on'
    return [wrong(path, name, why, 'name internal interfaces with IPv6')]
  })
  if (named.length > 0 || clientInterfaces(config).length > 0) return named
  return [wrong('nat64', undefined, 'there is no internal interface with IPv6 whose hosts could use it', 'add an IPv6 address to one')]
}

function checkOutside({ config }: Around): Finding[] {
  if (externalInterfaces(config).some(({ addresses }) => addresses.some((text) => !text.includes(':')))) return []
  const message = 'there is no external interface with IPv4 to translate to'
  return [wrong('nat64', undefined, message, 'give the interface towards the upstream the role external and an IPv4 address')]
}

function nextHops(config: RouterConfig): { address: string; path: string }[] {
  return [
    ...config.routes.flatMap(({ via }, index) => (via === undefined ? [] : [{ address: via, path: `routes[${index}].via` }])),
    ...config.policyRoutes.map(({ via }, index) => ({ address: via, path: `policyRoutes[${index}].via` })),
    ...(config.bgp?.peers ?? []).map(({ address }, index) => ({ address, path: `bgp.peers[${index}].address` })),
  ]
}

function checkPoolAgainstNat({ config, nat64 }: Around): Finding[] {
  const pool = parsePrefix(nat64.pool)
  return (config.nat?.mappings ?? []).flatMap((mapping, index) =>
    (['inside', 'outside'] as const)
      .filter((side) => overlaps(parsePrefix(mapping[side]), pool))
      .map((side) =>
        wrong('nat64.pool', nat64.pool, `overlaps ${mapping[side]} of nat.mappings[${index}].${side}`, 'give NAT64 a pool of its own'),
      ),
  )
}

/** A pool that is an address of the router: Linux tells its own connections from translated ones, VPP would keep them all to itself. */
function checkOwnAddress({ config, nat64 }: Around, itself: OwnAddress): Finding[] {
  const single = sizeOf(parsePrefix(nat64.pool)) === 1n
  if (config.dataplane === 'linux' && single && itself.role === 'external') return []
  const hint =
    config.dataplane === 'linux'
      ? 'use that address alone, or a pool that is routed to this router'
      : 'use a pool that is routed to this router'
  return [wrong('nat64.pool', nat64.pool, `contains ${itself.text.split('/')[0]} of ${itself.name} itself`, hint)]
}

function checkPoolPlace(around: Around): Finding[] {
  const { config, nat64, own } = around
  const pool = parsePrefix(nat64.pool)
  const path = 'nat64.pool'
  const foreign = nextHops(config).find(({ address }) => contains(pool, parseAddress(address)))
  if (foreign !== undefined)
    return [
      wrong(path, nat64.pool, `contains the address of another router, ${foreign.address} (${foreign.path})`, 'use a pool of your own'),
    ]
  // An address of an interface has the length of its network: here it counts alone.
  const itself = own.find(({ address: { family, value } }) => contains(pool, { family, value }))
  if (itself !== undefined) return checkOwnAddress(around, itself)
  const network = own.find((each) => overlaps(each.network, pool))
  if (network?.role === 'internal')
    return [wrong(path, nat64.pool, `overlaps the network of ${network.name}`, 'use a pool that no host has an address of')]
  if (network !== undefined) {
    const message = `is in the network of ${network.name}, whose other routers look for it there`
    return [
      doubtful(
        path,
        nat64.pool,
        message,
        `use a pool that is routed to this router${config.dataplane === 'linux' ? `, or the address of ${network.name}` : ''}`,
      ),
    ]
  }
  const { bgp } = config
  if (bgp === undefined || bgp.announced.some((text) => contains(parsePrefix(text), pool))) return []
  const message = 'is in no announced prefix: answers would not find the way back'
  return [wrong(path, nat64.pool, message, 'add a prefix around it to bgp.announced')]
}

function checkPoolSize({ config, nat64 }: Around): Finding[] {
  const size = Number(sizeOf(parsePrefix(nat64.pool)))
  if (config.dataplane !== 'vpp' || size <= mostPoolAddresses) return []
  const message = `has ${size} addresses, for each of which VPP needs a megabyte; at most ${mostPoolAddresses} are possible`
  return [wrong('nat64.pool', nat64.pool, message, 'use a smaller pool: every address has 64,512 ports')]
}

/** What the translator of Linux has for itself between the two kinds of addresses. */
function checkTranslator({ config, own }: Around): Finding[] {
  if (config.dataplane !== 'linux') return []
  const taken = layer3Interfaces(config).find(({ link }) => link === translatorLink)
  const network = parsePrefix(translatorNetwork)
  const clash = own.find((each) => overlaps(each.network, network))
  const route = config.routes.findIndex(({ prefix }) => parsePrefix(prefix).length > 0 && overlaps(parsePrefix(prefix), network))
  const between = `${translatorNetwork} is what the translator uses between IPv6 and IPv4`
  return [
    ...(taken === undefined ? [] : [wrong(`${taken.path}.name`, taken.name, 'is the name of the link of NAT64', 'use another name')]),
    ...(clash === undefined ? [] : [wrong(clash.path, clash.text, between, 'use another network')]),
    ...(route < 0 ? [] : [wrong(`routes[${route}].prefix`, config.routes[route]?.prefix, between, 'leave this network out')]),
  ]
}

/** Tracking of connections is a setting of the kernel for all of them, not for the translated ones. */
function checkTimeouts({ config, nat64 }: Around): Finding[] {
  if (config.dataplane !== 'linux' || nat64.timeouts === undefined) return []
  const message = 'cannot be chosen with the Linux dataplane, where all connections share those of the kernel'
  return [wrong('nat64.timeouts', undefined, message, 'leave them out, or set net.netfilter.nf_conntrack_* by an override')]
}

const rules = [
  checkShape,
  checkPrefixElsewhere,
  checkReach,
  checkClients,
  checkOutside,
  checkPoolAgainstNat,
  checkPoolPlace,
  checkPoolSize,
  checkTranslator,
  checkTimeouts,
] as const

/** All findings about NAT64. */
export function checkNat64(config: RouterConfig): Finding[] {
  const { nat64 } = config
  if (nat64 === undefined) return []
  const around: Around = { config, nat64, own: ownAddresses(config) }
  return rules.flatMap((rule) => rule(around))
}
