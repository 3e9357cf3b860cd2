/** The BGP router: one session per peer, each with explicit policies both ways. */
import { parseAddress, parsePrefix, type Family } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../config/model.ts'
import { isAddress, keepaliveOf, type Bgp, type BgpPeer } from '../routing/model.ts'
import { placeholder } from '../secrets/model.ts'
import { block, type Block, type Entry } from './document.ts'
import { addressLiteral, prefixLiteral } from './literal.ts'
import { exportMapName, importMapName } from './render-policy.ts'

function sessionLines(peer: BgpPeer, links: ReadonlyMap<string, string>): string[] {
  const source = peer.updateSource
  const words = (...rest: readonly (string | number)[]): string => ['neighbor', addressLiteral(peer.address), ...rest].join(' ')
  return [
    words('remote-as', peer.asn),
    ...(peer.description === undefined || peer.description === '' ? [] : [words('description', peer.description)]),
    ...(peer.bfd ? [words('bfd')] : []),
    ...(peer.enabled ? [] : [words('shutdown')]),
    ...(peer.password === undefined ? [] : [words('password', placeholder(peer.password.secret))]),
    ...(peer.multihop === undefined ? [] : [words('ebgp-multihop', peer.multihop)]),
    ...(peer.ttlSecurity === undefined ? [] : [words('ttl-security hops', peer.ttlSecurity)]),
    ...(peer.gracefulRestart === false ? [words('graceful-restart-disable')] : []),
    words('timers', keepaliveOf(peer), peer.holdTime),
    words('timers connect', peer.connectRetry),
    ...(source === undefined ? [] : [words('update-source', isAddress(source) ? addressLiteral(source) : (links.get(source) ?? source))]),
  ]
}

function policyLines(bgp: Bgp, peer: BgpPeer): string[] {
  const words = (...rest: readonly (string | number)[]): string => ['neighbor', addressLiteral(peer.address), ...rest].join(' ')
  return [
    words('activate'),
    ...(peer.export.default ? [words('default-originate')] : []),
    ...(peer.asn === bgp.asn && peer.nextHopSelf !== false ? [words('next-hop-self')] : []),
    ...(peer.reflectorClient ? [words('route-reflector-client')] : []),
    ...(peer.export.sendCommunities ? [] : [`no ${words('send-community', 'all')}`]),
    ...(peer.maximumPrefixes === undefined ? [] : [words('maximum-prefix', peer.maximumPrefixes)]),
    words('route-map', importMapName(peer), 'in'),
    words('route-map', exportMapName(peer), 'out'),
  ]
}

/** Linux forwards on while bgpd is away, and zebra keeps its routes: hence the promise that forwarding is preserved. */
function gracefulRestartLines({ gracefulRestart }: Bgp): string[] {
  if (gracefulRestart === undefined) return []
  const { restartTime, staleTime } = gracefulRestart
  return [
    ...(staleTime === 360 ? [] : [`bgp graceful-restart stalepath-time ${staleTime}`]),
    ...(restartTime === 120 ? [] : [`bgp graceful-restart restart-time ${restartTime}`]),
    'bgp graceful-restart',
    'bgp graceful-restart preserve-fw-state',
  ]
}

function addressFamily(bgp: Bgp, family: Family): Entry[] {
  const networks = bgp.announced
    .filter((prefix) => parsePrefix(prefix).family === family)
    .map((prefix) => `network ${prefixLiteral(prefix)}`)
  const peers = bgp.peers.filter((peer) => parseAddress(peer.address).family === family)
  const entries = [...networks, ...peers.flatMap((peer) => policyLines(bgp, peer))]
  if (entries.length === 0) return []
  return [{ first: `address-family ipv${family} unicast`, entries, last: 'exit-address-family' }]
}

/** Block `router bgp`. `links` gives the Linux interface for each name of the configuration. */
export function renderBgp(config: RouterConfig, links: ReadonlyMap<string, string>): Block[] {
  const { bgp } = config
  if (bgp === undefined) return []
  return [
    block(`router bgp ${bgp.asn}`, [
      `bgp router-id ${bgp.routerId}`,
      'no bgp default ipv4-unicast',
      ...(bgp.clusterId === undefined ? [] : [`bgp cluster-id ${bgp.clusterId}`]),
      ...gracefulRestartLines(bgp),
      ...bgp.peers.flatMap((peer) => sessionLines(peer, links)),
      ...addressFamily(bgp, 4),
      ...addressFamily(bgp, 6),
    ]),
  ]
}
