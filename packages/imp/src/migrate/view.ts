/** What an import did, for a person: what needs a look first, everything that stayed the same only as a number. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { styleFor, type Format } from '@imp/kit/base/style.ts'
import { count, indent } from '@imp/kit/base/text.ts'
import { printable, wrap } from '@imp/kit/base/width.ts'
import { drawFindings } from '@imp/kit/op/findings.ts'
import type { ViewOptions } from '@imp/kit/op/operation.ts'
import { outcomes, type Mapping, type Outcome } from './model.ts'

const titles: Readonly<Record<Outcome, { readonly title: string; readonly format: Format }>> = {
  kept: { title: 'kept', format: 'green' },
  changed: { title: 'changed, with the same intention', format: 'yellow' },
  derived: { title: 'derived from other fields', format: 'cyan' },
  dropped: { title: 'dropped', format: 'red' },
}

function arrow({ from, to }: Mapping): string {
  const source = from === '' ? '(unsaid)' : printable(from)
  return to.length === 0 ? source : `${source} -> ${to.map(printable).join(', ')}`
}

/** Mappings for the same reason under that reason, once. */
function drawOutcome(report: readonly Mapping[], outcome: Outcome, { width, colour }: ViewOptions): string[] {
  const mappings = report.filter((mapping) => mapping.outcome === outcome)
  if (mappings.length === 0) return []
  const { title, format } = titles[outcome]
  const head = styleFor(colour)(format, `${title}: ${count(mappings.length, 'field')}`)
  if (outcome === 'kept') return [head]
  const reasons = Map.groupBy(mappings, (mapping) => mapping.note ?? '')
  const body = [...reasons].flatMap(([note, group]) => [
    ...wrap(printable(note), width - 2).map((line) => indent(line)),
    ...group.map((mapping) => indent(arrow(mapping), 4)),
  ])
  return [head, ...body]
}

export interface Drawn {
  readonly report: readonly Mapping[]
  readonly findings: readonly Finding[]
}

/** Report and findings of an import; losses last but for the findings, where they are seen. */
export function drawImport({ report, findings }: Drawn, options: ViewOptions): string {
  const lines = outcomes.flatMap((outcome) => drawOutcome(report, outcome, options))
  return [...lines, ...(findings.length === 0 ? [] : ['', drawFindings(findings, options)])].join('\n')
}
