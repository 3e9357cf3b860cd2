/** Turns the short notation of the definitions into the description that VPP gives of itself. */
import type { Modules } from '../api/description.ts'

type RawField = NonNullable<Modules[number]['messages']>[number][number]

/** VPP describes the defaults of numbers as numbers, and those of flags as texts. */
function presetOf(text: string): number | string {
  return text === 'true' || text === 'false' ? text : Number(text)
}

/** `u32 mtu[4]`, `acl_rule r[count]`, `string name[64]`, `string reply[]`, `bool is_add=true`. */
function toField(text: string): RawField {
  const match = /^(\w+) (\w+)(?:\[(\w*)\])?(?:=(\w+))?$/.exec(text)
  if (match === null) throw new Error(`not a field: ${text}`)
  const [, type = '', name = '', length, preset] = match
  if (preset !== undefined) return [type, name, { default: presetOf(preset) }]
  if (length === undefined) return [type, name]
  if (length === '') return [type, name, 0]
  return /^\d+$/.test(length) ? [type, name, Number(length)] : [type, name, 0, length]
}

function toFields(text: string): RawField[] {
  return text === '' ? [] : text.split(', ').map(toField)
}

function toEnumItems(text: string): [string, number][] {
  return text.split(', ').map((item) => {
    const [name = '', value = ''] = item.split('=')
    return [name, Number(value)]
  })
}

const leading: Readonly<Record<string, RawField[]>> = {
  '?': [
    ['u32', 'client_index'],
    ['u32', 'context'],
  ],
  '!': [
    ['u32', 'context'],
    ['i32', 'retval'],
  ],
  '*': [['u32', 'context']],
  '-': [],
}

/** Crc of every reply that holds nothing but a return value. */
const plainReplyCrc = '0xe8d4e804'

type Parts = 'types' | 'messages' | 'unions' | 'enums' | 'aliases' | 'services'
type Module = { readonly [Part in Parts]: NonNullable<Modules[number][Part]> }

function emptyModule(): Module {
  return { types: [], messages: [], unions: [], enums: [], aliases: {}, services: {} }
}

function lines(text: string): string[] {
  return text.trim().split('\n')
}

/** The module of types alone. */
export function typesModule(text: string): Modules[number] {
  const module = emptyModule()
  for (const line of lines(text)) {
    const [, kind = '', name = '', base = 'u32', rest = ''] = /^(\w+) (\w+)(?: (\w+))?: (.*)$/.exec(line) ?? []
    if (kind === 'enum') module.enums.push([name, ...toEnumItems(rest), { enumtype: base }])
    else if (kind === 'alias') module.aliases[name] = toAlias(rest)
    else (kind === 'union' ? module.unions : module.types).push([name, ...toFields(rest)])
  }
  return module
}

function toAlias(text: string): { type: string; length?: number } {
  const [, type = '', length] = /^(\w+)(?:\[(\d+)\])?$/.exec(text) ?? []
  return length === undefined ? { type } : { type, length: Number(length) }
}

interface MessageLine {
  readonly name: string
  readonly crc: string
  readonly sign: string
  readonly details: string | undefined
  readonly fields: RawField[]
}

function toMessageLine(line: string): MessageLine {
  const [, name = '', crc = '', sign = '', details, rest = ''] = /^(\w+) (\w{8}) ([?!*-])(?: (\w+_details))?(?: (.*))?$/.exec(line) ?? []
  if (name === '') throw new Error(`not a message: ${line}`)
  return { name, crc, sign, details, fields: [...(leading[sign] ?? []), ...toFields(rest)] }
}

function addService(module: Module, all: ReadonlySet<string>, { name, details }: MessageLine): void {
  const stream = name.replace(/_dump$/, '_details')
  if (stream !== name && all.has(stream)) module.services[name] = { reply: stream, stream: true }
  else if (details !== undefined) module.services[name] = { reply: `${name}_reply`, stream: true, stream_msg: details }
  else module.services[name] = { reply: `${name}_reply` }
}

/** The modules of messages by the plugin that brings them; `core` is always there. */
export function messageModules(text: string): ReadonlyMap<string, Modules[number]> {
  const modules = new Map<string, Module>()
  const all = new Set(lines(text).map((line) => line.split(' ')[0] ?? ''))
  let module = emptyModule()
  for (const line of lines(text)) {
    if (line.startsWith('# ')) {
      module = emptyModule()
      modules.set(line.slice(2), module)
      continue
    }
    const message = toMessageLine(line)
    const { name, crc, fields, sign } = message
    module.messages.push([name, ['u16', '_vl_msg_id'], ...fields, { crc: `0x${crc}` }])
    if (sign !== '?') continue
    addService(module, all, message)
    const { reply } = module.services[name] ?? { reply: '' }
    if (!all.has(reply)) module.messages.push([reply, ['u16', '_vl_msg_id'], ...(leading['!'] ?? []), { crc: plainReplyCrc }])
  }
  return modules
}
