/** Blocks of interfaces: router advertisements of zebra, areas and timers of ospfd and ospf6d. */
import { formatPrefix, networkOf, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../config/model.ts'
import {
  layer3Interfaces,
  sendsAdvertisements,
  RouterAdvertisements,
  type InterfaceOspf,
  type Layer3Interface,
} from '../interfaces/model.ts'
import { placeholder } from '../secrets/model.ts'
import { block, type Block } from './document.ts'
import { addressLiteral, prefixLiteral } from './literal.ts'

/** Validity and preference of a prefix unless told (RFC 4861 6.2.1), which FRR does not print. */
const defaultLifetimes = '2592000 604800'

/** All ones mean infinity (RFC 4861 4.6.2), which FRR prints as a word. */
function lifetime(seconds: number): string {
  return seconds === 0xffff_ffff ? 'infinite' : String(seconds)
}

function automaticPrefixes(each: Layer3Interface): string[] {
  const networks = each.addresses
    .map((text) => parseInterfaceAddress(text))
    .filter((address) => address.family === 6 && address.length <= 64)
    .map((address) => formatPrefix(networkOf({ ...address, length: 64 })))
  return [...new Set(networks)]
}

function prefixLines(each: Layer3Interface, ra: RouterAdvertisements): string[] {
  if (ra.prefixes.length === 0) return automaticPrefixes(each).map((prefix) => `ipv6 nd prefix ${prefixLiteral(prefix)}`)
  return ra.prefixes.map((advertised) => {
    const lifetimes = `${lifetime(advertised.validLifetime)} ${lifetime(advertised.preferredLifetime)}`
    return [
      `ipv6 nd prefix ${prefixLiteral(advertised.prefix)}`,
      ...(lifetimes === defaultLifetimes ? [] : [lifetimes]),
      ...(advertised.onLink ? [] : ['off-link']),
      ...(advertised.autonomous ? [] : ['no-autoconfig']),
    ].join(' ')
  })
}

function advertisementLines(each: Layer3Interface): string[] {
  if (!sendsAdvertisements(each)) return []
  const ra = each.ra ?? RouterAdvertisements.parse({})
  return [
    ...(ra.mtu === undefined ? [] : [`ipv6 nd mtu ${ra.mtu}`]),
    'no ipv6 nd suppress-ra',
    ...(ra.maximumInterval === 600 ? [] : [`ipv6 nd ra-interval ${ra.maximumInterval}`]),
    ...(ra.lifetime === undefined ? [] : [`ipv6 nd ra-lifetime ${ra.lifetime}`]),
    ...(ra.managed ? ['ipv6 nd managed-config-flag'] : []),
    ...(ra.other ? ['ipv6 nd other-config-flag'] : []),
    ...(ra.preference === 'medium' ? [] : [`ipv6 nd router-preference ${ra.preference}`]),
    ...prefixLines(each, ra),
    ...ra.rdnss.map((server) => `ipv6 nd rdnss ${addressLiteral(server)}`),
    ...ra.dnssl.map((domain) => `ipv6 nd dnssl ${domain}`),
  ]
}

/** ospfd prints only what differs from its own choice, which is broadcast on Ethernet; ospf6d prints whatever was said. */
function printsNetwork(word: 'ip ospf' | 'ipv6 ospf6', ospf: InterfaceOspf): boolean {
  return ospf.network === 'point-to-point' || (ospf.network === 'broadcast' && word === 'ipv6 ospf6')
}

/** ospfd alone: OSPFv3 leaves this to IPsec (RFC 4552). */
function authenticationLines({ authentication }: InterfaceOspf): string[] {
  if (authentication === undefined) return []
  const { keyId, key } = authentication
  return ['ip ospf authentication message-digest', `ip ospf message-digest-key ${keyId} md5 ${placeholder(key.secret)}`]
}

function ospfLines(word: 'ip ospf' | 'ipv6 ospf6', ospf: InterfaceOspf | undefined): string[] {
  if (ospf === undefined) return []
  return [
    `${word} area ${ospf.area}`,
    ...authenticationLines(ospf),
    ...(ospf.bfd ? [`${word} bfd`] : []),
    ...(ospf.cost === undefined ? [] : [`${word} cost ${ospf.cost}`]),
    ...(ospf.deadInterval === 40 ? [] : [`${word} dead-interval ${ospf.deadInterval}`]),
    ...(ospf.helloInterval === 10 ? [] : [`${word} hello-interval ${ospf.helloInterval}`]),
    ...(printsNetwork(word, ospf) ? [`${word} network ${ospf.network}`] : []),
    ...(ospf.passive ? [`${word} passive`] : []),
  ]
}

/** Blocks of all interfaces that FRR has something to say about. Loopbacks of the Linux dataplane share the block of `lo`. */
export function renderInterfaces(config: RouterConfig): Block[] {
  const byLink = Map.groupBy(layer3Interfaces(config), (each) => each.link)
  return [...byLink]
    .map(([link, group]) => {
      const entries = group.flatMap((each) => [
        ...(each.description === undefined || each.description === '' || link === 'lo' ? [] : [`description ${each.description}`]),
        ...ospfLines('ip ospf', config.ospf === undefined ? undefined : each.ospf),
        // VPP sends its own; two routers on one link would contradict each other.
        ...(config.dataplane === 'vpp' ? [] : advertisementLines(each)),
        ...ospfLines('ipv6 ospf6', config.ospf6 === undefined ? undefined : each.ospf6),
      ])
      return block(`interface ${link}`, [...new Set(entries)])
    })
    .filter((each) => each.entries.length > 0)
}
