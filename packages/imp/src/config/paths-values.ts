/** What a person may set a place to: the few values that are allowed, or names of what the candidate has; and what a value there is. */
import { parseInterfaceAddress, formatAddress } from '@imp/kit/base/ip.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import { RouterConfig, ownAddresses, type RouterConfigInput } from './model.ts'
import type { Segment } from './paths-keys.ts'
import { choicesAt, fieldSchema, memberSchema, wholeSchema, type PlaceSchema } from './paths-schema.ts'

/** The schema of a place, whether or not anything is there; undefined when there is no such place. */
export function schemaAt(segments: readonly Segment[]): PlaceSchema | undefined {
  return segments.reduce<PlaceSchema | undefined>((schema, segment) => {
    if (schema === undefined) return undefined
    const key = typeof segment === 'string' ? segment : undefined
    return memberSchema(schema, key) ?? (key === undefined ? undefined : fieldSchema(schema, key))
  }, wholeSchema())
}

function ports(config: RouterConfig): readonly string[] {
  return config.interfaces.map(({ name }) => name)
}

function allInterfaces(config: RouterConfig): readonly string[] {
  return layer3Interfaces(config).map(({ name }) => name)
}

function addresses(config: RouterConfig): readonly string[] {
  return ownAddresses(config).map(({ text }) => formatAddress(parseInterfaceAddress(text)))
}

function addresses4(config: RouterConfig): readonly string[] {
  return addresses(config).filter((address) => !address.includes(':'))
}

/** Fields that name something else of the configuration, by the end of their path without members of lists. */
const references: readonly (readonly [RegExp, (config: RouterConfig) => readonly string[]])[] = [
  [/^routes\.interface$/, allInterfaces],
  [/^policyRoutes\.incoming$/, allInterfaces],
  [/^bridges\.members\.interface$/, ports],
  [/^crossConnects\.(from|to)$/, ports],
  [/^bgp\.peers\.updateSource$/, (config) => [...allInterfaces(config), ...addresses(config)]],
  [/^bgp\.peers\.export\.announced$/, (config) => config.bgp?.announced ?? []],
  [/^(bgp|ospf6?)\.routerId$/, addresses4],
]

/** `bgp.peers.export` of `['bgp', 'peers', 'upstream4', 'export']`: the fields without the members of lists. */
function fieldsOn(segments: readonly Segment[]): string {
  const fields: Segment[] = []
  let schema: PlaceSchema | undefined = wholeSchema()
  for (const segment of segments) {
    if (schema?.items === undefined) fields.push(segment)
    schema = schema?.items ?? (typeof segment === 'string' && schema !== undefined ? fieldSchema(schema, segment) : undefined)
  }
  return fields.join('.')
}

/** Values that a place may be set to; none where they cannot be told. */
export function valuesAt(document: RouterConfigInput, segments: readonly Segment[]): readonly string[] {
  const schema = schemaAt(segments)
  if (schema === undefined) return []
  const choices = choicesAt(schema.items ?? schema)
  if (choices.length > 0) return choices.map(String)
  const found = references.find(([fields]) => fields.test(fieldsOn(segments)))
  return found === undefined ? [] : found[1](RouterConfig.parse(document))
}

function bounded({ minimum, maximum }: PlaceSchema): string | undefined {
  const [low, high] = [minimum ?? Number.MIN_SAFE_INTEGER, maximum ?? Number.MAX_SAFE_INTEGER]
  if (low > Number.MIN_SAFE_INTEGER && high < Number.MAX_SAFE_INTEGER) return `${low} to ${high}`
  if (low > Number.MIN_SAFE_INTEGER) return `at least ${low}`
  return high < Number.MAX_SAFE_INTEGER ? `at most ${high}` : undefined
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What a value of a place is, for people: its description, range, default, examples; undefined when there is no such place. */
export function expectationAt(segments: readonly Segment[]): string | undefined {
  const schema = schemaAt(segments)
  if (schema === undefined) return undefined
  const { default: value, examples = schema.items?.examples ?? [] } = schema
  const empty = value === undefined || (Array.isArray(value) && value.length === 0)
  const notes = [
    bounded(schema),
    schema.items === undefined ? undefined : 'may be several',
    empty ? undefined : `default ${shown(value)}`,
    examples.length === 0 ? undefined : `such as ${examples.map(shown).join(', ')}`,
  ].filter((note) => note !== undefined)
  const description = schema.description ?? schema.items?.description ?? ''
  return [description, notes.length === 0 ? '' : `(${notes.join('; ')})`].filter((part) => part !== '').join(' ')
}
