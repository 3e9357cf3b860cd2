/** The steps of which bringing a lab up, changing it and repairing it consist. */
import { z } from 'zod'
import { kinds, stepKind, type Kinds, type StepKind } from '@imp/kit/plan/step.ts'
import { LabDefinition, LinkDefinition, labDocument, NodeDefinition, Wiring } from './definition.ts'
import { makeLinks, removeLinks } from './cables.ts'
import { listNamespaces, makeNamespaces, removeNamespaces } from './namespaces.ts'
import { reconfigureNodes, startNodes, stopNodes } from './nodes.ts'
import { findDocument, writeDocument } from '@imp/kit/store/document.ts'
import { startRelay, stopRelay } from './relays.ts'
import type { MakingRun } from './run.ts'

const Purposes = z.record(z.string(), z.enum(['namespace', 'guest', 'relay']))
const Cables = z.strictObject({ lab: Wiring, links: z.array(LinkDefinition) })
const Members = z.strictObject({ lab: LabDefinition, nodes: z.array(NodeDefinition) })
const Change = z.strictObject({ lab: LabDefinition, nodes: z.array(NodeDefinition), before: LabDefinition })
const Record = z.strictObject({ lab: LabDefinition, before: LabDefinition.nullable() })

/** The opposite of a kind: what it takes away, its undoing brings back. */
function opposite<T extends z.ZodType>(kind: string, of: StepKind<T>) {
  return stepKind<T>({ kind, schema: of.schema, do: (host, data) => of.undo(host, data), undo: (host, data) => of.do(host, data) })
}

/** A step is only done by the command that planned it, but undone by any later one: undoing asks nothing of this kernel's features. */
export function labKinds(run: MakingRun) {
  const here = async (): Promise<ReadonlySet<string>> => new Set(await listNamespaces(run.context.host))
  const namespaces = stepKind({
    kind: 'lab-namespaces',
    schema: Purposes,
    do: (host, wanted) => makeNamespaces(host, new Map(Object.entries(wanted))),
    undo: (host, wanted) => removeNamespaces(host, Object.keys(wanted)),
  })
  const links = stepKind({
    kind: 'lab-links',
    schema: Cables,
    do: async (host, { lab, links }) => {
      await makeLinks(host, lab, links, await here(), run.features)
      await Promise.all(links.filter((link) => link.relayed).map((link) => startRelay(host, run.paths, lab.name, link)))
    },
    undo: async (host, { lab, links }) => {
      await Promise.all(links.filter((link) => link.relayed).map((link) => stopRelay(host, run.paths, link)))
      await removeLinks(host, lab, links, await here())
    },
  })
  const nodes = stepKind({
    kind: 'lab-nodes',
    schema: Members,
    do: (_host, { lab, nodes }) => startNodes(run, lab, nodes),
    undo: (_host, { lab, nodes }) => stopNodes(run, lab, nodes),
  })
  const configurations = stepKind({
    kind: 'lab-configurations',
    schema: Change,
    do: (_host, { lab, nodes }) => reconfigureNodes(run, lab, nodes),
    undo: (_host, { nodes, before }) => {
      const names = new Set(nodes.map((node) => node.name))
      const old = before.nodes.filter((node) => names.has(node.name))
      return reconfigureNodes(run, before, old)
    },
  })
  const record = stepKind({
    kind: 'lab-record',
    schema: Record,
    do: async (host, { lab }) => {
      await host.files.makeDirectory(run.paths.directory)
      await writeDocument(host, labDocument, run.paths.document, lab)
    },
    undo: (host, { before }) =>
      before === null ? host.files.remove(run.paths.document) : writeDocument(host, labDocument, run.paths.document, before),
  })
  return {
    namespaces,
    links,
    nodes,
    configurations,
    record,
    noNamespaces: opposite('lab-no-namespaces', namespaces),
    noLinks: opposite('lab-no-links', links),
    noNodes: opposite('lab-no-nodes', nodes),
  }
}
export type LabKinds = ReturnType<typeof labKinds>

export function kindsOf(all: LabKinds): Kinds {
  return kinds(...Object.values(all))
}

/** The document of the running lab, undefined when none runs. */
export function runningLab(run: Pick<MakingRun, 'context' | 'paths'>): Promise<LabDefinition | undefined> {
  return findDocument(run.context.host, labDocument, run.paths.document)
}
