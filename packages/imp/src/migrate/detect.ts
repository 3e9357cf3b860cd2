/** Tells the layouts of router.json apart. */
import { Fault } from '@imp/kit/base/fault.ts'
import { routerSchema } from '../config/model.ts'

/** `roles` and `interfaces` are the earlier and the later layout of the reference system, `current` is ours. */
export type Layout = 'roles' | 'interfaces' | 'current'

const roleKeys = ['external', 'internal']
const interfaceKeys = ['interfaces', 'routes']

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)
}

function schemaOf(where: string, schema: unknown): Layout {
  if (schema === routerSchema) return 'current'
  throw new Fault('input', `${where} is a ${JSON.stringify(schema)} document, not a router configuration`)
}

/**
 * The layout of a JSON value, by the keys that only one layout has; empty ones count when nothing else does.
 * An `input` fault when it is none of them, or two at once.
 */
export function detectLayout(document: unknown, where: string): Layout {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new Fault('input', `${where} is not a router configuration`, { hint: 'a router.json is one JSON object' })
  }
  const fields = new Map<string, unknown>(Object.entries(document))
  if (fields.has('schema')) return schemaOf(where, fields.get('schema'))
  const present = (keys: readonly string[]): string[] => keys.filter((key) => fields.has(key))
  const filled = (keys: readonly string[]): string[] => keys.filter((key) => !isEmpty(fields.get(key)))
  const [roles, interfaces] = [filled(roleKeys), filled(interfaceKeys)]
  if (roles.length > 0 && interfaces.length > 0) {
    throw new Fault('input', `${where} mixes two layouts: it has ${[...roles, ...interfaces].join(' and ')}`, {
      hint: `take out what the router does not use: ${roleKeys.join(' and ')}, or ${interfaceKeys.join(' and ')}`,
    })
  }
  if (roles.length > 0) return 'roles'
  if (interfaces.length > 0 || present(interfaceKeys).length > 0) return 'interfaces'
  if (present(roleKeys).length > 0) return 'roles'
  throw new Fault('input', `${where} is not a router configuration`, {
    hint: `an old one has ${roleKeys.join(' and ')}, or ${interfaceKeys.join(' and ')}; ours begins with "schema": "${routerSchema}"`,
  })
}
