/** A program whose words go three levels deep, for the tests of sessions. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { FilePath, Name } from '../base/schema.ts'
import { operation, planned, type AnyOperation, type OperationContext } from '../op/operation.ts'
import { room, type Registry } from '../op/registry.ts'
import type { Program } from './command.ts'

const define = operation<OperationContext>()

const status = define({
  path: ['status'],
  summary: 'Show what runs',
  effect: 'read',
  input: z.strictObject({}),
  output: z.strictObject({ daemons: z.array(z.string()) }),
  examples: ['router status'],
  run: async () => ({ daemons: ['zebra', 'bgpd', 'ospfd'] }),
  view: ({ daemons }, { colour }) => daemons.map((name) => (colour ? `\u001b[32m${name}\u001b[0m up` : `${name} up`)).join('\n'),
})

const check = define({
  path: ['check'],
  summary: 'Check a configuration',
  effect: 'read',
  args: ['file'],
  input: z.strictObject({ file: FilePath.describe('configuration'), password: z.string().optional().describe('of the file') }),
  output: z.strictObject({ file: z.string() }),
  examples: ['router check router.json'],
  run: async (_, { file }) => ({ file }),
  view: ({ file }) => `${file} is right`,
})

const login = define({
  path: ['login'],
  summary: 'Log in somewhere',
  effect: 'write',
  args: ['name', 'apiKey'],
  input: z.strictObject({ name: Name.describe('who'), apiKey: z.string().describe('what only they know') }),
  output: z.null(),
  examples: ['router login anna xyz'],
  run: async () => null,
  view: () => '',
})

const wait = define({
  path: ['wait'],
  summary: 'Wait until interrupted',
  effect: 'read',
  input: z.strictObject({}),
  output: z.null(),
  examples: ['router wait'],
  async run(context) {
    context.report({ event: 'log', level: 'info', text: 'waiting' })
    await sleep(60_000, undefined, { signal: context.signal }).catch(() => undefined)
    context.signal.throwIfAborted()
    return null
  },
})

const shell = define({
  path: ['shell', 'core'],
  summary: 'Open a shell',
  effect: 'write',
  input: z.strictObject({}),
  output: z.strictObject({ status: z.int() }),
  examples: ['router shell core'],
  run: async ({ host }) => ({ status: await host.attach(['sh', '-c', 'echo shell opened; read line; echo "got $line"']) }),
  view: () => '',
  exitStatus: (output) => output.status,
})

const show = define({
  path: ['interfaces', 'external', 'show'],
  summary: 'Show the external interface',
  effect: 'read',
  input: z.strictObject({}),
  output: z.strictObject({ passthrough: z.boolean() }),
  examples: ['router interfaces external show'],
  run: async ({ passthrough }) => ({ passthrough }),
  view: ({ passthrough }) => `external, ${passthrough ? 'at the terminal' : 'captured'}`,
})

const listMappings = define({
  path: ['nat', 'mappings', 'list'],
  aliases: [['nat', 'mappings', 'ls']],
  summary: 'List mappings',
  effect: 'read',
  input: z.strictObject({}),
  output: z.array(z.string()),
  examples: ['router nat mappings list'],
  run: () => Promise.reject(new TypeError('x is not a function')),
})

const addMapping = define({
  path: ['nat', 'mappings', 'add'],
  summary: 'Add a mapping',
  effect: 'write',
  args: ['name'],
  input: z.strictObject({
    name: Name.describe('its name'),
    protocol: z.enum(['tcp', 'udp']).default('tcp').describe('protocol'),
  }),
  output: z.strictObject({ name: z.string() }),
  examples: ['router nat mappings add web'],
  complete: { name: async () => ['web', 'mail', 'two words'] },
  async run(context, { name }) {
    planned(context, [])
    if (name === 'full') throw new Fault('state', 'no ports are left', { hint: 'delete a mapping' })
    return { name }
  },
  view: ({ name }) => `added ${name}`,
})

const deleteMapping = define({
  path: ['nat', 'mappings', 'delete'],
  summary: 'Delete a mapping',
  effect: 'destroy',
  args: ['name'],
  input: z.strictObject({ name: Name.describe('its name') }),
  output: z.strictObject({ deleted: z.string() }),
  examples: ['router nat mappings delete web'],
  run: async (_, { name }) => ({ deleted: name }),
  view: ({ deleted }) => `deleted ${deleted}`,
})

const hidden = define({
  path: ['nat', 'debug'],
  summary: 'Hidden from people',
  effect: 'read',
  hidden: true,
  input: z.strictObject({}),
  output: z.string(),
  examples: ['router nat debug'],
  run: async () => 'found',
  view: (text) => text,
})

const load =
  (...operations: readonly AnyOperation[]) =>
  () =>
    Promise.resolve({ operations })

export const registry: Registry<OperationContext> = {
  program: 'router',
  summary: 'a program for tests of sessions',
  rooms: [
    room('Router', ['status', 'check', 'login', 'wait', 'shell'], load(status, check, login, wait, shell)),
    room('Interfaces', ['interfaces'], load(show)),
    room('Translation', ['nat'], load(listMappings, addMapping, deleteMapping, hidden)),
  ],
}

export const operations = { addMapping } as const

export const program: Program<OperationContext> = { registry, version: '1.2.3', makeContext: (common) => common }
