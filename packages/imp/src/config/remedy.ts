/** How to mend what the schema refuses: what may stand at the place, by its own examples, choices and limits. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { nearest } from '@imp/kit/base/text.ts'
import { choicesAt, fieldsAt, fieldSchema, wholeSchema, type PlaceSchema } from './paths-schema.ts'

type Step = string | number

/** The keys of a JSON path; undefined for one with keys that no schema has. */
function stepsOf(path: string): Step[] | undefined {
  if (!/^\w+(\[\d+\]|\.\w+)*$/.test(path)) return undefined
  return [...path.matchAll(/\[(\d+)\]|\w+/g)].map(([key, index]) => (index === undefined ? key : Number(index)))
}

function schemaAt(steps: readonly Step[]): PlaceSchema | undefined {
  return steps.reduce<PlaceSchema | undefined>((schema, step) => {
    if (schema === undefined) return undefined
    return typeof step === 'number' ? schema.items : fieldSchema(schema, step)
  }, wholeSchema())
}

function rangeOf({ minimum, maximum }: PlaceSchema): string | undefined {
  return minimum === undefined || maximum === undefined ? undefined : `from ${minimum} to ${maximum}`
}

function written(value: unknown): string {
  return JSON.stringify(value)
}

/** What may stand there, as an instruction; undefined when the schema says nothing that helps. */
function allowedAt(schema: PlaceSchema): string | undefined {
  const choices = choicesAt(schema)
  if (choices.length > 0) return `write ${choices.map(written).join(' or ')}`
  const range = rangeOf(schema)
  const example = schema.examples?.[0]
  if (example !== undefined) return `write something like ${written(example)}${range === undefined ? '' : `, ${range}`}`
  if (range !== undefined) return `write a number ${range}`
  if (schema.type === 'array') return 'write a list: [...]'
  if (schema.type === 'object') return `write an object with ${fieldsAt(schema).join(', ')}`
  return schema.description === undefined ? undefined : `here belongs: ${schema.description}`
}

function unknownKey(steps: readonly Step[]): string {
  const holder = schemaAt(steps.slice(0, -1))
  const fields = holder === undefined ? [] : fieldsAt(holder)
  const close = nearest(String(steps.at(-1)), fields)
  if (close !== undefined) return `did you mean ${close}?`
  return fields.length === 0 ? 'remove it' : `remove it; there are ${fields.join(', ')}`
}

/** The finding of the schema of a configuration, with a remedy when it has none that fits better. */
export function withRemedy(finding: Finding): Finding {
  const steps = stepsOf(finding.path)
  if (steps === undefined) return finding
  if (finding.message === 'unknown key') return { ...finding, hint: unknownKey(steps) }
  if (finding.hint !== undefined) return finding
  const schema = schemaAt(steps)
  const hint = schema === undefined ? undefined : allowedAt(schema)
  return hint === undefined ? finding : { ...finding, hint }
}
