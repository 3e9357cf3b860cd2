/** What differs between two texts, line by line, in the unified format (POSIX diff -u). Pure. */

interface Edit {
  readonly sign: ' ' | '-' | '+'
  readonly text: string
}

export interface TextDifference {
  readonly added: number
  readonly removed: number
  /** Hunks of the unified format, each after its `@@` line; empty when the texts are the same. */
  readonly lines: readonly string[]
}

/** So many edits are looked for; texts that differ more are shown as replaced. */
const mostEdits = 600
const around = 3
/** So many lines of a difference are kept: a large translation table has tens of thousands. */
const mostLines = 2000

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

function wholly(sign: Edit['sign'], lines: readonly string[]): Edit[] {
  return lines.map((text) => ({ sign, text }))
}

/** The furthest places on each diagonal, edit by edit; undefined when more edits than we look for are needed (Myers 1986, figure 2). */
function trace(a: readonly string[], b: readonly string[]): readonly Map<number, number>[] | undefined {
  const furthest = new Map([[1, 0]])
  const steps: Map<number, number>[] = []
  for (let edits = 0; edits <= Math.min(mostEdits, a.length + b.length); edits += 1) {
    steps.push(new Map(furthest))
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = start(furthest, diagonal, edits)
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1
      furthest.set(diagonal, x)
      if (x >= a.length && x - diagonal >= b.length) return steps
    }
  }
  return undefined
}

function goesDown(furthest: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  return diagonal === -edits || (diagonal !== edits && (furthest.get(diagonal - 1) ?? -1) < (furthest.get(diagonal + 1) ?? -1))
}

function start(furthest: ReadonlyMap<number, number>, diagonal: number, edits: number): number {
  return goesDown(furthest, diagonal, edits) ? (furthest.get(diagonal + 1) ?? 0) : (furthest.get(diagonal - 1) ?? 0) + 1
}

/** The way back from the end, edit by edit. */
function walk(a: readonly string[], b: readonly string[], steps: readonly ReadonlyMap<number, number>[]): Edit[] {
  const edits: Edit[] = []
  let [x, y] = [a.length, b.length]
  for (const [count, furthest] of [...steps.entries()].toReversed()) {
    const diagonal = x - y
    const down = goesDown(furthest, diagonal, count)
    const previous = diagonal + (down ? 1 : -1)
    const [fromX, fromY] = [furthest.get(previous) ?? 0, (furthest.get(previous) ?? 0) - previous]
    for (; x > Math.max(fromX, 0) && y > Math.max(fromY, 0) && x > 0 && y > 0 && a[x - 1] === b[y - 1]; x -= 1, y -= 1)
      edits.push({ sign: ' ', text: a[x - 1] ?? '' })
    if (count > 0) edits.push(down ? { sign: '+', text: b[y - 1] ?? '' } : { sign: '-', text: a[x - 1] ?? '' })
    ;[x, y] = [fromX, fromY]
  }
  return edits.toReversed()
}

function editsOf(before: readonly string[], after: readonly string[]): Edit[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1
  let tail = 0
  while (tail < Math.min(before.length, after.length) - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1
  const [a, b] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)]
  const steps = trace(a, b)
  const middle = steps === undefined ? [...wholly('-', a), ...wholly('+', b)] : walk(a, b, steps)
  return [...wholly(' ', before.slice(0, head)), ...middle, ...wholly(' ', before.slice(before.length - tail))]
}

/** Beginning and end of each group of edits with the lines around it; groups that touch are one. */
function groupsOf(edits: readonly Edit[]): [number, number][] {
  const groups: [number, number][] = []
  for (const [index, { sign }] of edits.entries()) {
    if (sign === ' ') continue
    const [from, to] = [Math.max(0, index - around), Math.min(edits.length, index + around + 1)]
    const last = groups.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = to
    else groups.push([from, to])
  }
  return groups
}

function countOf(edits: readonly Edit[], sign: Edit['sign']): number {
  return edits.filter((each) => each.sign === sign).length
}

/** Numbers of a hunk: an empty side is named by the line before it. */
function range(first: number, length: number): string {
  const place = length === 0 ? first : first + 1
  return length === 1 ? String(place) : `${place},${length}`
}

function hunk(edits: readonly Edit[], [from, to]: readonly [number, number]): string[] {
  const [before, inside] = [edits.slice(0, from), edits.slice(from, to)]
  const same = countOf(before, ' ')
  const [oldStart, newStart] = [same + countOf(before, '-'), same + countOf(before, '+')]
  const kept = countOf(inside, ' ')
  const old = range(oldStart, kept + countOf(inside, '-'))
  const fresh = range(newStart, kept + countOf(inside, '+'))
  return [`@@ -${old} +${fresh} @@`, ...inside.map(({ sign, text }) => `${sign}${text}`)]
}

/** The lines that come and go between two texts, with a few around them. */
export function textDifference(before: string, after: string): TextDifference {
  if (before === after) return { added: 0, removed: 0, lines: [] }
  const edits = editsOf(linesOf(before), linesOf(after))
  const lines = groupsOf(edits).flatMap((group) => hunk(edits, group))
  const more = lines.length - mostLines
  return {
    added: countOf(edits, '+'),
    removed: countOf(edits, '-'),
    lines: more > 0 ? [...lines.slice(0, mostLines), `\\ ${more} more lines`] : lines,
  }
}
