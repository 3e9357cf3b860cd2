/** BGP: peers that can be reached, and policies that say what was meant. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { bits, contains, formatAddress, formatPrefix, parseAddress, parsePrefix, sameAddress, type Address } from '@imp/kit/base/ip.ts'
import { doubtful, duplicates, ownNetworks, wrong, type OwnNetworks, type RouterConfig } from '../config/model.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import { isRouted } from './check.ts'
import { checkCluster, checkSession } from './check-session.ts'
import { isAddress, type Bgp, type BgpPeer, type PrefixRange } from './model.ts'

interface Situation {
  readonly config: RouterConfig
  readonly bgp: Bgp
  readonly own: OwnNetworks
  readonly peer: BgpPeer
  readonly path: string
  readonly address: Address
}

function checkReachable({ config, bgp, own, peer, path, address }: Situation): Finding[] {
  const at = `${path}.address`
  if (contains(parsePrefix('fe80::/10'), address)) {
    return [wrong(at, peer.address, 'is link-local; such peers are not supported', 'use a global or unique local address')]
  }
  if (own.at(address) !== undefined) return [wrong(at, peer.address, 'is an address of this router itself', 'use that of the peer')]
  if (own.around(address).length > 0) return []
  if (peer.asn !== bgp.asn && peer.multihop === undefined && (peer.ttlSecurity ?? 1) === 1) {
    return [wrong(at, peer.address, 'is in no connected network', 'mend the address, or set multihop when the peer is further away')]
  }
  return isRouted(config, address)
    ? []
    : [doubtful(at, peer.address, 'is in no connected network and behind no static route', 'add a route to it')]
}

function checkSource({ config, own, peer, path, address }: Situation): Finding[] {
  const { updateSource } = peer
  if (updateSource === undefined) return []
  const at = `${path}.updateSource`
  const candidates =
    /[.:]/.test(updateSource) && isAddress(updateSource)
      ? own.all.filter((each) => sameAddress(each.address, parseAddress(updateSource)))
      : undefined
  if (candidates === undefined && !layer3Interfaces(config).some((each) => each.name === updateSource)) {
    return [
      wrong(
        at,
        updateSource,
        'is neither an address nor the name of an interface',
        'use an address of this router, or the name of an interface',
      ),
    ]
  }
  const found = candidates ?? own.all.filter((each) => each.name === updateSource)
  if (found.length === 0 && candidates !== undefined)
    return [wrong(at, updateSource, 'is not an address of this router', 'use one of its addresses')]
  if (found.some((each) => each.address.family === address.family)) return []
  return [
    wrong(
      at,
      updateSource,
      `has no IPv${address.family} address to reach ${peer.address} from`,
      'use an address of the family of the peer',
    ),
  ]
}

function checkTimers({ peer, path }: Situation): Finding[] {
  const limit = Math.floor(peer.holdTime / 3)
  if (peer.keepalive === undefined || peer.keepalive <= limit) return []
  return [wrong(`${path}.keepalive`, peer.keepalive, `is more than a third of holdTime ${peer.holdTime} (RFC 4271 10)`, `at most ${limit}`)]
}

function checkRanges(peer: BgpPeer, ranges: readonly PrefixRange[], path: string): Finding[] {
  const { family } = parseAddress(peer.address)
  return ranges.flatMap((range, index) => {
    const at = `${path}[${index}]`
    const prefix = parsePrefix(range.prefix)
    if (prefix.family !== family) {
      return [
        wrong(
          `${at}.prefix`,
          range.prefix,
          `is not of the family of the peer, IPv${family}`,
          'a peer exchanges routes of the family of its address',
        ),
      ]
    }
    const { maximumLength } = range
    if (maximumLength === undefined || (maximumLength >= prefix.length && maximumLength <= bits(family))) return []
    return [wrong(`${at}.maximumLength`, maximumLength, `is no length inside ${range.prefix}`, `from ${prefix.length} to ${bits(family)}`)]
  })
}

function checkImport({ peer, path }: Situation): Finding[] {
  const { accept, reject, acceptDefault } = peer.import
  const all = accept?.findIndex((range) => parsePrefix(range.prefix).length === 0) ?? -1
  const shadowed = wrong(
    `${path}.import.accept[${all}]`,
    accept?.[all]?.prefix,
    'is the default route, which acceptDefault decides about',
    'set acceptDefault to true',
  )
  return [
    ...checkRanges(peer, accept ?? [], `${path}.import.accept`),
    ...checkRanges(peer, reject, `${path}.import.reject`),
    ...duplicates(
      peer.import.communities,
      ({ community }) => community,
      ({ community }) =>
        wrong(`${path}.import.communities[${community}]`, community, 'is in the list twice', 'say once what to do with it'),
    ),
    ...(all >= 0 && !acceptDefault && accept?.[all]?.maximumLength === undefined ? [shadowed] : []),
    ...(accept?.length === 0 && !acceptDefault
      ? [doubtful(`${path}.import.accept`, [], 'takes nothing from this peer', 'leave accept out to take what is sensible')]
      : []),
  ]
}

function checkExport({ bgp, peer, path, address }: Situation): Finding[] {
  const networks = new Set(bgp.announced.map((text) => formatPrefix(parsePrefix(text))))
  const own = (peer.export.announced ?? []).flatMap((text, index) => {
    const at = `${path}.export.announced[${index}]`
    if (!networks.has(formatPrefix(parsePrefix(text))))
      return [wrong(at, text, 'is not among the announced prefixes', 'add it to bgp.announced')]
    if (parsePrefix(text).family === address.family) return []
    return [
      wrong(at, text, `is not of the family of the peer, IPv${address.family}`, 'a peer exchanges routes of the family of its address'),
    ]
  })
  const family = bgp.announced.filter((text) => parsePrefix(text).family === address.family)
  if (peer.asn === bgp.asn || family.length > 0 || peer.export.default) return own
  return [
    ...own,
    doubtful(
      `${path}.export`,
      undefined,
      `nothing of IPv${address.family} is announced to ${peer.name}`,
      'add a prefix to bgp.announced, or ignore this when only routes are taken',
    ),
  ]
}

function checkPeer(situation: Situation): Finding[] {
  const { bgp, peer, path } = situation
  const rules = [checkReachable, checkSource, checkTimers, checkImport, checkExport]
  return [...rules.flatMap((rule) => rule(situation)), ...checkSession(bgp, peer, path)]
}

function checkAnnounced(bgp: Bgp): Finding[] {
  const prefixes = bgp.announced.map((text, index) => ({ text, path: `bgp.announced[${index}]` }))
  return [
    ...duplicates(
      prefixes,
      ({ text }) => formatPrefix(parsePrefix(text)),
      (item, earlier) => wrong(item.path, item.text, `stands at ${earlier.path} already`, 'remove one of them'),
    ),
    ...prefixes
      .filter(({ text }) => parsePrefix(text).length === 0)
      .map(({ path, text }) => wrong(path, text, 'is the default route', 'set export.default of the peers that shall have it')),
  ]
}

function checkRouterId(bgp: Bgp, own: OwnNetworks): Finding[] {
  const address = parseAddress(bgp.routerId)
  if (address.value === 0n) return [wrong('bgp.routerId', bgp.routerId, 'is no identity (RFC 6286)', 'use an IPv4 address of this router')]
  if (own.at(address) !== undefined) return []
  return [
    doubtful('bgp.routerId', bgp.routerId, 'is not an address of this router', 'another router may have it; give a loopback this address'),
  ]
}

/** All findings about BGP. */
export function checkBgp(config: RouterConfig): Finding[] {
  const { bgp } = config
  if (bgp === undefined) return []
  const own = ownNetworks(config)
  const peers = bgp.peers.map((peer, index) => ({
    config,
    bgp,
    own,
    peer,
    path: `bgp.peers[${index}]`,
    address: parseAddress(peer.address),
  }))
  return [
    ...checkRouterId(bgp, own),
    ...checkAnnounced(bgp),
    ...checkCluster(bgp),
    ...duplicates(
      peers,
      ({ peer }) => peer.name,
      (item, earlier) => wrong(`${item.path}.name`, item.peer.name, `is a name that ${earlier.path} has already`, 'choose another name'),
    ),
    ...duplicates(
      peers,
      ({ address }) => formatAddress(address),
      (item, earlier) =>
        wrong(`${item.path}.address`, item.peer.address, `is the address of ${earlier.path} already`, 'one session for each address'),
    ),
    ...peers.flatMap(checkPeer),
  ]
}
