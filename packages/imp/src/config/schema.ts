/** The JSON Schema of `router.json`, for editors and for other programs. */
import { z } from 'zod'
import { RouterConfig, routerSchema, routerVersion } from './model.ts'
import type { ModuleSchemas } from './paths-schema.ts'

/** What a module of this name may be set to, as a condition on the members of the list. */
function conditionsOn(settings: ModuleSchemas): unknown[] {
  return Object.entries(settings).map(([name, config]) => ({
    if: { properties: { name: { const: name } }, required: ['name'] },
    // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
    then: { properties: { config } },
  }))
}

function withSettings(properties: Readonly<Record<string, unknown>>, settings: ModuleSchemas): Record<string, unknown> {
  const modules = properties['modules'] as { readonly items: Readonly<Record<string, unknown>> }
  return { ...properties, modules: { ...modules, items: { ...modules.items, allOf: conditionsOn(settings) } } }
}

/**
 * JSON Schema draft 7, which all editors understand, of the configuration as people write it: fields with defaults may be left out.
 * What it cannot say (address literals, relations between fields) is left to `imp check`. `settings` are those of modules.
 */
export function routerJsonSchema(settings: ModuleSchemas = {}): Record<string, unknown> {
  const { $schema, properties = {}, ...rest } = z.toJSONSchema(RouterConfig, { io: 'input', target: 'draft-7' })
  const known = Object.keys(settings).length === 0 ? properties : withSettings(properties, settings)
  const { type, ...others } = rest
  return { $schema, $id: `urn:imp:schema:${routerSchema}:${routerVersion}`, type, properties: known, ...others }
}
