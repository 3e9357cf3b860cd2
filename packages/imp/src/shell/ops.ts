/** The shells of a router: FRR's own, and one in its namespace. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { ImpContext } from '../context.ts'
import { findRunning } from '../pipeline/running.ts'
import { frrPlace } from '../pipeline/target.ts'
import { requireDaemon, requireNamespace, where, withTarget } from '../pipeline/where.ts'

const Output = z.strictObject({ status: z.int(), stdout: z.string(), stderr: z.string() })
type Output = z.output<typeof Output>

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

/** Where VPP's command line listens, on the machine of the router: `cli-listen` of its startup configuration. */
const coreSocket = '/run/vpp/core-cli.sock'

const core = operation<ImpContext>()({
  path: ['shell', 'core'],
  aliases: [['shell', 'vpp']],
  summary: "Open VPP's own shell, or run one command in it",
  description: 'Only of routers whose dataplane is VPP; the kernel has no shell but that of its namespace: imp shell dataplane.',
  effect: 'write',
  args: ['words'],
  input: z.strictObject({ words: z.array(z.string()).default([]).describe('one command of VPP instead of a shell'), ...where }),
  output: Output,
  examples: ['imp shell core', 'imp shell core show interface'],
  run: (context, { words, ...rest }) =>
    withTarget(context, rest, async (target) => {
      if ((await findRunning(target))?.config.dataplane !== 'vpp') {
        throw new Fault('unsupported', `${target.name} forwards by the Linux kernel: the core shell comes with the VPP dataplane`, {
          hint: 'imp shell dataplane opens a shell in its namespace, imp shell routing that of FRR',
        })
      }
      if ((await target.machine.files.stat(coreSocket)) === undefined)
        throw new Fault('state', `VPP does not run in ${target.name}`, { hint: 'imp status shows what does' })
      planned(context, [])
      return give(context, target.machine, ['vppctl', '-s', coreSocket, ...words], words.length > 0)
    }),
  view,
  exitStatus: ({ status }) => status,
})

export const operations: readonly AnyOperation<ImpContext>[] = [routing, dataplane, core]
