/** Lines of FRR in drop-ins: where each stands, what it has against the rendered ones, and what FRR itself has against it. */
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { closesContext, exitWord, interfaceLineOwner, isBanner, keyOf, opensContext, ownerOf } from '../frr/grammar.ts'
import { parseConfiguration, type Line } from '../frr/parse.ts'
import { baresSecret } from '../frr/secret-lines.ts'
import type { FrrDaemon } from '../frr/daemon.ts'
import type { FrrConfig } from '../frr/render.ts'
import { overridePlace, type Override, type Overrides } from '../overrides/model.ts'

/** A line of a drop-in with the contexts around it, outermost first. */
interface Placed {
  readonly text: string
  readonly path: readonly string[]
  /** `overrides/frr/transit.conf:12`. */
  readonly place: string
}

/** Nesting is by indentation, as `show running-config` prints it. */
function placedLines(override: Override): Placed[] {
  let open: { readonly depth: number; readonly text: string }[] = []
  return override.text.split('\n').flatMap((raw, index) => {
    const text = raw.trim()
    if (text === '' || text.startsWith('!') || text.startsWith('#') || closesContext(text)) return []
    const depth = raw.length - raw.trimStart().length
    open = open.filter((each) => each.depth < depth)
    const placed = { text, path: open.map((each) => each.text), place: overridePlace(override, index + 1) }
    open.push({ depth, text })
    return [placed]
  })
}

function allLines(overrides: Overrides): Placed[] {
  return overrides.filter(({ kind }) => kind === 'frr').flatMap(placedLines)
}

/** The lines of all drop-ins in FRR's own layout, with the place of each; contexts are opened and left around every line. */
function layOut(lines: readonly Placed[]): { readonly text: string; readonly place: string }[] {
  return lines.flatMap(({ text, path, place }) => {
    const inside = opensContext(path, text) ? [exitWord(text)] : []
    const opening = path.map((each, depth) => `${' '.repeat(depth)}${each}`)
    const closing = path.map((each, depth) => `${' '.repeat(depth)}${exitWord(each)}`).toReversed()
    const margin = ' '.repeat(path.length)
    return [...opening, `${margin}${text}`, ...inside.map((word) => `${margin}${word}`), ...closing].map((each) => ({ text: each, place }))
  })
}

/** The lines of the drop-ins as text to be read after the rendered one: contexts that appear twice are joined (frr/parse.ts). */
export function overrideFrrText(overrides: Overrides): string {
  return layOut(allLines(overrides))
    .map(({ text }) => `${text}\n`)
    .join('')
}

/** Rendered lines by their contexts and the key that only one line of a context may have. */
function rendered(lines: readonly Line[], path: readonly string[] = []): Map<string, string> {
  const keys = lines.flatMap((line): [string, string][] => [
    [[...path, keyOf(path, line.text)].join('\n'), line.text],
    ...rendered(line.children, [...path, line.text]),
  ])
  return new Map(keys)
}

function finding(severity: Finding['severity'], { place, text }: Placed, message: string, hint: string): Finding {
  return { path: place, severity, message, hint, value: text }
}

function ownerOfPlaced({ path, text }: Placed): FrrDaemon | undefined {
  const [outer] = path
  if (outer?.startsWith('interface ') === true) return interfaceLineOwner(text)
  return ownerOf(outer ?? text)
}

function checkLine(line: Placed, known: ReadonlyMap<string, string>, daemons: readonly FrrDaemon[]): Finding[] {
  const { path, text } = line
  if (path.length === 0 && isBanner(text)) {
    return [finding('error', line, 'belongs to the machine, not to the router', 'leave it out')]
  }
  if (baresSecret(text)) {
    const { value: _, ...rest } = finding('error', line, 'holds a password', 'imp secret set NAME, and write secret:NAME instead')
    return [rest]
  }
  const owner = ownerOfPlaced(line)
  if (owner !== undefined && !daemons.includes(owner)) {
    return [
      finding('error', line, `is for ${owner}, which this configuration does not start`, `configure what needs ${owner} in router.json`),
    ]
  }
  const same = known.get([...path, keyOf(path, text)].join('\n'))
  if (same === undefined) return []
  if (same !== text)
    return [finding('error', line, `contradicts "${same}", which router.json says`, 'change router.json, or leave the line out')]
  return opensContext(path, text) ? [] : [finding('warning', line, 'is said by router.json already', 'leave it out')]
}

/** What the lines have against those that are rendered, and against each other. Pure. */
export function checkOverrideFrr(overrides: Overrides, config: FrrConfig): Finding[] {
  const known = rendered(parseConfiguration(config.text))
  const seen = new Map<string, Placed>()
  return allLines(overrides).flatMap((line) => {
    const key = [...line.path, keyOf(line.path, line.text)].join('\n')
    const earlier = seen.get(key)
    seen.set(key, line)
    if (earlier !== undefined && earlier.text !== line.text)
      return [finding('error', line, `contradicts "${earlier.text}" of ${earlier.place}`, 'keep one of them')]
    return checkLine(line, known, config.daemons)
  })
}

/** `line 6: % Unknown command[17]: no ipv6 nd frobnicate`. */
const complaint = /^line (\d+): %? ?(.*?)(?:\[\d+\])?: +(.*)$/gm

/**
 * What FRR's own parser has against a file of lines; no daemon is asked (vtysh(1), --dryrun). Nothing where FRR is not installed: its
 * daemons have their say when the lines are applied.
 */
export async function tryOverrideFrr(override: Override, file: string, host: Host): Promise<Finding[]> {
  try {
    // 2: it found something. It takes no standard input.
    const ran = await host.query(['vtysh', '--dryrun', '--inputfile', file], { statuses: [0, 2] })
    return [...`${ran.stdout}\n${ran.stderr}`.matchAll(complaint)].map(([, line, message = '', text = '']) => ({
      path: overridePlace(override, Number(line)),
      severity: 'error',
      message: `FRR: ${message}`,
      value: text,
      hint: 'imp shell routing completes what may stand there',
    }))
  } catch (error) {
    if (error instanceof Fault && error.code === 'missing-program') return []
    throw error
  }
}

/** Findings for lines that FRR took and does not print as they stand: the next look would take them for missing. */
export function blameOverrides(overrides: Overrides, words: string): Finding[] {
  return allLines(overrides)
    .filter(({ text }) => words.includes(text))
    .map((line) =>
      finding('error', line, 'is not kept by FRR as it stands', 'write it as "show running-config" prints it; defaults are not printed'),
    )
}
