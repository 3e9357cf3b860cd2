/** Looking at what a router forwards by, and at what it counts. */
import { z } from 'zod'
import { Address4 } from '@imp/kit/base/schema.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VppInstance } from '../appliance/model.ts'
import type { ImpContext } from '../context.ts'
import type { VppClient } from '../dataplane/vpp/api/client.ts'
import { withVpp } from '../dataplane/vpp/place.ts'
import { instancesOf } from '../pipeline/instances.ts'
import { findRunning } from '../pipeline/running.ts'
import { dataplanePlace, type Target } from '../pipeline/target.ts'
import { requireNamespace, where, withTarget, type Where } from '../pipeline/where.ts'
import { Counters, lookAtCounters, viewCounters } from './counters.ts'
import { FibEntry, lookAtFib, viewFib } from './fib.ts'
import { lookAtInterfaces, ShownInterface, viewInterfaces } from './interfaces.ts'
import { lookAtNat, ShownNat, viewNat } from './nat.ts'
import { lookAtNeighbours, Neighbour, viewNeighbours } from './neighbours.ts'
import { Destination } from './routes.ts'
import { lookAtVppCounters } from './vpp-counters.ts'
import { lookAtVppFib } from './vpp-fib.ts'
import { lookAtVppInterfaces } from './vpp-interfaces.ts'
import { lookAtVppNat } from './vpp-nat.ts'
import { watch } from './watch.ts'

/** What every look takes. */
export const inputs = { watch: z.boolean().default(false).describe('look again every 2 seconds until ctrl-c'), ...where }
export const short = { watch: 'w' } as const

/** Looks once, or with --watch until the person has seen enough. */
export function look<T>(
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

/** Asks a process of VPP; a `state` fault when it does not run. */
export function askingVpp<T>(target: Target, instance: VppInstance, use: (vpp: VppClient) => Promise<T>): Promise<T> {
  return withVpp(dataplanePlace(target), instance, use)
}

/** Whether packets of the target are forwarded by VPP rather than by the kernel. */
export async function forwardsByVpp(target: Target): Promise<boolean> {
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

export const operations: readonly AnyOperation<ImpContext>[] = [interfaces, fib, neighbours, nat, counters]
