/**
 * Which sessions a change of configuration resets, so that a plan can say so and verification knows which must stay. Tried line by
 * line on FRR 8.4: everything that is not named here leaves sessions up.
 */
import type { Change } from './difference.ts'
import type { Line } from './parse.ts'

export interface Resets {
  /** Addresses of BGP peers whose session goes down, or `all`. */
  readonly bgpPeers: 'all' | readonly string[]
  /** Interfaces whose OSPF adjacencies go down, or `all`. */
  readonly ospfInterfaces: 'all' | readonly string[]
}

/** Settings of a neighbor that reset its session when they come, go or change. */
const resetting =
  /^(?:no )?neighbor (\S+) (remote-as|ttl-security|ebgp-multihop|password|update-source|peer-group|local-as|disable-connected-check|capability|activate|addpath-\S+|shutdown|passive|route-reflector-client)\b/
/** Settings that do so only when they go. */
const resettingWhenGone = /^neighbor (\S+) bfd\b/
/** `no neighbor X`: the definition goes, and the session with it. */
const definition = /^neighbor (\S+) (remote-as|peer-group|interface)\b/
const everyPeer = /^(no )?bgp (router-id|cluster-id|confederation)\b/
const everyAdjacency = /^(ospf|ospf6) router-id\b/
const adjacency = /^(ip ospf|ipv6 ospf6) (area|network|hello-interval|dead-interval|passive|authentication\S*|message-digest-key)\b/

function bgpRouter(lines: readonly Line[]): Line | undefined {
  return lines.find((line) => line.text.startsWith('router bgp '))
}

function neighborsOf(lines: readonly Line[]): ReadonlySet<string> {
  return new Set(bgpRouter(lines)?.children.flatMap((line) => definition.exec(line.text)?.[1] ?? []) ?? [])
}

function peerOf(change: Change): string | undefined {
  const gone = change.action === 'remove' ? resettingWhenGone.exec(change.line) : null
  return (resetting.exec(change.line) ?? gone)?.[1]
}

function bgpPeers(changes: readonly Change[], have: readonly Line[]): Resets['bgpPeers'] {
  const present = neighborsOf(have)
  const ofRouter = changes.filter((change) => (change.path[0] ?? change.line).startsWith('router bgp '))
  const whole = ofRouter.some((change) => change.path.length === 0 && change.action === 'remove')
  if (present.size > 0 && (whole || ofRouter.some((change) => everyPeer.test(change.line)))) return 'all'
  return [...new Set(ofRouter.flatMap((change) => peerOf(change) ?? []))].filter((peer) => present.has(peer))
}

function ospfInterfaces(changes: readonly Change[], have: readonly Line[]): Resets['ospfInterfaces'] {
  const routers = new Set(have.filter((line) => /^router ospf6?$/.test(line.text)).map((line) => line.text))
  const ofRouter = changes.filter((change) => routers.has(change.path[0] ?? change.line))
  if (ofRouter.some((change) => everyAdjacency.test(change.line) || (change.path.length === 0 && change.action === 'remove'))) return 'all'
  const speaking = new Set(have.filter((line) => line.children.some((child) => / area /.test(child.text))).map((line) => line.text))
  const touched = changes.filter((change) => adjacency.test(change.line) && speaking.has(change.path[0] ?? ''))
  return [...new Set(touched.map((change) => (change.path[0] ?? '').slice('interface '.length)))]
}

/**
 * What is said at the start of a session and therefore acts on no session that is up (RFC 4724 3); bgpd itself asks for a reset of the
 * peers.
 */
const deferred = /^(no )?(bgp graceful-restart|neighbor \S+ graceful-restart)\b/

/** Words for a plan about changes that wait for sessions to begin anew; empty when there are none. */
export function deferredText(changes: readonly Change[], have: readonly Line[]): string {
  const waits = neighborsOf(have).size > 0 && changes.some((change) => deferred.test(change.line))
  return waits ? 'graceful restart acts on sessions that begin from now on: clear them to have it at once' : ''
}

/** What the changes reset, given what the daemon has before them. */
export function resetsOf(changes: readonly Change[], have: readonly Line[]): Resets {
  return { bgpPeers: bgpPeers(changes, have), ospfInterfaces: ospfInterfaces(changes, have) }
}

/** The resets as words for a plan: `resets the sessions with 192.0.2.2`; empty when nothing is reset. */
export function resetText(resets: Resets): string {
  const { bgpPeers: peers, ospfInterfaces: interfaces } = resets
  const bgp = peers === 'all' ? ['all BGP sessions'] : peers.map((peer) => `the BGP session with ${peer}`)
  const ospf = interfaces === 'all' ? ['all OSPF adjacencies'] : interfaces.map((each) => `OSPF adjacencies on ${each}`)
  const all = [...bgp, ...ospf]
  return all.length === 0 ? '' : `resets ${all.join(', ')}`
}
