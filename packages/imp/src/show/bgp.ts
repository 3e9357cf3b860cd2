/** BGP sessions and peers, as bgpd tells them. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { indent, table } from '@imp/kit/base/text.ts'
import { formatDuration } from '@imp/kit/base/units.ts'
import { answerOf, type Ask } from './ask.ts'

export const ShownSession = z.strictObject({
  peer: z.string(),
  family: z.string().describe('address family, as FRR names it'),
  asn: z.int(),
  description: z.string().exactOptional(),
  state: z.string().describe('Established, or the state of RFC 4271 8.2.2'),
  uptimeMs: z.number().describe('since the session is established, or since it went down; 0 when it never was'),
  received: z.int().describe('prefixes'),
  sent: z.int().describe('prefixes'),
  dropped: z.int().describe('how often it went down since bgpd started'),
})
export type ShownSession = z.output<typeof ShownSession>

const RawSession = z.looseObject({
  remoteAs: z.int(),
  desc: z.string().exactOptional(),
  state: z.string(),
  peerUptimeMsec: z.number().default(0),
  pfxRcd: z.int().default(0),
  pfxSnt: z.int().default(0),
  connectionsDropped: z.int().default(0),
})
const RawFamily = z.looseObject({ peers: z.record(z.string(), RawSession) })

/** Reads the answer of `show bgp summary json`: a session for each peer and address family. */
export function parseSessions(text: string): ShownSession[] {
  const what = 'show bgp summary json'
  const summary = parse(z.record(z.string(), z.unknown()), parseJson(text, what), what)
  return Object.entries(summary).flatMap(([family, value]) => {
    // Beside the families there may be warnings.
    const { data } = RawFamily.safeParse(value)
    return Object.entries(data?.peers ?? {}).map(([peer, each]) => ({
      peer,
      family,
      asn: each.remoteAs,
      ...(each.desc === undefined ? {} : { description: each.desc }),
      state: each.state,
      uptimeMs: each.peerUptimeMsec,
      received: each.pfxRcd,
      sent: each.pfxSnt,
      dropped: each.connectionsDropped,
    }))
  })
}

const PeerFamily = z.strictObject({
  family: z.string(),
  accepted: z.int().describe('prefixes'),
  sent: z.int().describe('prefixes'),
  importPolicy: z.string().exactOptional(),
  exportPolicy: z.string().exactOptional(),
})

export const ShownPeer = z.strictObject({
  peer: z.string(),
  asn: z.int(),
  localAsn: z.int(),
  description: z.string().exactOptional(),
  state: z.string(),
  uptimeMs: z.number().describe('since the session is established; 0 when it is not'),
  local: z.string().describe('our address and port').exactOptional(),
  remote: z.string().describe('their address and port').exactOptional(),
  holdTimeMs: z.number(),
  keepaliveMs: z.number(),
  established: z.int().describe('how often it came up since bgpd started'),
  dropped: z.int(),
  lastReset: z.string().exactOptional(),
  messagesSent: z.int(),
  messagesReceived: z.int(),
  families: z.array(PeerFamily),
})
export type ShownPeer = z.output<typeof ShownPeer>

const RawPeerFamily = z.looseObject({
  acceptedPrefixCounter: z.int().default(0),
  sentPrefixCounter: z.int().default(0),
  routeMapForIncomingAdvertisements: z.string().exactOptional(),
  routeMapForOutgoingAdvertisements: z.string().exactOptional(),
})

const RawPeer = z.looseObject({
  remoteAs: z.int(),
  localAs: z.int(),
  nbrDesc: z.string().exactOptional(),
  bgpState: z.string(),
  bgpTimerUpMsec: z.number().default(0),
  hostLocal: z.string().default('Unknown'),
  portLocal: z.int().default(-1),
  hostForeign: z.string().default('Unknown'),
  portForeign: z.int().default(-1),
  bgpTimerHoldTimeMsecs: z.number(),
  bgpTimerKeepAliveIntervalMsecs: z.number(),
  connectionsEstablished: z.int().default(0),
  connectionsDropped: z.int().default(0),
  lastResetDueTo: z.string().exactOptional(),
  messageStats: z.looseObject({ totalSent: z.int(), totalRecv: z.int() }),
  addressFamilyInfo: z.record(z.string(), RawPeerFamily).default({}),
})
type RawPeer = z.output<typeof RawPeer>

function endpoint(host: string, port: number): string | undefined {
  if (host === 'Unknown' || port < 0) return undefined
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function familiesOf(raw: RawPeer): z.output<typeof PeerFamily>[] {
  return Object.entries(raw.addressFamilyInfo).map(([family, each]) => {
    const { routeMapForIncomingAdvertisements: incoming, routeMapForOutgoingAdvertisements: outgoing } = each
    return {
      family,
      accepted: each.acceptedPrefixCounter,
      sent: each.sentPrefixCounter,
      ...(incoming === undefined ? {} : { importPolicy: incoming }),
      ...(outgoing === undefined ? {} : { exportPolicy: outgoing }),
    }
  })
}

/** Reads the answer of `show bgp neighbors ADDRESS json`; a `not-found` fault when bgpd has no such peer. */
export function parsePeer(text: string, peer: string): ShownPeer {
  const what = `show bgp neighbors ${peer} json`
  const answer = parse(z.record(z.string(), z.unknown()), parseJson(text, what), what)
  if (answer[peer] === undefined) throw new Fault('not-found', `bgpd has no peer ${peer}`, { hint: 'imp show bgp lists the peers' })
  const raw = parse(RawPeer, answer[peer], what)
  const local = endpoint(raw.hostLocal, raw.portLocal)
  const remote = endpoint(raw.hostForeign, raw.portForeign)
  return {
    peer,
    asn: raw.remoteAs,
    localAsn: raw.localAs,
    ...(raw.nbrDesc === undefined ? {} : { description: raw.nbrDesc }),
    state: raw.bgpState,
    uptimeMs: raw.bgpTimerUpMsec,
    ...(local === undefined ? {} : { local }),
    ...(remote === undefined ? {} : { remote }),
    holdTimeMs: raw.bgpTimerHoldTimeMsecs,
    keepaliveMs: raw.bgpTimerKeepAliveIntervalMsecs,
    established: raw.connectionsEstablished,
    dropped: raw.connectionsDropped,
    ...(raw.lastResetDueTo === undefined ? {} : { lastReset: raw.lastResetDueTo }),
    messagesSent: raw.messageStats.totalSent,
    messagesReceived: raw.messageStats.totalRecv,
    families: familiesOf(raw),
  }
}

export async function lookAtSessions(ask: Ask): Promise<ShownSession[]> {
  return parseSessions(await answerOf(ask, 'show bgp summary json'))
}

/** One peer by its address. */
export async function lookAtPeer(ask: Ask, peer: string): Promise<ShownPeer> {
  return parsePeer(await answerOf(ask, `show bgp neighbors ${peer} json`), peer)
}

function age(ms: number): string {
  return ms === 0 ? 'never' : formatDuration(ms)
}

export function viewSessions(sessions: readonly ShownSession[]): string {
  if (sessions.length === 0) return 'no BGP sessions'
  const rows = sessions.map((each) => [
    each.peer,
    each.family,
    String(each.asn),
    each.state,
    age(each.uptimeMs),
    String(each.received),
    String(each.sent),
    String(each.dropped),
    each.description ?? '',
  ])
  return table([['PEER', 'FAMILY', 'AS', 'STATE', 'SINCE', 'RECEIVED', 'SENT', 'DROPPED', 'DESCRIPTION'], ...rows]).join('\n')
}

export function viewPeer(peer: ShownPeer): string {
  const { local = 'nowhere', remote = 'nowhere' } = peer
  const since = peer.uptimeMs === 0 ? '' : ` since ${formatDuration(peer.uptimeMs)}`
  const families = peer.families.map((each) => [
    each.family,
    `${each.accepted} accepted`,
    `${each.sent} sent`,
    `import ${each.importPolicy ?? 'without policy'}`,
    `export ${each.exportPolicy ?? 'without policy'}`,
  ])
  return [
    `${peer.peer}  AS ${peer.asn}  ${peer.state}${since}`,
    ...(peer.description === undefined ? [] : [`  ${peer.description}`]),
    `  from ${local} to ${remote}, we are AS ${peer.localAsn}`,
    `  hold time ${peer.holdTimeMs / 1000} s, keepalive ${peer.keepaliveMs / 1000} s`,
    `  messages: ${peer.messagesReceived} received, ${peer.messagesSent} sent`,
    `  came up ${peer.established} times, went down ${peer.dropped} times${peer.lastReset === undefined ? '' : `, last reset: ${peer.lastReset}`}`,
    ...table(families).map((line) => indent(line)),
  ].join('\n')
}
