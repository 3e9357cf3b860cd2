/** Settings of a BGP session that contradict each other, or that its peer cannot have. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { doubtful, wrong } from '../config/model.ts'
import type { Bgp, BgpPeer } from './model.ts'

/** What only a peer of our own autonomous system, or only one of another, can be or have. */
function checkSystem(bgp: Bgp, peer: BgpPeer, path: string): Finding[] {
  const { multihop } = peer
  if (peer.asn === bgp.asn) {
    // FRR takes the line and forgets it: what was sent would never be what is there.
    const message = 'is for peers of another AS; those of our own may be any number of hops away'
    return multihop === undefined ? [] : [wrong(`${path}.multihop`, multihop, message, 'remove it')]
  }
  const message = `is for iBGP, and ${peer.name} is of AS ${peer.asn}`
  return [
    ...(peer.reflectorClient ? [wrong(`${path}.reflectorClient`, true, message, 'remove it')] : []),
    ...(peer.nextHopSelf === undefined ? [] : [wrong(`${path}.nextHopSelf`, peer.nextHopSelf, message, 'remove it')]),
  ]
}

/** Both say how far away a peer may be; FRR refuses the second of them. */
function checkDistance(peer: BgpPeer, path: string): Finding[] {
  const { multihop, ttlSecurity } = peer
  if (multihop === undefined || ttlSecurity === undefined) return []
  return [
    wrong(`${path}.ttlSecurity`, ttlSecurity, 'cannot stand beside multihop (RFC 5082 3)', 'remove multihop, ttlSecurity says as much'),
  ]
}

function checkCommunities(peer: BgpPeer, path: string): Finding[] {
  const { communities, sendCommunities } = peer.export
  if (sendCommunities || communities.length === 0) return []
  return [wrong(`${path}.export.communities`, communities, 'are not sent to this peer', 'set sendCommunities, or remove them')]
}

/** All findings about the settings of one session. */
export function checkSession(bgp: Bgp, peer: BgpPeer, path: string): Finding[] {
  return [...checkSystem(bgp, peer, path), ...checkDistance(peer, path), ...checkCommunities(peer, path)]
}

/** A cluster is what a reflector and its clients are; the words of one without the other mean nothing. */
export function checkCluster({ clusterId, peers }: Bgp): Finding[] {
  if (clusterId === undefined || peers.some((peer) => peer.reflectorClient)) return []
  return [doubtful('bgp.clusterId', clusterId, 'has no effect: no peer is a reflectorClient', 'set reflectorClient of the clients')]
}
