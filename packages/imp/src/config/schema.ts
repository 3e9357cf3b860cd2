/** The JSON Schema of `router.json`, for editors and for other programs. */
import { z } from 'zod'
import { RouterConfig, routerSchema, routerVersion } from './model.ts'

/**
 * JSON Schema draft 7, which all editors understand, of the configuration as people write it: fields with defaults may be left out.
 * What it cannot say (address literals, relations between fields) is left to `imp check`.
 */
export function routerJsonSchema(): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(RouterConfig, { io: 'input', target: 'draft-7' })
  return { $schema, $id: `urn:imp:schema:${routerSchema}:${routerVersion}`, ...rest }
}
