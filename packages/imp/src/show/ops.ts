/** Looking at what a router does now. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { formatAddress, parseAddress } from '@imp/kit/base/ip.ts'
import { Address4 } from '@imp/kit/base/schema.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VppInstance } from '../appliance/model.ts'
import type { ImpContext } from '../context.ts'
import type { VppClient } from '../dataplane/vpp/api/client.ts'
import { withVpp } from '../dataplane/vpp/place.ts'
import { findDaemons } from '../frr/daemons.ts'
import { instancesOf } from '../pipeline/instances.ts'
import { findRunning } from '../pipeline/running.ts'
import type { FrrDaemon } from '../frr/daemon.ts'
import { withSession } from '../frr/session.ts'
import { dataplanePlace, frrPlace, type Target } from '../pipeline/target.ts'
import { requireDaemon, requireNamespace, where, withTarget, type Where } from '../pipeline/where.ts'
import type { Ask } from './ask.ts'
import { lookAtPeer, lookAtSessions, ShownPeer, ShownSession, viewPeer, viewSessions } from './bgp.ts'
import { Counters, lookAtCounters, viewCounters } from './counters.ts'
import { FibEntry, lookAtFib, viewFib } from './fib.ts'
import { lookAtInterfaces, ShownInterface, viewInterfaces } from './interfaces.ts'
import { lookAtNat, ShownNat, viewNat } from './nat.ts'
import { lookAtNeighbours, Neighbour, viewNeighbours } from './neighbours.ts'
import { lookAtOspf, lookAtOspf6, OspfNeighbour, viewOspf } from './ospf.ts'
import { Destination, lookAtRoutes, ShownRoute, viewRoutes } from './routes.ts'
import { Instance } from './vpp.ts'
import { lookAtVppCounters } from './vpp-counters.ts'
import { parseVppErrors, viewVppErrors, VppError } from './vpp-errors.ts'
import { lookAtVppFib } from './vpp-fib.ts'
import { lookAtVppInterfaces } from './vpp-interfaces.ts'
import { lookAtVppNat } from './vpp-nat.ts'
import { parseVppRuntime, viewVppRuntime, VppNode } from './vpp-runtime.ts'
import { watch } from './watch.ts'

const inputs = { watch: z.boolean().default(false).describe('look again every 2 seconds until ctrl-c'), ...where }
const short = { watch: 'w' } as const

/** Looks once, or with --watch until the person has seen enough. */
function look<T>(
  context: ImpContext,
  input: Where & { readonly watch: boolean },
  ask: (target: Target) => Promise<T>,
  draw: (seen: T) => string,
): Promise<T> {
  return withTarget(context, input, async (target) => {
    await requireNamespace(target)
    return input.watch ? watch(context, process.stdout, () => ask(target), draw) : ask(target)
  })
}

/** Asks one daemon of the router. */
function asking<T>(target: Target, daemon: FrrDaemon, use: (ask: Ask) => Promise<T>): Promise<T> {
  return withSession(frrPlace(target), daemon, (session) => use((command) => session.ask(command)))
}

/** Asks a process of VPP; a `state` fault when it does not run. */
function askingVpp<T>(target: Target, instance: VppInstance, use: (vpp: VppClient) => Promise<T>): Promise<T> {
  return withVpp(dataplanePlace(target), instance, use)
}

async function forwardsByVpp(target: Target): Promise<boolean> {
  return (await findRunning(target))?.config.dataplane === 'vpp'
}

const Interfaces = z.strictObject({ target: z.string(), interfaces: z.array(ShownInterface) })
const interfaces = operation<ImpContext>()({
  path: ['show', 'interfaces'],
  summary: 'Show interfaces with their states, addresses and counters',
  effect: 'read',
  short,
  input: z.strictObject(inputs),
  output: Interfaces,
  examples: ['imp show interfaces', 'imp show interfaces --watch'],
  run: (context, input) =>
    look(
      context,
      input,
      async (target) => {
        const seen = (await forwardsByVpp(target)) ? askingVpp(target, 'core', lookAtVppInterfaces) : lookAtInterfaces(target.host)
        return { target: target.name, interfaces: await seen }
      },
      drawInterfaces,
    ),
  view: drawInterfaces,
})
function drawInterfaces(seen: z.output<typeof Interfaces>): string {
  return viewInterfaces(seen.interfaces)
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

const Fib = z.strictObject({ target: z.string(), entries: z.array(FibEntry) })
const fib = operation<ImpContext>()({
  path: ['show', 'fib'],
  summary: 'Show what the kernel or VPP forwards by, or the entry for one destination',
  description:
    'The main table of the dataplane, whoever made its entries. An address shows what its packets follow, a prefix exactly its entries.',
  effect: 'read',
  args: ['destination'],
  short,
  input: z.strictObject({ destination: Destination.exactOptional(), ...inputs }),
  output: Fib,
  examples: ['imp show fib', 'imp show fib 192.0.2.1'],
  run: (context, { destination, ...input }) =>
    look(
      context,
      input,
      async (target) => {
        const isVpp = await forwardsByVpp(target)
        const entries = isVpp ? askingVpp(target, 'core', (vpp) => lookAtVppFib(vpp, destination)) : lookAtFib(target.host, destination)
        return { target: target.name, entries: await entries }
      },
      drawFib,
    ),
  view: drawFib,
})
function drawFib(seen: z.output<typeof Fib>): string {
  return viewFib(seen.entries)
}

const Neighbours = z.strictObject({ target: z.string(), neighbours: z.array(Neighbour) })
const neighbours = operation<ImpContext>()({
  path: ['show', 'neighbours'],
  aliases: [['show', 'neighbors']],
  summary: 'Show who answers on the links (ARP and neighbour discovery)',
  effect: 'read',
  short,
  input: z.strictObject(inputs),
  output: Neighbours,
  examples: ['imp show neighbours'],
  run: (context, input) =>
    look(context, input, async (target) => ({ target: target.name, neighbours: await lookAtNeighbours(target.host) }), drawNeighbours),
  view: drawNeighbours,
})
function drawNeighbours(seen: z.output<typeof Neighbours>): string {
  return viewNeighbours(seen.neighbours)
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
  const running = (await findDaemons(frrPlace(target))).has('bgpd')
  if (peer === undefined) return { target: target.name, sessions: running ? await asking(target, 'bgpd', lookAtSessions) : [] }
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
  const daemons = await findDaemons(frrPlace(target))
  const [two, three] = await Promise.all([
    daemons.has('ospfd') ? asking(target, 'ospfd', lookAtOspf) : [],
    daemons.has('ospf6d') ? asking(target, 'ospf6d', lookAtOspf6) : [],
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

const NatOutput = z.strictObject({ target: z.string(), ...ShownNat.shape })
const nat = operation<ImpContext>()({
  path: ['show', 'nat'],
  summary: 'Show how NAT is used, and with an inside address the flows of that host',
  description:
    'Flows and losses are counted by the kernel or by VPP. Who had a port at what time answers imp nat lookup, without any flow.',
  effect: 'read',
  args: ['inside'],
  short,
  input: z.strictObject({ inside: Address4.describe('inside address whose flows are shown').exactOptional(), ...inputs }),
  output: NatOutput,
  examples: ['imp show nat', 'imp show nat 192.168.0.5'],
  run: (context, { inside, ...input }) =>
    look(
      context,
      input,
      async (target) => {
        const config = (await findRunning(target))?.config
        const mappings = config?.nat?.mappings ?? []
        const translatesByVpp = config?.dataplane === 'vpp' && config.nat !== undefined
        const seen = translatesByVpp
          ? askingVpp(target, 'nat', (vpp) => lookAtVppNat(vpp, mappings, inside))
          : lookAtNat(target.host, mappings, inside)
        return { target: target.name, ...(await seen) }
      },
      viewNat,
    ),
  view: viewNat,
})

/** Counters of the kernel, and where VPP forwards those of its processes as well: only packets for the router itself come to the kernel. */
async function lookAtAllCounters(target: Target): Promise<z.output<typeof CountersOutput>> {
  const running = await findRunning(target)
  const seen = { target: target.name, ...(await lookAtCounters(target.host)) }
  if (running?.config.dataplane !== 'vpp') return seen
  const { config, overrides } = running
  const beside = instancesOf(config, overrides).map(({ name }) => name)
  const instances = ['core', ...(config.nat === undefined ? [] : ['nat']), ...beside]
  const counted = instances.map((instance) => askingVpp(target, instance, (vpp) => lookAtVppCounters(vpp, instance)))
  return { ...seen, vpp: (await Promise.all(counted)).flat() }
}

const CountersOutput = z.strictObject({ target: z.string(), ...Counters.shape })
const counters = operation<ImpContext>()({
  path: ['show', 'counters'],
  summary: 'Show what the kernel, the rules of nftables and the nodes of VPP counted',
  description: 'Packets and bytes of interfaces are shown by imp show interfaces, of VPP those that it forwards.',
  effect: 'read',
  short,
  input: z.strictObject(inputs),
  output: CountersOutput,
  examples: ['imp show counters', 'imp show counters --watch'],
  run: (context, input) => look(context, input, lookAtAllCounters, viewCounters),
  view: viewCounters,
})

async function requireVpp(target: Target): Promise<void> {
  if (await forwardsByVpp(target)) return
  throw new Fault('unsupported', `${target.name} forwards by the Linux kernel: this is only of the VPP dataplane`, {
    hint: 'imp show counters shows what the kernel counted',
  })
}

/** What a line of VPP's command line prints: nothing else tells what its nodes counted. */
async function textOfVpp(target: Target, instance: VppInstance, line: string): Promise<string> {
  await requireVpp(target)
  return askingVpp(target, instance, (vpp) => vpp.cli(line))
}

const ofInstance = { instance: Instance.default('core'), ...inputs }

const Errors = z.strictObject({ target: z.string(), instance: Instance, errors: z.array(VppError) })
const errors = operation<ImpContext>()({
  path: ['show', 'errors'],
  summary: 'Show why VPP dropped packets, and what else its nodes counted',
  description: 'Only of routers whose dataplane is VPP. VPP counts what is no error as well: the severity tells them apart.',
  effect: 'read',
  args: ['instance'],
  short,
  input: z.strictObject(ofInstance),
  output: Errors,
  examples: ['imp show errors', 'imp show errors nat --watch'],
  run: (context, { instance, ...input }) =>
    look(
      context,
      input,
      async (target) => ({ target: target.name, instance, errors: parseVppErrors(await textOfVpp(target, instance, 'show errors')) }),
      drawErrors,
    ),
  view: drawErrors,
})
function drawErrors(seen: z.output<typeof Errors>): string {
  return viewVppErrors(seen.errors)
}

const Runtime = z.strictObject({ target: z.string(), instance: Instance, nodes: z.array(VppNode) })
const runtime = operation<ImpContext>()({
  path: ['show', 'runtime'],
  summary: 'Show how busy the nodes of VPP are',
  description: 'Only of routers whose dataplane is VPP. Nodes that have seen packets, those that took most of the processor first.',
  effect: 'read',
  args: ['instance'],
  short,
  input: z.strictObject(ofInstance),
  output: Runtime,
  examples: ['imp show runtime', 'imp show runtime nat --watch'],
  run: (context, { instance, ...input }) =>
    look(
      context,
      input,
      async (target) => ({ target: target.name, instance, nodes: parseVppRuntime(await textOfVpp(target, instance, 'show runtime')) }),
      drawRuntime,
    ),
  view: drawRuntime,
})
function drawRuntime(seen: z.output<typeof Runtime>): string {
  return viewVppRuntime(seen.nodes)
}

export const operations: readonly AnyOperation<ImpContext>[] = [
  interfaces,
  routes,
  fib,
  neighbours,
  bgp,
  ospf,
  nat,
  counters,
  errors,
  runtime,
]
