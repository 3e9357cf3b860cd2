/** The difference of two FRR configurations as ordered commands that change nothing but the difference. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import { exitWord, interfaceLineOwner, keyOf, listName, negation, opensContext, ownerOf } from './grammar.ts'
import type { Line } from './parse.ts'
import type { FrrDaemon } from './daemon.ts'

/** One line that comes or goes. */
export interface Change {
  readonly action: 'add' | 'remove'
  /** Contexts in which the line stands, outermost first. */
  readonly path: readonly string[]
  /** The line of the configuration. */
  readonly line: string
  /** What is sent in that context. */
  readonly command: string
  /** The line that an added one takes the place of. */
  readonly replaces?: string
}

/** Changes in three heaps: removals that must come before the additions, additions, removals that may wait. */
interface Heaps {
  readonly first: Change[]
  readonly added: Change[]
  readonly removed: Change[]
}

function emptyHeaps(): Heaps {
  return { first: [], added: [], removed: [] }
}

function pour(from: Heaps, into: Heaps): void {
  into.first.push(...from.first)
  into.added.push(...from.added)
  into.removed.push(...from.removed)
}

function addition(path: readonly string[], line: Line, replaces?: string): Change {
  return { action: 'add', path, line: line.text, command: line.text, ...(replaces === undefined ? {} : { replaces }) }
}

function removal(path: readonly string[], line: Line, command = negation(path, line.text)): Change {
  return { action: 'remove', path, line: line.text, command }
}

function additions(path: readonly string[], line: Line): Change[] {
  const inside = [...path, line.text]
  return [addition(path, line), ...line.children.flatMap((child) => additions(inside, child))]
}

/** Contexts that cannot be taken back as a whole: their lines are, one by one. */
const permanent = /^(interface|address-family) /

/** Lines of which FRR has to forget the old value before it takes a new one, or refuses some values while others stand. */
const exclusive = /^(router bgp|ip ospf area|ipv6 ospf6 area|ipv6 nd ra-lifetime|ip ospf message-digest-key) /

function excludes(old: Line, next: Line): boolean {
  return old.text !== next.text && exclusive.test(next.text)
}

const neighborLine = /^(?:no )?neighbor (\S+) /
const neighborDefinition = /^neighbor (\S+) (remote-as \S+|peer-group( \S+)?|interface\b.*)$/

function definedNeighbors(lines: readonly Line[]): Set<string> {
  return new Set(lines.flatMap((line) => neighborDefinition.exec(line.text)?.[1] ?? []))
}

/** Neighbors that the wanted router no longer has; `no neighbor X` takes all their lines along. */
function goneNeighbors(path: readonly string[], want: readonly Line[], have: readonly Line[]): Set<string> {
  if (path.length !== 1 || path[0]?.startsWith('router bgp') !== true) return new Set()
  const staying = definedNeighbors(want)
  return new Set([...definedNeighbors(have)].filter((neighbor) => !staying.has(neighbor)))
}

function neighborRemovals(path: readonly string[], gone: ReadonlySet<string>, have: readonly Line[]): Change[] {
  return [...gone].map((neighbor) => {
    const definition = have.find((line) => neighborDefinition.exec(line.text)?.[1] === neighbor)
    const group = definition?.text === `neighbor ${neighbor} peer-group` ? ' peer-group' : ''
    return removal(path, definition ?? { text: `neighbor ${neighbor}`, children: [] }, `no neighbor ${neighbor}${group}`)
  })
}

const listEntry = /^((?:ip|ipv6) prefix-list \S+|(?:(?:ip|ipv6) )?access-list \S+) seq \d+ (.*)$/

function entryContent(line: string): string | undefined {
  const match = listEntry.exec(line)
  return match === null ? undefined : `${match[1]} ${match[2]}`
}

/**
 * Entries that must leave before the new ones come: FRR silently ignores an entry whose content the list already has under another
 * number (lib/filter_cli.c, plist_is_dup).
 */
function inTheWay(path: readonly string[], want: readonly Line[], have: readonly Line[]): Line[] {
  if (path.length > 0) return []
  const present = new Set(have.map((line) => line.text))
  const coming = new Set(want.filter((line) => !present.has(line.text)).flatMap((line) => entryContent(line.text) ?? []))
  const staying = new Set(want.map((line) => line.text))
  return have.filter((line) => !staying.has(line.text) && coming.has(entryContent(line.text) ?? ''))
}

function compareLevel(path: readonly string[], want: readonly Line[], have: readonly Line[], gone: ReadonlySet<string>): Heaps {
  const heaps = emptyHeaps()
  if (want.length === 0 && have.length === 0) return heaps
  const newlyGone = goneNeighbors(path, want, have)
  const leaving = new Set([...newlyGone, ...gone])
  const early = new Set(inTheWay(path, want, have))
  heaps.first.push(...[...early].map((line) => removal(path, line)))
  const rest = have.filter((line) => !early.has(line) && !leaving.has(neighborLine.exec(line.text)?.[1] ?? ''))
  // Most lines stand on both sides: the key of each text is found once.
  const keys = new Map([...want, ...rest].map(({ text }) => [text, '']))
  for (const text of keys.keys()) keys.set(text, keyOf(path, text))
  const byKey = new Map(rest.map((line) => [keys.get(line.text), line]))
  const wanted = new Set(want.map((line) => keys.get(line.text)))
  for (const line of want) pour(compareLine(path, line, byKey.get(keys.get(line.text)), leaving), heaps)
  const unwanted = rest.filter((line) => !wanted.has(keys.get(line.text)))
  heaps.removed.push(...neighborRemovals(path, newlyGone, have))
  // Last first: later lines of a context often depend on earlier ones.
  for (const line of unwanted.toReversed()) {
    if (permanent.test(line.text)) pour(compareLevel([...path, line.text], [], line.children, leaving), heaps)
    else heaps.removed.push(removal(path, line))
  }
  return heaps
}

function compareLine(path: readonly string[], want: Line, have: Line | undefined, gone: ReadonlySet<string>): Heaps {
  const heaps = emptyHeaps()
  if (have === undefined) heaps.added.push(...additions(path, want))
  else if (excludes(have, want)) {
    heaps.first.push(removal(path, have))
    heaps.added.push(...additions(path, want))
  } else {
    if (have.text !== want.text) heaps.added.push(addition(path, want, have.text))
    pour(compareLevel([...path, want.text], want.children, have.children, gone), heaps)
  }
  return heaps
}

/** Lists come before the route-maps that ask them, these before the routers that use them; they go in the opposite order. */
function rank(change: Change): number {
  const top = change.path[0] ?? change.line
  if (top.startsWith('route-map ')) return 1
  if (listName(top) !== undefined || /^(bgp|ip) .*-list /.test(top)) return 0
  return /^(router|bfd)\b/.test(top) ? 3 : 2
}

/** The changes that lead from what a daemon has to what it shall have, in the order in which they are to be sent. */
export function difference(want: readonly Line[], have: readonly Line[]): Change[] {
  const { first, added, removed } = compareLevel([], want, have, new Set())
  return [...first, ...added.toSorted((a, b) => rank(a) - rank(b)), ...removed.toSorted((a, b) => rank(b) - rank(a))]
}

/** One command to send, with the change that it carries out; undefined for those that only enter or leave contexts. */
export interface Command {
  readonly text: string
  readonly change?: Change
}

function shared(a: readonly string[], b: readonly string[]): number {
  const unequal = a.findIndex((each, index) => each !== b[index])
  return unequal < 0 ? a.length : unequal
}

/** The commands to send in configuration mode, entering and leaving contexts on the way. */
export function commandsOf(changes: readonly Change[]): Command[] {
  const commands: Command[] = []
  let at: readonly string[] = []
  const moveTo = (path: readonly string[]): void => {
    const common = shared(at, path)
    for (const context of at.slice(common).toReversed()) commands.push({ text: exitWord(context) })
    for (const context of path.slice(common)) commands.push({ text: context })
    at = path
  }
  for (const change of changes) {
    moveTo(change.path)
    commands.push({ text: change.command, change })
    if (change.action === 'add' && opensContext(change.path, change.line)) at = [...change.path, change.line]
  }
  moveTo([])
  return commands
}

function words(lines: readonly Line[]): string[] {
  return lines.flatMap((line) => [...line.text.split(' '), ...words(line.children)])
}

/** The lists and route-maps that `lines` name, directly or through each other. */
function referenced(lines: readonly Line[], lists: readonly Line[]): Set<Line> {
  const byName = Map.groupBy(lists, (list) => listName(list.text))
  const found = new Set<Line>()
  const open = words(lines)
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const named = byName.get(name) ?? []
    byName.delete(name)
    for (const list of named) {
      found.add(list)
      open.push(...words(list.children))
    }
  }
  return new Set(lists.filter((list) => found.has(list)))
}

function interfaceParts(line: Line): (readonly [FrrDaemon, Line])[] {
  const parts = Map.groupBy(line.children, (child) => interfaceLineOwner(child.text))
  return [...parts].map(([daemon, children]) => [daemon, { text: line.text, children }])
}

/**
 * The part of a configuration that each daemon gets. Lists and route-maps go only to daemons that name them: every daemon that has
 * a prefix list pays for it. What nobody names goes to bgpd when it runs, else to zebra.
 */
export function splitByDaemon(lines: readonly Line[], daemons: readonly FrrDaemon[]): ReadonlyMap<FrrDaemon, readonly Line[]> {
  const lists = lines.filter((line) => listName(line.text) !== undefined)
  const fallback: FrrDaemon = daemons.includes('bgpd') ? 'bgpd' : 'zebra'
  const rest = lines.filter((line) => listName(line.text) === undefined)
  const owned = rest.flatMap((line): (readonly [FrrDaemon, Line])[] =>
    line.text.startsWith('interface ') ? interfaceParts(line) : [[ownerOf(line.text) ?? fallback, line]],
  )
  const own = Map.groupBy(owned, ([daemon]) => daemon)
  const homeless = [...own.keys()].find((daemon) => !daemons.includes(daemon))
  if (homeless !== undefined) throw new Fault('bug', `the FRR configuration needs ${homeless}, which is not among its daemons`)
  const parts = new Map(daemons.map((daemon) => [daemon, (own.get(daemon) ?? []).map(([, line]) => line)]))
  const named = new Map([...parts].map(([daemon, part]) => [daemon, referenced(part, lists)]))
  const orphans = lists.filter((list) => ![...named.values()].some((each) => each.has(list)))
  return new Map(
    [...parts].map(([daemon, part]) => [daemon, [...(named.get(daemon) ?? []), ...(daemon === fallback ? orphans : []), ...part]]),
  )
}
