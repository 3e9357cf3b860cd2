/**
 * A lab with nothing left open: the topology together with the texts that it names and the decision how each node is made. This is
 * what is stored while the lab runs, and what the next `up` is compared with.
 */
import { z } from 'zod'
import type { DocumentKind } from '@imp/kit/store/document.ts'
import { Assertion, frrDaemons, LabName, NodeName } from './model.ts'

export const Command = z.strictObject({ words: z.tuple([z.string()], z.string()), background: z.boolean() })
export type Command = z.output<typeof Command>

export const BoundFile = z.strictObject({ target: z.string(), content: z.string() })

export const NodeDefinition = z.strictObject({
  name: NodeName,
  kind: z.enum(['router', 'frr', 'host', 'microvm']),
  /** A network namespace of this machine, or a guest of `vmm` whose engine runs in such a namespace. */
  realised: z.enum(['namespace', 'guest']),
  /** Why a router became a guest: what this kernel lacks. */
  because: z.array(z.string()),
  image: z.string().exactOptional(),
  memory: z.int().exactOptional(),
  cpus: z.int().exactOptional(),
  /** Text of router.json or of the FRR configuration. */
  startup: z.string().exactOptional(),
  daemons: z.array(z.enum(frrDaemons)),
  exec: z.array(Command),
  files: z.array(BoundFile),
  /** Where relative paths in commands begin: the directory of the topology file. */
  directory: z.string(),
})
export type NodeDefinition = z.output<typeof NodeDefinition>

export const End = z.strictObject({ node: NodeName, interface: z.string() })
export type End = z.output<typeof End>

/** How a link makes the life of frames harder, alike in both directions. */
export const Impairment = z.strictObject({
  delayMs: z.number(),
  jitterMs: z.number(),
  /** Part of the frames, 0 to 1. */
  loss: z.number(),
  /** Bits per second; undefined for no limit. */
  rate: z.number().exactOptional(),
})
export type Impairment = z.output<typeof Impairment>

export const LinkDefinition = z.strictObject({
  ends: z.tuple([End, End]),
  impairment: Impairment.exactOptional(),
  /** Whether our relay carries the frames, because this kernel has no netem. */
  relayed: z.boolean(),
})
export type LinkDefinition = z.output<typeof LinkDefinition>

export const LabDefinition = z.strictObject({
  name: LabName,
  /** Absolute path of the topology file. */
  file: z.string(),
  nodes: z.array(NodeDefinition),
  links: z.array(LinkDefinition),
  verify: z.array(Assertion),
})
export type LabDefinition = z.output<typeof LabDefinition>

/** What tells a link from all others of its lab: an interface has one link. */
export function linkKey(link: Pick<LinkDefinition, 'ends'>): string {
  return `${link.ends[0].node}:${link.ends[0].interface}`
}

/** As much of a lab as its cables need. */
export const Wiring = z.strictObject({
  name: LabName,
  nodes: z.array(NodeDefinition.pick({ name: true, realised: true })),
  links: z.array(LinkDefinition),
})
export type Wiring = z.output<typeof Wiring>

export function wiringOf(lab: LabDefinition): Wiring {
  return { name: lab.name, nodes: lab.nodes.map(({ name, realised }) => ({ name, realised })), links: lab.links }
}

/** `lab.json` in the directory of a running lab. */
export const labDocument: DocumentKind<typeof LabDefinition> = { schema: 'imp.lab', version: 1, fields: LabDefinition }

/** Links of one node, in the order of the topology, which is the order of its cards. */
export function linksOf(lab: Pick<LabDefinition, 'links'>, node: string): { link: LinkDefinition; own: End; other: End }[] {
  return lab.links.flatMap((link) => {
    const [a, b] = link.ends
    return [...(a.node === node ? [{ link, own: a, other: b }] : []), ...(b.node === node ? [{ link, own: b, other: a }] : [])]
  })
}
