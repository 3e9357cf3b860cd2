/**
 * Operator modules: YAML files that describe further VPP instances beside the core: what they are called, how they are connected to it,
 * which fields an operator may set, and the commands that they start with. The layout is that of the reference system's modules.
 */
import { z } from 'zod'
import { Description } from '@imp/kit/base/schema.ts'
import { InstanceName } from '../appliance/model.ts'

/** Name of a module: also that of its sockets, files and unit. `core` is the dataplane itself. */
export const ModuleName = InstanceName.refine((name) => name !== 'core', 'is the name of the dataplane itself').meta({
  examples: ['scrubber'],
})

/** A word that templates can name after a dot. */
const FieldName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, 'must have only small letters, digits and "_"')

const ConnectionName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'must have only small letters, digits and "-"')
  .meta({ examples: ['internal'] })

const Connection = z.strictObject({
  name: ConnectionName.describe('what to call it'),
  purpose: Description.default('').describe('one line for people'),
  create_lcp: z.boolean().default(false).describe('give it a Linux twin, so that routing can use it'),
})

const formats = ['ipv4', 'ipv6', 'ipv4_cidr', 'ipv6_cidr'] as const
const types = ['string', 'integer', 'boolean', 'array'] as const

/** What an item of a list has: another field without a list in it, or an object of such fields. */
const Item = z.strictObject({
  type: z.enum(['string', 'integer', 'boolean', 'object']).default('string'),
  format: z.enum(formats).optional(),
  properties: z
    .record(
      FieldName,
      z.strictObject({
        type: z.enum(['string', 'integer', 'boolean']).default('string'),
        format: z.enum(formats).optional(),
        description: Description.default(''),
        required: z.boolean().default(true),
        default: z.union([z.string(), z.int(), z.boolean()]).optional(),
      }),
    )
    .optional(),
})
export type Item = z.output<typeof Item>

const Field = z
  .strictObject({
    type: z.enum(types).default('string').describe('what it holds'),
    format: z.enum(formats).optional().describe('what a string must look like'),
    description: Description.default('').describe('one line for people'),
    required: z.boolean().default(false).describe('whether it must be set'),
    default: z
      .union([z.string(), z.int(), z.boolean(), z.array(z.unknown())])
      .optional()
      .describe('value unless told'),
    choices: z.array(z.string()).min(1).optional().describe('the only values that it may have'),
    item_schema: Item.optional().describe('what each item of a list has'),
  })
  .refine((field) => field.type !== 'array' || field.item_schema !== undefined, 'needs item_schema, because it is a list')
  .refine((field) => field.format === undefined || field.type === 'string', 'has a format, which only strings have')
export type Field = z.output<typeof Field>

const ShowCommand = z.strictObject({
  name: ConnectionName,
  vpp_command: z.string().regex(/^show [\x20-\x7e]{1,200}$/, 'must be a command of VPP that begins with show'),
  description: Description.default(''),
})

const Steering = z.strictObject({
  exclude: z
    .array(z.enum(['container_network', 'bypass_pairs']))
    .default([])
    .describe('traffic that is not steered'),
  address_families: z
    .array(z.enum(['ipv4', 'ipv6']))
    .min(1)
    .default(['ipv4'])
    .describe('what is steered by source; a destination has a family of its own'),
  match: z.enum(['source', 'destination_prefix']).default('source').describe('steer by the interfaces it comes from, or by where it goes'),
  prefix_field: FieldName.optional().describe('field with the prefix, when steering goes by destination'),
  via_connection: ConnectionName.default('internal').describe('connection that steered traffic takes'),
})

const Advertisement = z.strictObject({
  config_field: z
    .string()
    .regex(/^[a-z][a-z0-9_]*(\[\]\.[a-z][a-z0-9_]*)?$/, 'must be a field, or a field of the items of a list: mappings[].nat_pool'),
  via_connection: ConnectionName,
  address_family: z.enum(['ipv4', 'ipv6']).default('ipv4'),
})

const Parameter = z.strictObject({
  name: FieldName,
  type: z.enum(['string', 'integer', 'boolean', 'choice', 'ipv4', 'ipv6', 'ipv4_cidr', 'ipv6_cidr']).default('string'),
  prompt: Description.default(''),
  required: z.boolean().default(true),
  choices: z.array(z.string()).min(1).optional(),
})

export type Parameter = z.output<typeof Parameter>

const Command = z.strictObject({
  path: z.string().regex(/^[a-z][a-z0-9-]*(\/[a-z][a-z0-9-]*)*$/, 'must be words divided by "/"'),
  description: Description.default(''),
  action: z.enum(['array_append', 'array_remove', 'array_list', 'set_value', 'show']),
  target: FieldName.optional(),
  params: z.array(Parameter).default([]),
  key: z.union([FieldName, z.array(FieldName).min(1)]).optional(),
  format: z.string().max(200).optional(),
})
export type Command = z.output<typeof Command>

const Plugin = z.string().regex(/^[a-z0-9_]+_plugin\.so$/, 'must be the file name of a plugin such as nat64_plugin.so')

export const ModuleDefinition = z.strictObject({
  name: ModuleName.describe('what to call it'),
  display_name: Description.optional().describe('name for people'),
  description: Description.default('').describe('one line for people'),
  topology: z.strictObject({ connections: z.array(Connection).min(1).max(16).describe('links to the core') }),
  plugins: z.array(Plugin).default([]).describe('plugins of VPP that it needs'),
  disable_plugins: z.array(Plugin).default([]).describe('plugins of VPP that must not be loaded'),
  cpu: z.strictObject({ min_cores: z.int().min(0).default(0), ideal_cores: z.int().min(0).default(2) }).prefault({}),
  memory: z.strictObject({ heap: z.int().min(64).max(65_536).default(256).describe('MiB of the main heap of its process') }).prefault({}),
  config_schema: z.record(FieldName, Field).default({}).describe('what an operator may set'),
  show_commands: z.array(ShowCommand).default([]),
  abf: Steering.optional().describe('traffic that the core steers to it'),
  routing: z.strictObject({ advertise: z.array(Advertisement).default([]) }).prefault({}),
  commands: z.array(Command).default([]).describe('words of the command line that edit its fields'),
  vpp_commands: z.string().min(1).max(65_536).describe('template of the commands that the instance starts with'),
})
export type ModuleDefinition = z.output<typeof ModuleDefinition>

/** A definition and where it was read. */
export interface InstalledModule {
  readonly definition: ModuleDefinition
  readonly file: string
}
