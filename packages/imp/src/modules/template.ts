/** Templates of modules: Jinja by minijinja, which has no way out of what it is given. Undefined values and unknown filters are errors. */
import { Environment } from 'minijinja-js'
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { bits, formatAddress, parsePrefix } from '@imp/kit/base/ip.ts'

/** Steps that a template may take: some ten thousand lines of output. */
const fuel = 1_000_000n

function environment(): Environment {
  const made = new Environment()
  made.undefinedBehavior = 'strict'
  made.trimBlocks = true
  made.lstripBlocks = true
  made.fuel = Number(fuel)
  // A test of the reference system's modules that Jinja does not have.
  made.addTest(
    'contains',
    (list: unknown, item: unknown) => (Array.isArray(list) || typeof list === 'string') && list.includes(item as never),
  )
  made.addFilter('address_range', addressRange)
  return made
}

/** `198.51.100.64/30` as `198.51.100.64 - 198.51.100.67`, which is how VPP takes pools. */
function addressRange(prefix: unknown): string {
  const { family, value, length } = parsePrefix(String(prefix), 4)
  const size = 1n << BigInt(bits(family) - length)
  return `${formatAddress({ family, value })} - ${formatAddress({ family, value: value + size - 1n })}`
}

/** What minijinja says, without its own prefix; `line` counts from 1. */
function explain(error: unknown): { message: string; line: number } {
  const text = error instanceof Error ? error.message : String(error)
  const line = Number(/\(in [^)]*?:(\d+)\)/.exec(text)?.[1] ?? 1)
  const [first = text] = text.split('\n')
  return { message: first.replace(/\s*\(in [^)]*\)/, ''), line }
}

/** Findings about the syntax of a template. What it makes of values is seen when it is rendered. */
export function checkTemplate(source: string): Finding[] {
  const made = environment()
  try {
    made.addTemplate('vpp_commands', source)
    return []
  } catch (error) {
    const { message, line } = explain(error)
    return [{ path: 'vpp_commands', severity: 'error', message: `line ${line} of the template: ${message}`, hint: 'mend the template' }]
  } finally {
    made.free()
  }
}

/** Renders a template; an `input` fault that names the line of the template. */
export function renderTemplate(source: string, values: Readonly<Record<string, unknown>>, what: string): string {
  const made = environment()
  try {
    made.addTemplate('vpp_commands', source)
    return made.renderTemplate('vpp_commands', values)
  } catch (error) {
    const { message, line } = explain(error)
    throw new Fault('input', `${what}: line ${line} of the template: ${message}`, {
      hint: 'mend the template or set the field',
      cause: error,
    })
  } finally {
    made.free()
  }
}
