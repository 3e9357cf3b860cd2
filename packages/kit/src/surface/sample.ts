/** A small program and a terminal in memory, for the tests of the surfaces. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { FilePath, Name, Port } from '../base/schema.ts'
import { operation, planned, type AnyOperation, type OperationContext } from '../op/operation.ts'
import { room, type Registry } from '../op/registry.ts'
import type { Program } from './command.ts'
import type { Terminal } from './print.ts'

export interface FakeTerminal extends Terminal {
  /** What was written so far. */
  readonly stdout: () => string
  readonly stderr: () => string
}

/** A terminal that remembers; `answer` is what the person says to every question. */
export function fakeTerminal(options: Partial<Terminal> & { readonly answer?: string } = {}): FakeTerminal {
  const written = { out: '', err: '' }
  return {
    width: 80,
    height: 24,
    colour: { out: false, err: false },
    live: false,
    interactive: false,
    ask: async (question) => {
      written.err += question
      return options.answer
    },
    ...options,
    out: (text) => void (written.out += `${text}\n`),
    line: (text) => void (written.out += `${text}\n`),
    err: (text) => void (written.err += text),
    stdout: () => written.out,
    stderr: () => written.err,
  }
}

const define = operation<OperationContext>()

const create = define({
  path: ['create'],
  summary: 'Create a machine',
  description: 'The machine gets its own address and keys. It does not run before it is started.',
  effect: 'write',
  args: ['name'],
  flags: { memoryMib: 'memory' },
  short: { cpus: 'c', force: 'f' },
  input: z.strictObject({
    name: Name.describe('its name'),
    cpus: z.int().min(1).max(32).default(1).describe('virtual processors'),
    memoryMib: z.int().min(64).default(256).describe('memory in MiB'),
    engine: z.enum(['firecracker', 'qemu']).optional().describe('program that runs it'),
    dns: z.array(z.string()).default([]).describe('name server'),
    kernel: FilePath.optional().describe('its kernel'),
    ports: z.array(Port).default([]).describe('forwarded port'),
    force: z.boolean().default(false).describe('replace a machine of the same name'),
    autostart: z.boolean().default(true).describe('start it at boot'),
  }),
  output: z.strictObject({ name: z.string(), cpus: z.int() }),
  examples: ['sample create web1 --cpus 2 --dns 192.0.2.53'],
  complete: {
    dns: () => ['192.0.2.53', '2001:db8::53'],
    ports: (_, given) => [{ word: '80', meaning: `of ${String(given['name'])}` }, '443'],
  },
  async run(context, { name, cpus }) {
    planned(context, [{ kind: 'file', summary: `write ${name}`, disruption: 'none', data: null }])
    context.report({ event: 'step', state: 'started', title: `write ${name}` })
    context.report({ event: 'step', state: 'done', title: `write ${name}` })
    return { name, cpus }
  },
  view: ({ name, cpus }) => `created ${name} with ${cpus} cpus`,
})

const execute = define({
  path: ['exec'],
  summary: 'Run a program in a machine',
  effect: 'write',
  args: ['name', 'words'],
  input: z.strictObject({ name: Name, words: z.array(z.string()).min(1).describe('program and arguments'), user: z.string().optional() }),
  short: { user: 'u' },
  output: z.strictObject({ status: z.int(), words: z.array(z.string()) }),
  examples: ['sample exec web1 -- ls -l'],
  complete: { name: async () => ['web1', 'web2', 'wöb', 'bad\nname'] },
  run: async (_, { words }) => ({ status: words.length, words }),
  exitStatus: ({ status }) => status,
})

const remove = define({
  path: ['delete'],
  aliases: [['rm']],
  summary: 'Delete machines',
  effect: 'destroy',
  args: ['names'],
  input: z.strictObject({ names: z.array(Name).min(1) }),
  output: z.strictObject({ deleted: z.array(z.string()) }),
  examples: ['sample delete web1 web2'],
  complete: { names: () => Promise.reject(new Error('nobody answers')) },
  run: async (_, { names }) => ({ deleted: names }),
})

const build = define({
  path: ['image', 'build'],
  summary: 'Build an image',
  effect: 'write',
  args: ['name'],
  input: z.strictObject({ name: z.enum(['debian', 'router']).default('debian') }),
  output: z.null(),
  examples: ['sample image build debian'],
  run: () => Promise.reject(new Fault('exec', 'cannot build debian', { detail: 'E: no space\u001b[2Jleft', hint: 'free some space' })),
})

const listImages = define({
  path: ['image', 'list'],
  summary: 'List images',
  effect: 'read',
  input: z.strictObject({}),
  output: z.array(z.string()),
  examples: ['sample image list'],
  run: () => Promise.reject(new TypeError('x is not a function')),
})

const secret = define({
  path: ['image', 'secret'],
  summary: 'Hidden from people',
  effect: 'read',
  hidden: true,
  input: z.strictObject({}),
  output: z.string(),
  examples: ['sample image secret'],
  run: async () => 'found',
  view: (text) => text,
})

const wait = define({
  path: ['wait'],
  summary: 'Wait for the end',
  effect: 'write',
  input: z.strictObject({}),
  output: z.null(),
  examples: ['sample wait'],
  async run(context) {
    context.report({ event: 'log', level: 'info', text: 'waiting' })
    // A signal is no reason for Node.js to stay: a timer is.
    await sleep(60_000, undefined, { signal: context.signal }).catch(() => undefined)
    context.report({ event: 'log', level: 'info', text: 'cleaned up' })
    context.signal.throwIfAborted()
    return null
  },
})

const watch = define({
  path: ['watch'],
  summary: 'Tell what happens until nobody listens',
  effect: 'read',
  hidden: true,
  input: z.strictObject({}),
  output: z.null(),
  examples: ['sample watch'],
  streams: true,
  async run(context) {
    for (let beat = 0; !context.signal.aborted; beat += 1) {
      context.report({ event: 'seen', text: `beat ${beat}`, value: beat })
      await sleep(20, undefined, { signal: context.signal }).catch(() => undefined)
    }
    return null
  },
})

const load = (operations: readonly AnyOperation[]) => () => Promise.resolve({ operations })

export const registry: Registry<OperationContext> = {
  program: 'sample',
  summary: 'a program for tests',
  rooms: [
    room('Machines', ['create', 'exec', 'delete', 'rm', 'wait', 'watch'], load([create, execute, remove, wait, watch]), {
      unlisted: ['watch'],
    }),
    room('Images', ['image'], load([build, listImages, secret])),
  ],
}

export const operations = { create, execute, remove, build, listImages, secret, wait } as const

export const program: Program<OperationContext> = { registry, version: '1.2.3', makeContext: (common) => common }
