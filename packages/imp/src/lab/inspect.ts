/** What a lab is made of and how it is now. */
import { z } from 'zod'
import { asFault } from '@imp/kit/base/fault.ts'
import { formatDuration } from '@imp/kit/base/units.ts'
import { interfacesAt } from './addresses.ts'
import { interfaceStates } from './cables.ts'
import type { Impairment, LabDefinition, LinkDefinition, NodeDefinition } from './definition.ts'
import { guestOf, namespaceOf } from './names.ts'
import { listNamespaces } from './namespaces.ts'
import type { Places } from './places.ts'
import type { LabRun } from './run.ts'
import { findMachine } from './vmm.ts'

const InspectedNode = z.strictObject({
  name: z.string(),
  kind: z.enum(['router', 'frr', 'host', 'microvm']),
  realised: z.enum(['namespace', 'guest']),
  because: z.array(z.string()).describe('what this kernel lacks, when a router is a guest for that reason'),
  namespace: z.string().describe('network namespace of the node, or of the engine of its guest'),
  machine: z.string().exactOptional().describe('machine of vmm'),
  state: z.string().describe('running, or what is wrong'),
  interfaces: z.array(z.strictObject({ name: z.string(), state: z.string(), addresses: z.array(z.string()) })),
})
const InspectedLink = z.strictObject({
  ends: z.tuple([z.string(), z.string()]),
  state: z.string().describe('up, or the state of the end that is not'),
  impairment: z.string().exactOptional(),
})
const InspectedSession = z.strictObject({
  node: z.string(),
  peer: z.string(),
  state: z.string(),
  dropped: z.int().describe('how often it went down since the daemon started'),
})

export const Inspection = z.strictObject({
  name: z.string(),
  file: z.string(),
  nodes: z.array(InspectedNode),
  links: z.array(InspectedLink),
  sessions: z.array(InspectedSession),
})
export type Inspection = z.output<typeof Inspection>

type InspectedNode = z.output<typeof InspectedNode>

async function stateOf(run: LabRun, node: NodeDefinition, namespaces: ReadonlySet<string>): Promise<string> {
  if (!namespaces.has(namespaceOf(run.name, node.name))) return 'namespace is gone'
  if (node.realised === 'namespace') return 'running'
  const machine = await findMachine(run.vmm, guestOf(run.name, node.name))
  return machine?.state ?? 'machine is gone'
}

/** Daemons of FRR that the node needs and that do not run. */
async function daemonsGone(run: LabRun, places: Places, { name, kind, daemons }: NodeDefinition): Promise<string[]> {
  if (kind !== 'router' && kind !== 'frr') return []
  const place = await places.at(name)
  const [wanted, running] = await Promise.all([
    kind === 'frr' ? ['zebra', 'staticd', ...daemons] : run.parts.routers.daemons(place),
    run.parts.frr.running(place),
  ])
  return wanted.filter((daemon) => !running.includes(daemon))
}

async function inspectNode(run: LabRun, places: Places, node: NodeDefinition, namespaces: ReadonlySet<string>): Promise<InspectedNode> {
  const { name, kind, realised, because } = node
  const state = await stateOf(run, node, namespaces)
  const common = { name, kind, realised, because, namespace: namespaceOf(run.name, name) }
  const machine = realised === 'guest' ? { machine: guestOf(run.name, name) } : {}
  if (state !== 'running') return { ...common, ...machine, state, interfaces: [] }
  try {
    const interfaces = (await interfacesAt((await places.at(name)).host)).map((each) => ({ ...each, addresses: [...each.addresses] }))
    const gone = await daemonsGone(run, places, node)
    return { ...common, ...machine, state: gone.length === 0 ? state : `${gone.join(', ')} does not run`, interfaces }
  } catch (error) {
    return { ...common, ...machine, state: asFault(error).message, interfaces: [] }
  }
}

function impairmentText({ delayMs, jitterMs, loss, rate }: Impairment, relayed: boolean): string {
  return [
    ...(delayMs === 0 ? [] : [`delay ${formatDuration(delayMs)}${jitterMs === 0 ? '' : ` ± ${formatDuration(jitterMs)}`}`]),
    ...(relayed ? ['by a relay'] : []),
    ...(loss === 0 ? [] : [`loss ${Number((loss * 100).toFixed(3))}%`]),
    ...(rate === undefined ? [] : [`rate ${rate / 1e6} Mbit/s`]),
  ].join(', ')
}

async function inspectLink(run: LabRun, link: LinkDefinition, namespaces: ReadonlySet<string>): Promise<Inspection['links'][number]> {
  const states = await Promise.all(
    link.ends.map(async (end) => {
      const namespace = namespaceOf(run.name, end.node)
      if (!namespaces.has(namespace)) return `${end.node} is gone`
      const state = (await interfaceStates(run.context.host, namespace)).get(end.interface)
      return state === 'up' ? 'up' : `${end.node}:${end.interface} is ${state ?? 'gone'}`
    }),
  )
  const [a, b] = link.ends.map((end) => `${end.node}:${end.interface}`)
  const impairment = link.impairment === undefined ? {} : { impairment: impairmentText(link.impairment, link.relayed) }
  return { ends: [a ?? '', b ?? ''], state: states.find((state) => state !== 'up') ?? 'up', ...impairment }
}

/** Sessions of a node, or why it does not tell them: one node that hangs hides nothing of the others. */
async function sessionsOf(run: LabRun, places: Places, node: InspectedNode): Promise<Inspection['sessions'] | string> {
  if (node.state !== 'running' || (node.kind !== 'router' && node.kind !== 'frr')) return []
  try {
    const sessions = await run.parts.frr.sessions(await places.at(node.name))
    return sessions.map(({ peer, state, dropped }) => ({ node: node.name, peer, state: state.toLowerCase(), dropped }))
  } catch (error) {
    return asFault(error).message
  }
}

/** Looks at every node, link and BGP session of a running lab. */
export async function inspectLab(run: LabRun, lab: LabDefinition, places: Places): Promise<Inspection> {
  const namespaces = new Set(await listNamespaces(run.context.host))
  const nodes = await Promise.all(lab.nodes.map((node) => inspectNode(run, places, node, namespaces)))
  const links = await Promise.all(lab.links.map((link) => inspectLink(run, link, namespaces)))
  const told = await Promise.all(nodes.map(async (node) => ({ node, sessions: await sessionsOf(run, places, node) })))
  return {
    name: lab.name,
    file: lab.file,
    nodes: told.map(({ node, sessions }) => (typeof sessions === 'string' ? { ...node, state: sessions } : node)),
    links,
    sessions: told.flatMap(({ sessions }) => (typeof sessions === 'string' ? [] : sessions)),
  }
}
