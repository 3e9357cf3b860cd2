/** What must go and what must come when a running lab becomes another one. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { LabDefinition, LinkDefinition, NodeDefinition } from './definition.ts'

/** What of the running lab is not as its document says, so that it has to be made anew. */
export interface Damage {
  readonly nodes: ReadonlySet<string>
  readonly links: readonly LinkDefinition[]
}

export const noDamage: Damage = { nodes: new Set(), links: [] }

export interface Difference {
  /** Of the old lab. */
  readonly nodesGone: readonly NodeDefinition[]
  readonly linksGone: readonly LinkDefinition[]
  /** Of the new lab. */
  readonly nodesNew: readonly NodeDefinition[]
  readonly linksNew: readonly LinkDefinition[]
  /** Of the new lab: these stay, their configuration is applied by difference. */
  readonly nodesKept: readonly NodeDefinition[]
}

/** Nodes whose configuration can change while they run. */
function hasConfiguration(node: NodeDefinition): boolean {
  return node.kind === 'router' || node.kind === 'frr'
}

function frame(node: NodeDefinition): unknown {
  return hasConfiguration(node) ? { ...node, startup: '', daemons: [], because: [] } : node
}

/** Whether the node goes on when a card of it is taken out and another put in: guests have theirs from the start, commands speak of links. */
function toleratesNewLinks(node: NodeDefinition): boolean {
  return hasConfiguration(node) && node.realised === 'namespace' && node.exec.length === 0
}

function touches(link: LinkDefinition, nodes: ReadonlySet<string>): boolean {
  return link.ends.some((end) => nodes.has(end.node))
}

function isAmong(link: LinkDefinition, links: readonly LinkDefinition[]): boolean {
  return links.some((other) => isDeepStrictEqual(other, link))
}

/** Nodes that cannot go on: their own definition changed, or one of their links does and they cannot bear it. */
function findLost(old: LabDefinition, next: LabDefinition, damage: Damage, changedLinks: readonly LinkDefinition[]): Set<string> {
  const before = new Map(old.nodes.map((node) => [node.name, node]))
  const lost = new Set(damage.nodes)
  for (const node of next.nodes) {
    const was = before.get(node.name)
    if (was === undefined || !isDeepStrictEqual(frame(was), frame(node))) lost.add(node.name)
  }
  const wanted = new Set(next.nodes.map((node) => node.name))
  for (const node of old.nodes) if (!wanted.has(node.name)) lost.add(node.name)
  // A node that is made anew takes its links along, which may take the node at the other end: until nothing more is lost.
  const delicate = next.nodes.filter((node) => !toleratesNewLinks(node))
  for (let size = -1; size !== lost.size;) {
    size = lost.size
    const changing = [...old.links, ...next.links].filter((link) => touches(link, lost) || isAmong(link, changedLinks))
    for (const { name } of delicate) if (changing.some((link) => touches(link, new Set([name])))) lost.add(name)
  }
  return lost
}

/** The way from the running lab to the wanted one; everything is new when none runs. */
export function differenceOf(old: LabDefinition | undefined, next: LabDefinition, damage: Damage = noDamage): Difference {
  if (old === undefined) return { nodesGone: [], linksGone: [], nodesNew: next.nodes, linksNew: next.links, nodesKept: [] }
  const changedLinks = [
    ...damage.links,
    ...old.links.filter((link) => !isAmong(link, next.links)),
    ...next.links.filter((link) => !isAmong(link, old.links)),
  ]
  const lost = findLost(old, next, damage, changedLinks)
  const goes = (link: LinkDefinition): boolean => touches(link, lost) || isAmong(link, changedLinks)
  return {
    nodesGone: old.nodes.filter((node) => lost.has(node.name)),
    linksGone: old.links.filter(goes),
    nodesNew: next.nodes.filter((node) => lost.has(node.name)),
    linksNew: next.links.filter(goes),
    nodesKept: next.nodes.filter((node) => !lost.has(node.name)),
  }
}
