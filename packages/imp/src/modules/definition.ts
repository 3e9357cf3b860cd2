/** Reads a definition from YAML. Findings say file, line and remedy. */
import { LineCounter, parseDocument } from 'yaml'
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { inspect } from '@imp/kit/base/schema.ts'
import { ModuleDefinition, type InstalledModule } from './model.ts'
import { checkTemplate } from './template.ts'

/** Longest definition that is read, in characters. */
export const maximumDefinition = 262_144

type Path = readonly (string | number)[]

/** `topology.connections[0].name` as the steps to it. */
function stepsOf(path: string): Path {
  return path
    .split(/\.|(?=\[)/)
    .filter((step) => step !== '')
    .map((step) => (/^\[\d+\]$/.test(step) ? Number(step.slice(1, -1)) : step))
}

function wrong(path: string, message: string, hint: string): Finding {
  return { path, severity: 'error', message, hint }
}

/** Rules across fields. */
function checkReferences(definition: ModuleDefinition): Finding[] {
  const connections = definition.topology.connections.map(({ name }) => name)
  const twins = new Set(definition.topology.connections.filter((each) => each.create_lcp).map(({ name }) => name))
  const fields = Object.keys(definition.config_schema)
  const hint = (names: readonly string[]): string => (names.length === 0 ? 'there is none' : `use one of ${names.join(', ')}`)
  const doubled = connections.filter((name, index) => connections.indexOf(name) < index)
  const vias = [
    ...(definition.abf === undefined ? [] : [['abf.via_connection', definition.abf.via_connection] as const]),
    ...definition.routing.advertise.map((each, index) => [`routing.advertise[${index}].via_connection`, each.via_connection] as const),
  ]
  const named = [
    ...(definition.abf?.prefix_field === undefined ? [] : [['abf.prefix_field', definition.abf.prefix_field] as const]),
    ...definition.routing.advertise.map(
      (each, index) => [`routing.advertise[${index}].config_field`, each.config_field.replace(/\[\].*$/, '')] as const,
    ),
    ...definition.commands.flatMap(({ target }, index) => (target === undefined ? [] : [[`commands[${index}].target`, target] as const])),
  ]
  return [
    ...doubled.map((name) => wrong('topology.connections', `has two connections named ${name}`, 'give each a name of its own')),
    ...vias
      .filter(([, name]) => !connections.includes(name))
      .map(([path, name]) => wrong(path, `names the connection ${name}, which is not there`, hint(connections))),
    ...definition.routing.advertise.flatMap(({ via_connection: via }, index) =>
      connections.includes(via) && !twins.has(via)
        ? [wrong(`routing.advertise[${index}].via_connection`, `names ${via}, which routing cannot see`, 'give it create_lcp: true')]
        : [],
    ),
    ...named
      .filter(([, name]) => !fields.includes(name))
      .map(([path, name]) => wrong(path, `names the field ${name}, which is not there`, hint(fields))),
    ...(definition.abf?.match === 'destination_prefix' && definition.abf.prefix_field === undefined
      ? [wrong('abf', 'steers by destination without prefix_field', 'name the field that holds the prefix')]
      : []),
    ...definition.commands.flatMap(({ action, target }, index) =>
      action !== 'show' && target === undefined
        ? [wrong(`commands[${index}]`, `has the action ${action} without a target`, 'name the field that it edits')]
        : [],
    ),
    ...definition.commands.flatMap(({ action, target }, index) =>
      target !== undefined && action.startsWith('array_') && fields.includes(target) && definition.config_schema[target]?.type !== 'array'
        ? [wrong(`commands[${index}].target`, `${target} is no list`, 'use set_value, or make it a list')]
        : [],
    ),
  ]
}

/** All that is wrong with the text of a definition, with its lines; the definition when nothing is. */
export function inspectDefinition(text: string, file: string): { definition?: ModuleDefinition; findings: Finding[] } {
  if (text.length > maximumDefinition)
    return { findings: [wrong(file, `is longer than ${maximumDefinition} characters`, 'a definition is a page or two')] }
  const lines = new LineCounter()
  // Aliases can make a small file huge when they are followed.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, merge: false })
  const broken = [...document.errors, ...document.warnings].map((error) =>
    wrong(
      `${file}:${error.linePos?.[0].line ?? 1}`,
      error.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? error.code,
      'write it as YAML',
    ),
  )
  if (broken.length > 0) return { findings: broken }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return { findings: [wrong(file, error instanceof Error ? error.message : String(error), 'write it without aliases')] }
  }
  const lineOf = (path: string): number => {
    for (const steps = [...stepsOf(path)]; ; steps.pop()) {
      const node = steps.length === 0 ? document.contents : document.getIn(steps, true)
      const at =
        typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range) ? (node.range[0] as number) : undefined
      if (at !== undefined) return lines.linePos(at).line
      if (steps.length === 0) return 1
    }
  }
  const { value: definition, findings } = inspect(ModuleDefinition, value)
  const located = (all: readonly Finding[]): Finding[] =>
    all.map((each) => ({ ...each, path: each.path === '' ? `${file}:1` : `${file}:${lineOf(each.path)} ${each.path}` }))
  if (definition === undefined || findings.length > 0) return { findings: located(findings) }
  const further = [...checkReferences(definition), ...checkTemplate(definition.vpp_commands)]
  return further.length > 0 ? { findings: located(further) } : { definition, findings: [] }
}

/** Reads a definition; an `input` fault with all findings when it is not right. */
export function readDefinition(text: string, file: string): InstalledModule {
  const { definition, findings } = inspectDefinition(text, file)
  if (definition === undefined) throw new Fault('input', `the module in ${file} is not right`, { findings })
  return { definition, file }
}
