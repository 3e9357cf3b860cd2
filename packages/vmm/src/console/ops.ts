/** Operations inside machines: a shell, one command, the serial console and what it printed. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { Name } from '@imp/kit/base/schema.ts'
import { shellQuote } from '@imp/kit/host/exec.ts'
import type { Argv } from '@imp/kit/host/host.ts'
import { bootId, isAlive } from '@imp/kit/host/process.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../context.ts'
import { MachineId, type Engine } from '../engine/model.ts'
import { sshArgv } from '../vm/keys.ts'
import { filesOf, observe, view } from '../vm/observe.ts'
import { partsOf } from '../vm/ops.ts'
import { MachineWord, type Vm } from '../vm/model.ts'
import { machinePaths } from '../vm/paths.ts'
import { findRun, getMachine, machines } from '../vm/store.ts'
import { attachConsole } from './attach.ts'
import { keepLogs, type Kept } from './keep.ts'
import { follow, plain, tailOf } from './logs.ts'

const NameOfMachine = MachineWord.describe('name, id or address of the machine')

/** A running machine with its engine; a `state` fault when it does not run. */
export async function running(context: VmmContext, name: string): Promise<{ vm: Vm; engine: Engine }> {
  const parts = partsOf(context)
  const vm = await getMachine(context, name)
  const { state, run, observed } = await observe(context, parts, vm)
  if (run === undefined || observed === undefined) throw new Fault('state', `${vm.name} is ${state}`, { hint: `vmm start ${vm.name}` })
  return { vm, engine: parts.engine(run.engine) }
}

/** ssh to a machine with the words to run, each of them one word for the shell there as well. */
export function sshTo(context: VmmContext, vm: Vm, user: string, options: readonly string[], words: readonly string[]): Argv {
  const argv = sshArgv(vm, context.paths, user)
  if (argv === undefined) {
    throw new Fault('unsupported', `${vm.name} has no network of vmm that ssh could take`, { hint: `vmm console ${vm.name}` })
  }
  const at = argv.indexOf('ssh') + 1
  const [first, ...rest] = [...argv.slice(0, at), ...options, ...argv.slice(at)]
  return [first ?? 'ssh', ...rest, ...(words.length === 0 ? [] : ['--', words.map(shellQuote).join(' ')])]
}

export const User = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be a user name')
  .default('root')
  .describe('user to log in as')

const complete = { name: (context: VmmContext): Promise<string[]> => machines(context).names() }

export const ssh = operation<VmmContext>()({
  path: ['ssh'],
  summary: 'Log in to a machine, or run words there on your terminal',
  effect: 'write',
  args: ['name', 'words'],
  short: { user: 'u' },
  input: z.strictObject({
    name: NameOfMachine,
    words: z.array(z.string()).default([]).describe('command line for the shell there, instead of a login'),
    user: User,
  }),
  output: z.strictObject({ status: z.int() }),
  examples: ['vmm ssh web1', 'vmm ssh -u admin web1 -- systemctl status', "vmm ssh web1 -- 'df -h | grep vda'"],
  complete,
  async run(context, { name, words, user }) {
    const { vm } = await running(context, name)
    planned(context, [])
    const argv = sshTo(context, vm, user, words.length > 0 && context.interactive ? ['-t'] : [], [])
    // Joined by blanks for the shell there, as ssh(1) does: one word may be a whole command line.
    return { status: await context.host.attach(words.length === 0 ? argv : [...argv, '--', words.join(' ')]) }
  },
  view: () => '',
  exitStatus: ({ status }) => status,
})

export const exec = operation<VmmContext>()({
  path: ['exec'],
  summary: 'Run a command in a machine, with our standard input and output',
  effect: 'write',
  args: ['name', 'words'],
  short: { user: 'u' },
  input: z.strictObject({
    name: NameOfMachine,
    words: z.array(z.string()).min(1).describe('command and its arguments; no shell reads them'),
    user: User,
    timeout: z.int().min(1).max(86_400).default(600).describe('seconds until it is given up, with --json'),
  }),
  output: z.strictObject({ status: z.int(), stdout: z.string(), stderr: z.string() }),
  examples: ['vmm exec web1 -- uname -r', 'vmm exec --json web1 -- ip -j address'],
  complete,
  async run(context, { name, words, user, timeout }) {
    const { vm } = await running(context, name)
    planned(context, [])
    const argv = sshTo(context, vm, user, ['-o', 'BatchMode=yes'], words)
    const { host, signal } = context
    if (context.passthrough) return { status: await host.attach(argv), stdout: '', stderr: '' }
    const { status, stdout, stderr } = await host.run(argv, { timeout: timeout * 1000, signal, statuses: [...Array(256).keys()] })
    // A command may end so as well: ssh says why.
    if (status === sshFailed && stdout === '' && stderr !== '') throw new Fault('exec', `cannot log in to ${vm.name}`, { detail: stderr })
    return { status, stdout, stderr }
  },
  view: ({ stdout, stderr }) => [stdout, stderr].filter((text) => text !== '').join('\n'),
  exitStatus: ({ status }) => status,
})

/** ssh's own failures (ssh(1), EXIT STATUS). */
const sshFailed = 255

export const console = operation<VmmContext>()({
  path: ['console'],
  summary: 'Attach the terminal to the serial console of a machine; ctrl-] detaches',
  effect: 'write',
  args: ['name'],
  input: z.strictObject({ name: NameOfMachine }),
  output: z.strictObject({ ending: z.enum(['detached', 'ended']) }),
  examples: ['vmm console web1'],
  complete,
  async run(context, { name }) {
    const { vm, engine } = await running(context, name)
    planned(context, [])
    const files = filesOf(context, vm)
    const alive = async (): Promise<boolean> => (await engine.inspect(context.host, files)) !== undefined
    context.report({ event: 'log', level: 'info', text: `console of ${vm.name}; ctrl-] detaches` })
    return { ending: await attachConsole(context.host, engine.console(files), { input: process.stdin, output: process.stdout }, alive) }
  },
  view: ({ ending }) => (ending === 'ended' ? '\nthe machine has ended' : '\ndetached'),
})

const Line = z.strictObject({ name: Name, line: z.string() })

const logs = operation<VmmContext>()({
  path: ['logs'],
  summary: 'Print what a machine has printed on its console',
  description:
    'What would steer the terminal is left out. The log begins anew with each start, and when it is longer than 4 MiB; the part before is kept beside it (.1).',
  effect: 'read',
  args: ['name'],
  short: { follow: 'f', lines: 'n' },
  input: z.strictObject({
    name: NameOfMachine,
    follow: z.boolean().default(false).describe('go on with what is printed from now on, until ctrl-c'),
    lines: z.int().min(0).max(1_000_000).optional().describe('only so many lines of the end'),
    engine: z.boolean().default(false).describe('what the engine says, not the guest'),
  }),
  output: z.strictObject({ name: Name, path: z.string(), text: z.string() }),
  examples: ['vmm logs web1', 'vmm logs web1 -f', 'vmm logs web1 -n 20 --engine'],
  complete,
  async run(context, { name, follow: follows, lines, engine }) {
    const { host, report, signal } = context
    const vm = await getMachine(context, name)
    const path = (await view(context, partsOf(context), vm)).logs[engine ? 'engine' : 'console']
    if (!follows) return { name: vm.name, path, text: await tailOf(host, path, lines) }
    const tell = (line: string): void => report({ event: 'seen', text: line, value: Line.parse({ name: vm.name, line }) })
    await follow(host, path, lines, signal, tell)
    return { name: vm.name, path, text: '' }
  },
  view: ({ text }) => plain(text),
})

/** Machines whose sockets are there: they were started and not stopped since. */
async function keptMachines({ host, paths }: VmmContext): Promise<Kept[]> {
  if ((await host.files.stat(paths.run)) === undefined) return []
  const ids = (await host.files.list(paths.run)).filter((name) => MachineId.safeParse(name).success)
  const boot = await bootId()
  return Promise.all(
    ids.map(async (id) => {
      const run = await findRun({ host, paths }, id)
      const runs = run?.process !== undefined && (await isAlive({ ...run.process, bootId: run.bootId }))
      return { directory: machinePaths(paths, id).directory, alive: runs || (run?.phase === 'starting' && run.bootId === boot) }
    }),
  )
}

const keep = operation<VmmContext>()({
  path: ['keep-logs'],
  summary: 'Keep the logs of machines short while machines run',
  description: 'Started with the first machine, and ends behind the last one.',
  effect: 'write',
  hidden: true,
  input: z.strictObject({}),
  output: z.strictObject({}),
  examples: ['vmm keep-logs'],
  async run(context) {
    planned(context, [])
    await keepLogs(context, () => keptMachines(context), context.signal)
    return {}
  },
  view: () => '',
})

export const operations: readonly AnyOperation<VmmContext>[] = [ssh, exec, console, logs, keep]
