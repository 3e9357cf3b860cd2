/** The shells of a router: those of FRR and VPP, and one in its namespace. */
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import { InstanceName, type VppInstance } from '../appliance/model.ts'
import type { ImpContext } from '../context.ts'
import type { VppClient } from '../dataplane/vpp/api/client.ts'
import { connectIfThere, directoryOf, notRunning } from '../dataplane/vpp/place.ts'
import { renderRouter } from '../pipeline/render.ts'
import { findRunning } from '../pipeline/running.ts'
import { dataplanePlace, frrPlace, type Target } from '../pipeline/target.ts'
import { requireDaemon, requireNamespace, where, withTarget } from '../pipeline/where.ts'
import { Output } from './model.ts'
import { commandOutput } from './vpp.ts'

const anyStatus = [...Array(256).keys()]
/** Milliseconds that a command may take whose output is collected. */
const timeout = 600_000

/** Gives the terminal to the program; where none can be given and `alone` says that it ends by itself, its output is collected. */
async function give(context: ImpContext, host: Host, argv: Argv, alone: boolean): Promise<Output> {
  if (context.passthrough && (alone || context.interactive)) return { status: await host.attach(argv), stdout: '', stderr: '' }
  if (!alone) throw new Fault('input', 'a shell needs a terminal', { hint: 'say behind it what it shall run, and it runs only that' })
  const { status, stdout, stderr } = await host.run(argv, { statuses: anyStatus, timeout, signal: context.signal })
  return { status, stdout, stderr }
}

function view({ stdout, stderr }: Output): string {
  return [stdout, stderr].filter((text) => text !== '').join('\n')
}

const routing = operation<ImpContext>()({
  path: ['shell', 'routing'],
  summary: "Open FRR's own shell, or run one command in it",
  description: 'vtysh on the daemons of the router. What is configured there is drift: imp drift shows it, the next apply takes it back.',
  effect: 'write',
  args: ['words'],
  input: z.strictObject({ words: z.array(z.string()).default([]).describe('one command of vtysh instead of a shell'), ...where }),
  output: Output,
  examples: ['imp shell routing', 'imp shell routing show bgp summary'],
  run: (context, { words, ...rest }) =>
    withTarget(context, rest, async (target) => {
      await requireDaemon(target, 'zebra')
      planned(context, [])
      const { directory } = frrPlace(target)
      // Without its file vtysh complains each time that it starts.
      await target.machine.files.write(`${directory}/vtysh.conf`, '')
      const command = words.length === 0 ? [] : ['-c', words.join(' ')]
      return give(context, target.host, ['vtysh', '--vty_socket', directory, '--config_dir', directory, ...command], words.length > 0)
    }),
  view,
  exitStatus: ({ status }) => status,
})

const dataplane = operation<ImpContext>()({
  path: ['shell', 'dataplane'],
  summary: 'Open a shell in the network namespace of the router, or run a command',
  description: 'Programs there see the interfaces and routes of the router. What they change is drift: imp drift shows it.',
  effect: 'write',
  args: ['words'],
  input: z.strictObject({ words: z.array(z.string()).default([]).describe('program and its arguments instead of a shell'), ...where }),
  output: Output,
  examples: ['imp shell dataplane', 'imp shell dataplane -- ip -br address'],
  run: (context, { words, ...rest }) =>
    withTarget(context, rest, async (target) => {
      await requireNamespace(target)
      planned(context, [])
      const [program = 'bash', ...others] = words
      return give(context, target.host, [program, ...others], words.length > 0)
    }),
  view,
  exitStatus: ({ status }) => status,
})

/** Names of the processes beside the core that the running configuration has. */
async function instancesBeside(target: Target): Promise<string[]> {
  const running = await findRunning(target)
  return running === undefined ? [] : Object.keys(renderRouter(running.config, running.overrides).vpp?.beside ?? {})
}

async function requireVpp(target: Target): Promise<void> {
  if ((await findRunning(target))?.config.dataplane === 'vpp') return
  throw new Fault('unsupported', `${target.name} forwards by the Linux kernel: the shells of VPP come with the VPP dataplane`, {
    hint: 'imp shell dataplane opens a shell in its namespace, imp shell routing that of FRR',
  })
}

/** Runs one command over the API, which tells a refusal from an answer; the socket of the command line does not. */
async function runCommand(client: VppClient, words: readonly string[]): Promise<Output> {
  try {
    return await commandOutput(client, words.join(' '))
  } finally {
    client.close()
  }
}

/** Opens VPP's own command line, with its pager and history (vppctl(1)), or runs one command in it. */
async function enterVpp(context: ImpContext, target: Target, instance: VppInstance, words: readonly string[]): Promise<Output> {
  await requireVpp(target)
  const place = dataplanePlace(target)
  const client = await connectIfThere(place, instance)
  if (client === undefined) throw notRunning(place, instance)
  planned(context, [])
  if (words.length > 0) return runCommand(client, words)
  client.close()
  return give(context, target.machine, ['vppctl', '-s', join(directoryOf(place), `${instance}-cli.sock`)], false)
}

const vppInput = z.strictObject({
  words: z
    .array(z.string().regex(/^[\x20-\x7e]+$/, 'must be one line of ASCII'))
    .default([])
    .describe('one command of VPP instead of a shell'),
  ...where,
})

const core = operation<ImpContext>()({
  path: ['shell', 'core'],
  aliases: [['shell', 'vpp']],
  summary: "Open the shell of VPP's routing process, or run one command in it",
  description:
    'Only of routers whose dataplane is VPP; the kernel has no shell but that of its namespace: imp shell dataplane. A command that VPP refuses ends with status 1.',
  effect: 'write',
  args: ['words'],
  input: vppInput,
  output: Output,
  examples: ['imp shell core', 'imp shell core show interface'],
  run: (context, { words, ...rest }) => withTarget(context, rest, (target) => enterVpp(context, target, 'core', words)),
  view,
  exitStatus: ({ status }) => status,
})

const nat = operation<ImpContext>()({
  path: ['shell', 'nat'],
  summary: "Open the shell of VPP's translating process, or run one command in it",
  description: 'Only of routers whose dataplane is VPP and which translate. A command that VPP refuses ends with status 1.',
  effect: 'write',
  args: ['words'],
  input: vppInput,
  output: Output,
  examples: ['imp shell nat', 'imp shell nat show det44 sessions'],
  run: (context, { words, ...rest }) => withTarget(context, rest, (target) => enterVpp(context, target, 'nat', words)),
  view,
  exitStatus: ({ status }) => status,
})

const instance = operation<ImpContext>()({
  path: ['shell'],
  summary: "Open the shell of a module's process, or run one command in it",
  description:
    'The process of a module, by its name; without a name it lists all shells, of which imp shell routing, dataplane, core and nat have ' +
    'commands of their own. A command that VPP refuses ends with status 1.',
  effect: 'write',
  args: ['instance', 'words'],
  input: z.strictObject({
    instance: InstanceName.describe('name of the process: that of its module')
      .meta({ examples: ['scrubber'] })
      .exactOptional(),
    ...vppInput.shape,
  }),
  output: Output,
  examples: ['imp shell scrubber', 'imp shell scrubber show interface'],
  complete: {
    instance: (context) => withTarget(context, z.strictObject(where).parse({}), instancesBeside),
  },
  run: (context, { instance: name, words, ...rest }) =>
    withTarget(context, rest, async (target) => {
      const known = await instancesBeside(target)
      if (name === undefined) return { status: 0, stdout: ['routing', 'dataplane', 'core', ...known].join('\n'), stderr: '' }
      if (known.includes(name)) return enterVpp(context, target, name, words)
      const hint = `there are: ${['routing', 'dataplane', 'core', ...known].join(', ')}`
      throw new Fault('not-found', `${target.name} has no shell ${JSON.stringify(name)}`, { hint })
    }),
  view,
  exitStatus: ({ status }) => status,
})

export const operations: readonly AnyOperation<ImpContext>[] = [routing, dataplane, core, nat, instance]
