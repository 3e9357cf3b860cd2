/** Looking at what the daemons of FRR know: routes, sessions and neighbours. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { formatAddress, parseAddress } from '@imp/kit/base/ip.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { ImpContext } from '../../context.ts'
import type { FrrDaemon } from '../../frr/daemon.ts'
import { findDaemons } from '../../frr/daemons.ts'
import { renderFrr } from '../../frr/render.ts'
import { withSession } from '../../frr/session.ts'
import { findRunning } from '../../pipeline/running.ts'
import { frrPlace, type Target } from '../../pipeline/target.ts'
import { requireDaemon, withTarget } from '../../pipeline/where.ts'
import type { Ask } from '../ask.ts'
import { lookAtPeer, lookAtSessions, ShownPeer, ShownSession, viewPeer, viewSessions } from '../bgp.ts'
import { inputs, look, short } from '../ops.ts'
import { lookAtOspf, lookAtOspf6, OspfNeighbour, viewOspf } from '../ospf.ts'
import { Destination, lookAtRoutes, ShownRoute, viewRoutes } from '../routes.ts'

/** Asks one daemon of the router. */
function asking<T>(target: Target, daemon: FrrDaemon, use: (ask: Ask) => Promise<T>): Promise<T> {
  return withSession(frrPlace(target), daemon, (session) => use((command) => session.ask(command)))
}

/**
 * Asks a daemon that need not run, since the router may not speak its protocol: `nothing` then. A `state` fault where the running
 * configuration wants it and it died, which is no answer of no neighbours.
 */
async function askingIfWanted<T>(target: Target, daemon: FrrDaemon, nothing: T, use: (ask: Ask) => Promise<T>): Promise<T> {
  if ((await findDaemons(frrPlace(target))).has(daemon)) return asking(target, daemon, use)
  const running = await findRunning(target)
  if (running !== undefined && renderFrr(running.config).daemons.includes(daemon)) await requireDaemon(target, daemon)
  return nothing
}

const Routes = z.strictObject({ target: z.string(), routes: z.array(ShownRoute) })
const routes = operation<ImpContext>()({
  path: ['show', 'routes'],
  summary: 'Show the routing table, or the route to one destination',
  description:
    'Every route that a protocol offers, from zebra: * marks those that forward. An address shows the route that its packets take, a prefix the routes to exactly it.',
  effect: 'read',
  args: ['destination'],
  short,
  input: z.strictObject({
    destination: Destination.exactOptional(),
    longer: z.boolean().default(false).describe('also routes to networks inside the prefix'),
    ...inputs,
  }),
  output: Routes,
  examples: ['imp show routes', 'imp show routes 192.0.2.1', 'imp show routes 2001:db8::/32 --longer'],
  run: (context, { destination, longer, ...input }) =>
    look(
      context,
      input,
      async (target) => {
        await requireDaemon(target, 'zebra')
        return { target: target.name, routes: await asking(target, 'zebra', (ask) => lookAtRoutes(ask, destination, longer)) }
      },
      drawRoutes,
    ),
  view: drawRoutes,
})
function drawRoutes(seen: z.output<typeof Routes>): string {
  return viewRoutes(seen.routes)
}

/** Names of the peers of the router of this machine, for shells. */
function peerNames(context: ImpContext): Promise<string[]> {
  return withTarget(context, { namespace: 'dataplane' }, async (target) =>
    ((await findRunning(target))?.config.bgp?.peers ?? []).flatMap(({ name, address }) => [name, address]),
  )
}

/** The address of a peer that is named by its address or by its name in the running configuration. */
async function peerAddress(target: Target, peer: string): Promise<string> {
  const known = (await findRunning(target))?.config.bgp?.peers ?? []
  const named = known.find((each) => each.name === peer)?.address ?? peer
  try {
    return formatAddress(parseAddress(named))
  } catch (error) {
    const names = known.map((each) => each.name).join(', ')
    throw new Fault('not-found', `no BGP peer is called ${JSON.stringify(peer)}`, {
      hint: names === '' ? 'give the address of a peer' : `one of: ${names}; or the address of a peer`,
      cause: error,
    })
  }
}

async function lookAtBgp(target: Target, peer: string | undefined): Promise<z.output<typeof Bgp>> {
  if (peer === undefined) return { target: target.name, sessions: await askingIfWanted(target, 'bgpd', [], lookAtSessions) }
  await requireDaemon(target, 'bgpd')
  const address = await peerAddress(target, peer)
  const detail = await asking(target, 'bgpd', (ask) => lookAtPeer(ask, address))
  return { target: target.name, sessions: [], peer: detail }
}

const Bgp = z.strictObject({
  target: z.string(),
  sessions: z.array(ShownSession).describe('empty when one peer was asked for'),
  peer: ShownPeer.exactOptional(),
})
const bgp = operation<ImpContext>()({
  path: ['show', 'bgp'],
  summary: 'Show BGP sessions, or one peer in detail',
  effect: 'read',
  args: ['peer'],
  short,
  input: z.strictObject({
    peer: z
      .string()
      .regex(/^[A-Za-z0-9][\w.:-]{0,63}$/, 'must be an address or a name')
      .describe('address of a peer, or its name in the running configuration')
      .meta({ examples: ['192.0.2.2', 'upstream'] })
      .exactOptional(),
    ...inputs,
  }),
  output: Bgp,
  examples: ['imp show bgp', 'imp show bgp upstream', 'imp show bgp --watch'],
  complete: { peer: peerNames },
  run: (context, { peer, ...input }) => look(context, input, (target) => lookAtBgp(target, peer), drawBgp),
  view: drawBgp,
})
function drawBgp({ sessions, peer }: z.output<typeof Bgp>): string {
  return peer === undefined ? viewSessions(sessions) : viewPeer(peer)
}

const OspfNeighbours = z.strictObject({ target: z.string(), neighbours: z.array(OspfNeighbour) })
async function lookAtBothOspf(target: Target): Promise<z.output<typeof OspfNeighbours>> {
  const [two, three] = await Promise.all([
    askingIfWanted(target, 'ospfd', [], lookAtOspf),
    askingIfWanted(target, 'ospf6d', [], lookAtOspf6),
  ])
  return { target: target.name, neighbours: [...two, ...three] }
}
const ospf = operation<ImpContext>()({
  path: ['show', 'ospf'],
  summary: 'Show the neighbours of OSPF, for IPv4 and IPv6',
  effect: 'read',
  short,
  input: z.strictObject(inputs),
  output: OspfNeighbours,
  examples: ['imp show ospf'],
  run: (context, input) => look(context, input, lookAtBothOspf, drawOspf),
  view: drawOspf,
})
function drawOspf(seen: z.output<typeof OspfNeighbours>): string {
  return viewOspf(seen.neighbours)
}

export const operations: readonly AnyOperation<ImpContext>[] = [routes, bgp, ospf]
