/** The words that a module brings for its settings: `mappings add`, `set-pool`. What they make of settings; nothing is stored here. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import { nearest } from '@imp/kit/base/text.ts'
import { parameterSchema } from './fields.ts'
import type { Command, ModuleDefinition } from './model.ts'

type Settings = Readonly<Record<string, unknown>>

/** A command of a module with the words that follow those of its path. */
export interface Said {
  readonly command: Command
  readonly values: readonly string[]
}

/** What a command does: other settings, or something to look at. */
export type Outcome = { readonly settings: Settings } | { readonly shown: readonly string[] }

export function wordsOf({ path }: Pick<Command, 'path'>): string[] {
  return path.split('/')
}

/** A command with its parameters, for people: `mappings add SOURCE_NETWORK NAT_POOL`. */
export function usageOf(command: Command): string {
  const named = command.params.map(({ name, required }) => (required ? name.toUpperCase() : `[${name.toUpperCase()}]`))
  return [...wordsOf(command), ...named].join(' ')
}

/** The command that the words begin with, the longest first. An `input` fault for words that are none. */
export function findCommand({ name, commands }: ModuleDefinition, words: readonly string[]): Said {
  const fits = commands.filter((each) => wordsOf(each).every((word, index) => words[index] === word))
  const [found] = fits.toSorted((a, b) => wordsOf(b).length - wordsOf(a).length)
  if (found !== undefined) return { command: found, values: words.slice(wordsOf(found).length) }
  const known = commands.map((each) => wordsOf(each).join(' '))
  const close = nearest(words.join(' '), known)
  throw new Fault('input', `the module ${name} has no command ${JSON.stringify(words.join(' '))}`, {
    hint: close === undefined ? (known.length === 0 ? 'it has none' : `one of: ${known.join(', ')}`) : `did you mean ${close}?`,
  })
}

/** The values by the names of the parameters. */
function parametersOf({ command, values }: Said): Record<string, unknown> {
  const { params } = command
  if (values.length > params.length) throw new Fault('input', `too many words: ${usageOf(command)}`)
  const given = params.flatMap((parameter, index): [string, unknown][] => {
    const word = values[index]
    if (word === undefined && !parameter.required) return []
    if (word === undefined) throw new Fault('input', `${parameter.prompt || parameter.name} is missing`, { hint: usageOf(command) })
    return [[parameter.name, parse(parameterSchema(parameter), word, parameter.name)]]
  })
  return Object.fromEntries(given)
}

function membersOf(settings: Settings, target: string): readonly unknown[] {
  const value = settings[target]
  return Array.isArray(value) ? (value as readonly unknown[]) : []
}

/** By what members are told apart: the key of the command, or its first parameter; a list of plain values by the values. */
function keyOf({ key, params }: Command, member: unknown): unknown {
  if (typeof member !== 'object' || member === null) return member
  const fields = key === undefined ? params.slice(0, 1).map(({ name }) => name) : [key].flat()
  return fields.map((field) => (member as Settings)[field])
}

function append({ command, ...said }: Said, settings: Settings, target: string, isPlain: boolean): Outcome {
  const values = parametersOf({ command, ...said })
  const member: unknown = isPlain ? Object.values(values)[0] : values
  const members = membersOf(settings, target)
  if (members.some((each) => isDeepStrictEqual(keyOf(command, each), keyOf(command, member))))
    throw new Fault('conflict', `${target} has ${JSON.stringify(keyOf(command, member))} already`)
  return { settings: { ...settings, [target]: [...members, member] } }
}

function removeMember({ command, ...said }: Said, settings: Settings, target: string, isPlain: boolean): Outcome {
  const values = parametersOf({ command, ...said })
  const wanted = keyOf(command, isPlain ? Object.values(values)[0] : values)
  const members = membersOf(settings, target)
  const left = members.filter((each) => !isDeepStrictEqual(keyOf(command, each), wanted))
  if (left.length === members.length) throw new Fault('not-found', `${target} has no ${JSON.stringify(wanted)}`)
  return { settings: { ...settings, [target]: left } }
}

function shownMember({ format }: Command, member: unknown): string {
  if (typeof member !== 'object' || member === null) return String(member)
  const texts = new Map(Object.entries(member).map(([field, value]) => [field, typeof value === 'string' ? value : JSON.stringify(value)]))
  if (format !== undefined) return format.replaceAll(/\{(\w+)\}/g, (whole, field: string) => texts.get(field) ?? whole)
  return [...texts.values()].join(' ')
}

/** What a command makes of the settings of its module. Faults: `input` for words, `conflict` and `not-found` for members. */
export function obey(definition: ModuleDefinition, said: Said, settings: Settings): Outcome {
  const { command } = said
  const { action, target = '' } = command
  const isPlain = definition.config_schema[target]?.item_schema?.type !== 'object'
  switch (action) {
    case 'array_append':
      return append(said, settings, target, isPlain)
    case 'array_remove':
      return removeMember(said, settings, target, isPlain)
    case 'array_list':
      return { shown: membersOf(settings, target).map((each) => shownMember(command, each)) }
    case 'set_value':
      return { settings: { ...settings, [target]: Object.values(parametersOf(said))[0] } }
    case 'show':
    default:
      return { shown: Object.entries(settings).map(([field, value]) => `${field}: ${JSON.stringify(value)}`) }
  }
}
