/** Text of a topology file, YAML or JSON (which YAML contains), to a value of which every part still knows its line. */
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml'
import { jsonPath } from '@imp/kit/base/schema.ts'
import type { Finding } from '@imp/kit/base/fault.ts'

export interface Read {
  /** Undefined when the text could not be read. */
  readonly value: unknown
  readonly findings: readonly Finding[]
  /** Line, from 1, of the nearest thing that a JSON path speaks of; undefined in an empty text. */
  lineOf(path: string): number | undefined
}

type Lines = Map<string, number>

function collect(contents: unknown, path: readonly PropertyKey[], lineAt: (offset: number) => number, lines: Lines): void {
  if (isMap(contents)) {
    for (const pair of contents.items) {
      if (!isPair(pair) || !isScalar(pair.key)) continue
      const below = [...path, String(pair.key.value)]
      if (pair.key.range) lines.set(jsonPath(below), lineAt(pair.key.range[0]))
      collect(pair.value, below, lineAt, lines)
    }
  } else if (isSeq(contents)) {
    for (const [index, item] of contents.items.entries()) {
      const below = [...path, index]
      if (isMap(item) || isSeq(item) || isScalar(item)) if (item.range) lines.set(jsonPath(below), lineAt(item.range[0]))
      collect(item, below, lineAt, lines)
    }
  }
}

/** The path without its last part: `a.b[0]` gives `a.b`. */
function parent(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['), 0))
}

function nearestLine(lines: Lines, path: string): number | undefined {
  for (let at = path; at !== ''; at = parent(at)) {
    const line = lines.get(at)
    if (line !== undefined) return line
  }
  return undefined
}

function problems(document: Document, lineAt: (offset: number) => number): Finding[] {
  return [...document.errors, ...document.warnings].map((problem) => ({
    path: `(line ${lineAt(problem.pos[0])})`,
    severity: 'error',
    message: problem.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? problem.code,
  }))
}

/** Reads YAML 1.2; syntax errors become findings with their line. */
export function readTopologyText(text: string): Read {
  const counter = new LineCounter()
  const lineAt = (offset: number): number => counter.linePos(offset).line
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: true })
  const findings = problems(document, lineAt)
  const lines: Lines = new Map()
  if (findings.length === 0) collect(document.contents, [], lineAt, lines)
  let value: unknown
  if (findings.length === 0) {
    try {
      value = document.toJS({ maxAliasCount: 100 })
    } catch (error) {
      findings.push({ path: '', severity: 'error', message: error instanceof Error ? error.message : String(error) })
    }
  }
  return { value, findings, lineOf: (path) => nearestLine(lines, path) }
}
