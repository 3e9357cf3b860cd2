/** A topology as a drawing: for a terminal, and in the languages of Mermaid and Graphviz. Pure. */
import { table } from '@imp/kit/base/text.ts'
import { parseEndpoint } from './links.ts'
import type { Topology, TopologyLink } from './model.ts'

export const drawings = ['text', 'mermaid', 'dot'] as const
export type Drawing = (typeof drawings)[number]

export interface Graph {
  readonly name: string
  readonly nodes: readonly { readonly name: string; readonly kind: string }[]
  readonly links: readonly {
    readonly from: { readonly node: string; readonly interface: string }
    readonly to: { readonly node: string; readonly interface: string }
    /** `delay 5ms, loss 1%`; left out for a link without either. */
    readonly impairment?: string
  }[]
}

function impairmentOf({ delay, jitter, loss, rate }: TopologyLink): string | undefined {
  const words = Object.entries({ delay, jitter, loss, rate }).flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${value}`]))
  return words.length === 0 ? undefined : words.join(', ')
}

export function graphOf({ name, topology }: Topology): Graph {
  return {
    name,
    nodes: Object.entries(topology.nodes).map(([node, { kind }]) => ({ name: node, kind })),
    links: topology.links.map((link) => {
      const [from, to] = link.endpoints.map(parseEndpoint) as [ReturnType<typeof parseEndpoint>, ReturnType<typeof parseEndpoint>]
      const impairment = impairmentOf(link)
      return { from, to, ...(impairment === undefined ? {} : { impairment }) }
    }),
  }
}

/** Each node with what its interfaces lead to. */
function asText({ name, nodes, links }: Graph): string {
  const ends = links.flatMap(({ from, to, impairment = '' }) => [
    { own: from, other: to, impairment },
    { own: to, other: from, impairment },
  ])
  const blocks = nodes.map((node) => {
    const rows = ends
      .filter(({ own }) => own.node === node.name)
      .map(({ own, other, impairment }) => [`  ${own.interface}`, '──', `${other.node}:${other.interface}`, impairment])
    return [`${node.name} (${node.kind})`, ...table(rows)].join('\n')
  })
  return [`lab ${name}`, ...blocks].join('\n\n')
}

/** Shapes by which kinds of nodes are told apart (Mermaid, flowchart syntax). */
const mermaidShapes: Readonly<Record<string, readonly [string, string]>> = {
  router: ['([', '])'],
  frr: ['([', '])'],
  microvm: ['[[', ']]'],
}

/** Mermaid takes `-` in a name for the beginning of an arrow. */
function mermaidName(node: string): string {
  return `n_${node.replaceAll('-', '_')}`
}

function asMermaid({ nodes, links }: Graph): string {
  const shapes = nodes.map(({ name, kind }) => {
    const [open, close] = mermaidShapes[kind] ?? ['[', ']']
    return `  ${mermaidName(name)}${open}"${name}<br/>${kind}"${close}`
  })
  const lines = links.map(({ from, to, impairment }) => {
    const label = [`${from.interface} - ${to.interface}`, ...(impairment === undefined ? [] : [impairment])].join('<br/>')
    return `  ${mermaidName(from.node)} ---|"${label}"| ${mermaidName(to.node)}`
  })
  return ['flowchart LR', ...shapes, ...lines].join('\n')
}

const dotShapes: Readonly<Record<string, string>> = { router: 'ellipse', frr: 'ellipse', microvm: 'box3d' }

function asDot({ name, nodes, links }: Graph): string {
  const quote = (text: string): string => JSON.stringify(text)
  return [
    `graph ${quote(name)} {`,
    ...nodes.map((node) => `  ${quote(node.name)} [label=${quote(`${node.name}\n${node.kind}`)}, shape=${dotShapes[node.kind] ?? 'box'}]`),
    ...links.map(({ from, to, impairment }) => {
      const label = impairment === undefined ? '' : `, label=${quote(impairment)}`
      return `  ${quote(from.node)} -- ${quote(to.node)} [taillabel=${quote(from.interface)}, headlabel=${quote(to.interface)}${label}]`
    }),
    '}',
  ].join('\n')
}

const drawers: Readonly<Record<Drawing, (graph: Graph) => string>> = { text: asText, mermaid: asMermaid, dot: asDot }

export function drawGraph(graph: Graph, drawing: Drawing): string {
  return drawers[drawing](graph)
}
