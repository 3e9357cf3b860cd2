/**
 * The shape of FRR's configuration text as `show running-config` prints it: single lines, and blocks that end with a word of their own.
 */

/** A line, or a block of lines below a first one that ends with `exit`, `exit-address-family`... */
export type Entry = string | Block

export interface Block {
  readonly first: string
  readonly entries: readonly Entry[]
  readonly last: string
}

/** A block that ends with `exit`, as all do on the top level. */
export function block(first: string, entries: readonly Entry[]): Block {
  return { first, entries, last: 'exit' }
}

function isBlock(entry: Entry): entry is Block {
  return typeof entry !== 'string'
}

function lines(entry: Entry, depth: number): string[] {
  const margin = ' '.repeat(depth)
  if (!isBlock(entry)) return [margin + entry]
  const separator = depth === 0 ? [] : [`${margin}!`]
  return [...separator, margin + entry.first, ...entry.entries.flatMap((inner) => lines(inner, depth + 1)), margin + entry.last]
}

/** The text: lines of a group stay together, `!` divides groups and blocks as FRR divides them; empty groups leave nothing behind. */
export function formatDocument(groups: readonly (readonly Entry[])[]): string {
  const parts = groups.flatMap((group) => [
    group.filter((entry) => typeof entry === 'string'),
    ...group.filter(isBlock).map((entry) => [entry]),
  ])
  const texts = parts.filter((part) => part.length > 0).map((part) => part.flatMap((entry) => lines(entry, 0)).join('\n'))
  return `${[...texts, 'end'].join('\n!\n')}\n`
}
