/** What FRR prints, as values: configurations as trees of lines, summaries as checked JSON. */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { closesContext, exitWord, isBanner, opensContext } from './grammar.ts'

/** A line of a configuration, with the lines inside it when it opens a context. */
export interface Line {
  readonly text: string
  readonly children: readonly Line[]
}

interface Open {
  readonly text: string
  readonly depth: number
  /** By their text; a map keeps the order in which they came. */
  readonly children: Map<string, Open>
}

function add(into: Map<string, Open>, text: string, depth: number): Open {
  const present = into.get(text)
  if (present !== undefined) return present
  const line = { text, depth, children: new Map() }
  into.set(text, line)
  return line
}

/**
 * The tree of a configuration as `show running-config` prints it: nesting by indentation. Contexts that appear twice are joined,
 * lines that appear twice are one; banner, comments and closing words are left out, and so are interfaces without any setting.
 */
export function parseConfiguration(text: string): Line[] {
  const top = new Map<string, Open>()
  let open: Open[] = []
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    const depth = raw.length - raw.trimStart().length
    if (line === '' || (depth === 0 && isBanner(line)) || line.startsWith('!')) continue
    open = open.filter((each) => each.depth < depth)
    if (closesContext(line)) continue
    open.push(add(open.at(-1)?.children ?? top, line, depth))
  }
  return [...top.values()].map(close).filter((line) => line.children.length > 0 || !line.text.startsWith('interface '))
}

function close(line: Open): Line {
  return { text: line.text, children: [...line.children.values()].map(close) }
}

/** The text of a tree, in FRR's own layout. */
export function formatConfiguration(lines: readonly Line[], path: readonly string[] = []): string {
  const margin = ' '.repeat(path.length)
  return lines
    .map((line) => {
      const inside = formatConfiguration(line.children, [...path, line.text])
      return `${margin}${line.text}\n${inside}${opensContext(path, line.text) ? `${margin}${exitWord(line.text)}\n` : ''}`
    })
    .join('')
}

const PeerSummary = z.looseObject({
  remoteAs: z.int(),
  state: z.string(),
  connectionsDropped: z.int(),
  pfxRcd: z.int().default(0),
  pfxSnt: z.int().default(0),
  desc: z.string().exactOptional(),
})
const FamilySummary = z.looseObject({ peers: z.record(z.string(), PeerSummary) })
const BgpSummary = z.record(z.string(), z.unknown())

/** One BGP session, as the peer's address names it. */
export interface BgpSession {
  readonly peer: string
  readonly asn: number
  /** `Established`, or the state of RFC 4271 8.2.2 in which it is. */
  readonly state: string
  /** How often it went down since bgpd started. */
  readonly dropped: number
  readonly received: number
  readonly sent: number
}

/** Sessions of `show bgp summary json`; a peer that speaks several families is one session. */
export function parseBgpSummary(text: string): BgpSession[] {
  const summary = parse(BgpSummary, parseJson(text, 'show bgp summary json'), 'show bgp summary json')
  const sessions = new Map<string, BgpSession>()
  for (const family of Object.values(summary)) {
    const { data } = FamilySummary.safeParse(family)
    for (const [peer, each] of Object.entries(data?.peers ?? {})) {
      const before = sessions.get(peer)
      sessions.set(peer, {
        peer,
        asn: each.remoteAs,
        state: each.state,
        dropped: each.connectionsDropped,
        received: (before?.received ?? 0) + each.pfxRcd,
        sent: (before?.sent ?? 0) + each.pfxSnt,
      })
    }
  }
  return [...sessions.values()]
}
