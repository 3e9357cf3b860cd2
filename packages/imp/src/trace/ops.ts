/** Tracing packets through the graph of VPP. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parseAddress } from '@imp/kit/base/ip.ts'
import { Address } from '@imp/kit/base/schema.ts'
import { count as counted } from '@imp/kit/base/text.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import { InstanceName, type VppInstance } from '../appliance/model.ts'
import type { ImpContext } from '../context.ts'
import type { VppClient } from '../dataplane/vpp/api/client.ts'
import { numberAt } from '../dataplane/vpp/api/fields.ts'
import { withVpp } from '../dataplane/vpp/place.ts'
import { findRunning } from '../pipeline/running.ts'
import { dataplanePlace } from '../pipeline/target.ts'
import { where, withTarget, type Where } from '../pipeline/where.ts'
import { clearing, tracing } from './lines.ts'
import { TracedPacket } from './model.ts'
import { parseTrace } from './parse.ts'
import { viewTrace } from './view.ts'

const Instance = InstanceName.default('core').describe('process of VPP: core routes, nat translates, others are of modules')

const Node = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,62}$/, 'must be the name of a node')
  .meta({ examples: ['af-packet-input', 'ip4-lookup'] })

/** Nodes through which packets come in; which of them there are depends on the plugins that are loaded. */
const inputs = ['dpdk-input', 'virtio-input', 'af-packet-input', 'memif-input'] as const

const choosable = [
  ...inputs,
  'ethernet-input',
  'arp-input',
  'ip4-input',
  'ip6-input',
  'ip4-lookup',
  'ip6-lookup',
  'ip4-rewrite',
  'ip6-rewrite',
  'abf-input-ip4',
  'abf-input-ip6',
  'acl-plugin-in-ip4-fa',
  'det44-in2out',
  'det44-out2in',
  'error-drop',
]
const complete = { node: () => choosable, through: () => choosable }

/** Uses a process of VPP; faults say when the dataplane is another, or the process does not run. */
function withTracing<T>(
  context: ImpContext,
  input: Where & { readonly instance: VppInstance },
  use: (vpp: VppClient) => Promise<T>,
): Promise<T> {
  const { instance, ...rest } = input
  return withTarget(context, rest, async (target) => {
    if ((await findRunning(target))?.config.dataplane !== 'vpp')
      throw new Fault('unsupported', `${target.name} forwards by the Linux kernel, which traces no packets`, {
        hint: 'imp capture start records packets on its interfaces',
      })
    return withVpp(dataplanePlace(target), instance, use)
  })
}

async function hasNode(vpp: VppClient, node: string): Promise<boolean> {
  return numberAt(await vpp.request('get_node_index', { node_name: node }), 'retval') >= 0
}

/** The nodes that were named, or all inputs that this VPP has; a `not-found` fault for a name that it does not have. */
async function findNodes(vpp: VppClient, named: readonly string[]): Promise<string[]> {
  const wanted = named.length === 0 ? inputs : named
  const found = await Promise.all(wanted.map(async (node) => ((await hasNode(vpp, node)) ? [node] : [])))
  const there = found.flat()
  const missing = named.filter((node) => !there.includes(node))
  if (missing.length > 0)
    throw new Fault('not-found', `${vpp.name} has no node ${missing.join(', ')}`, { hint: 'imp show runtime --json lists its nodes' })
  return there
}

async function say(vpp: VppClient, lines: readonly string[]): Promise<void> {
  for (const line of lines) await vpp.cli(line)
}

function step(summary: string): Step {
  return { kind: 'trace', summary, disruption: 'none', data: {} }
}

const start = operation<ImpContext>()({
  path: ['trace', 'start'],
  summary: 'Trace the next packets through the graph of VPP',
  description:
    'Only of routers whose dataplane is VPP. What was traced before is cleared. Unless nodes are named, packets of all inputs are traced; a source or destination leaves all others out before they count.',
  effect: 'write',
  input: z
    .strictObject({
      instance: Instance,
      node: z.array(Node).max(16).default([]).describe('node where tracing begins, several times if need be'),
      count: z.int().min(1).max(1000).default(50).describe('packets of each node'),
      source: Address.describe('only packets from this address').exactOptional(),
      destination: Address.describe('only packets to this address').exactOptional(),
      through: Node.describe('only packets that go through this node').exactOptional(),
      ...where,
    })
    .refine(
      ({ source, destination }) =>
        source === undefined || destination === undefined || parseAddress(source).family === parseAddress(destination).family,
      'source and destination must be of one family',
    ),
  output: z.strictObject({ instance: z.string(), nodes: z.array(z.string()), count: z.int() }),
  examples: ['imp trace start', 'imp trace start --source 192.168.0.5 --count 10', 'imp trace start --instance nat --through det44-in2out'],
  complete,
  run: (context, { node, count, source, destination, through, ...rest }) =>
    withTracing(context, rest, async (vpp) => {
      const nodes = await findNodes(vpp, node)
      if (through !== undefined) await findNodes(vpp, [through])
      planned(context, [step(`trace ${counted(count, 'packet')} of each of ${nodes.join(', ')}`)])
      const addresses = { ...(source === undefined ? {} : { source }), ...(destination === undefined ? {} : { destination }) }
      await say(vpp, tracing({ nodes, count, ...addresses, ...(through === undefined ? {} : { through }) }))
      return { instance: rest.instance, nodes, count }
    }),
  view: ({ nodes, count }) => `tracing ${counted(count, 'packet')} of each of ${nodes.join(', ')}; imp trace show shows them`,
})

const show = operation<ImpContext>()({
  path: ['trace', 'show'],
  summary: 'Show the way that traced packets took, and why they were dropped',
  effect: 'read',
  short: { count: 'n' },
  input: z.strictObject({
    instance: Instance,
    count: z.int().min(1).max(1000).default(10).describe('packets of each thread'),
    details: z.boolean().default(false).describe('all that each node says of a packet'),
    ...where,
  }),
  output: z.strictObject({ instance: z.string(), details: z.boolean(), packets: z.array(TracedPacket) }),
  examples: ['imp trace show', 'imp trace show --count 1 --details', 'imp trace show --instance nat'],
  run: (context, { count, details, ...rest }) =>
    withTracing(context, rest, async (vpp) => ({
      instance: rest.instance,
      details,
      packets: parseTrace(await vpp.cli(`show trace max ${count}`)),
    })),
  view: ({ packets, details }) => viewTrace(packets, details),
})

const clear = operation<ImpContext>()({
  path: ['trace', 'clear'],
  summary: 'End tracing, and forget its packets and filters',
  effect: 'write',
  input: z.strictObject({ instance: Instance, ...where }),
  output: z.strictObject({ instance: z.string() }),
  examples: ['imp trace clear', 'imp trace clear --instance nat'],
  run: (context, input) =>
    withTracing(context, input, async (vpp) => {
      planned(context, [step(`end tracing in ${vpp.name}`)])
      await say(vpp, clearing)
      return { instance: input.instance }
    }),
  view: ({ instance }) => `nothing is traced in VPP (${instance})`,
})

export const operations: readonly AnyOperation<ImpContext>[] = [start, show, clear]
