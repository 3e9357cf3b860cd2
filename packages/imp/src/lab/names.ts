/** Names and places of what a lab is made of. All begin with the lab, so that they are found again without any record. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { End, LinkDefinition } from './definition.ts'

/** What the names of all namespaces of a lab begin with. Lab names have no "-": no lab's prefix begins another's. */
export function namespacePrefix(lab: string): string {
  return `imp-${lab}-`
}

export function namespaceOf(lab: string, node: string): string {
  return `${namespacePrefix(lab)}${node}`
}

/** Namespace of the relay of a link. Node names have no "_", so it is never that of a node. */
export function relayNamespaceOf(lab: string, link: LinkDefinition): string {
  const [{ node, interface: port }] = link.ends
  return `${namespacePrefix(lab)}_${node}.${port}`
}

/** Name of the machine of `vmm` that is the node. */
export function guestOf(lab: string, node: string): string {
  return `${lab}-${node}`
}

/** A locally administered unicast address that is the same at every `up` (IEEE 802-2014 8.4: second bit of the first octet set). */
export function macOf(lab: string, end: End): string {
  const digest = createHash('sha256').update(`${lab}/${end.node}/${end.interface}`).digest('hex')
  return `02:${digest.slice(0, 10).replace(/..(?=.)/g, '$&:')}`
}

/** TAP and bridge of a guest's card in its namespace; the topology may not use names of this form. */
export function tapName(index: number): string {
  return `imp-tap${index}`
}

export function bridgeName(index: number): string {
  return `imp-br${index}`
}

export interface LabPaths {
  readonly directory: string
  readonly document: string
  readonly journal: string
  /** Not below `directory`: it must stay the same file while the directory goes and comes. */
  readonly lock: string
  nodeDirectory(node: string): string
  target(node: string): string
  relayDirectory(link: LinkDefinition): string
}

export function labsDirectory(runDirectory: string): string {
  return join(runDirectory, 'lab')
}

export function labPaths(runDirectory: string, lab: string): LabPaths {
  const directory = join(labsDirectory(runDirectory), lab)
  const nodeDirectory = (node: string): string => join(directory, node)
  return {
    directory,
    document: join(directory, 'lab.json'),
    journal: join(directory, 'journal.jsonl'),
    lock: join(runDirectory, 'locks', `lab-${lab}`),
    nodeDirectory,
    target: (node) => join(nodeDirectory(node), 'target.json'),
    relayDirectory: (link) => join(directory, `_${link.ends[0].node}.${link.ends[0].interface}`),
  }
}
