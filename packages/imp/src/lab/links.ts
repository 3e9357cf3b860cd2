/** The ends of links. Pure. */
import type { TopologyLink } from './model.ts'

/** One end of a link, as written and taken apart. */
export interface Ended {
  readonly text: string
  readonly node: string
  readonly interface: string
  /** Index of the link, and which of its ends: 0 or 1. */
  readonly link: number
  readonly side: 0 | 1
}

/** `edge:wan` taken apart; the schema has made sure that it has both parts. */
export function parseEndpoint(text: string): { node: string; interface: string } {
  const at = text.indexOf(':')
  return { node: text.slice(0, at), interface: text.slice(at + 1) }
}

export function endpointsOf(links: readonly Pick<TopologyLink, 'endpoints'>[]): Ended[] {
  return links.flatMap(({ endpoints }, link) =>
    ([0, 1] as const).map((side) => ({ text: endpoints[side], ...parseEndpoint(endpoints[side]), link, side })),
  )
}

/** Interfaces of a node in the order of the links. */
export function interfacesOf(links: readonly Pick<TopologyLink, 'endpoints'>[], node: string): string[] {
  return endpointsOf(links)
    .filter((end) => end.node === node)
    .map((end) => end.interface)
}
