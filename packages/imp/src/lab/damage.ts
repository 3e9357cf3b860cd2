/** Looks whether a running lab is still what its document says. */
import { findUnit } from '@imp/kit/host/supervise.ts'
import { programsLive } from './commands.ts'
import { interfaceStates } from './cables.ts'
import type { LabDefinition, LinkDefinition, NodeDefinition } from './definition.ts'
import type { Damage } from './difference.ts'
import { guestOf, namespaceOf, relayNamespaceOf } from './names.ts'
import { listNamespaces } from './namespaces.ts'
import type { LabRun } from './run.ts'
import { findMachine } from './vmm.ts'

async function nodeWorks(run: LabRun, node: NodeDefinition, namespaces: ReadonlySet<string>): Promise<boolean> {
  if (!namespaces.has(namespaceOf(run.name, node.name))) return false
  if (node.realised === 'namespace') return programsLive(run, node)
  return (await findMachine(run.vmm, guestOf(run.name, node.name)))?.state === 'running'
}

async function linkWorks(run: LabRun, link: LinkDefinition, namespaces: ReadonlySet<string>): Promise<boolean> {
  if (link.relayed) {
    const relay = namespaces.has(relayNamespaceOf(run.name, link))
    if (!relay || (await findUnit(run.context.host, run.paths.relayDirectory(link), 'relay')) === undefined) return false
  }
  const ends = link.ends.map(async (end) => {
    const namespace = namespaceOf(run.name, end.node)
    return namespaces.has(namespace) && (await interfaceStates(run.context.host, namespace)).has(end.interface)
  })
  return (await Promise.all(ends)).every(Boolean)
}

/** Nodes and links that have to be made anew. */
export async function findDamage(run: LabRun, lab: LabDefinition): Promise<Damage> {
  const namespaces = new Set(await listNamespaces(run.context.host))
  const nodes = await Promise.all(lab.nodes.map(async (node) => ((await nodeWorks(run, node, namespaces)) ? [] : [node.name])))
  const links = await Promise.all(lab.links.map(async (link) => ((await linkWorks(run, link, namespaces)) ? [] : [link])))
  return { nodes: new Set(nodes.flat()), links: links.flat() }
}
