/** Operations on the devices of machines: memory that a balloon takes, limits of what they move, and talks by vsock. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { Name } from '@imp/kit/base/schema.ts'
import { table } from '@imp/kit/base/text.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../context.ts'
import { running } from '../console/ops.ts'
import { BalloonMemory, VsockPort } from '../engine/model.ts'
import { connectVsock, vsockPath } from '../engine/vsock.ts'
import { planBalloon, planLimits } from '../vm/change-devices.ts'
import { changeMachines } from '../vm/change.ts'
import { carryOutStop } from '../vm/lifecycle.ts'
import { MachineWord, type Vm } from '../vm/model.ts'
import { filesOf, observe } from '../vm/observe.ts'
import { namesOf, partsOf } from '../vm/ops.ts'
import { findRun, getMachine } from '../vm/store.ts'
import { converse } from './conversation.ts'
import { BalloonSize, LimitWord, RateLimits, RateWord, readLimits, writeLimits } from './model.ts'

const NameOfMachine = MachineWord.describe('name, id or address of the machine')

const BalloonView = z.strictObject({
  name: Name,
  /** MiB that the balloon shall take; null without a balloon. */
  size: BalloonSize.nullable(),
  /** Null when the machine does not run. */
  memory: BalloonMemory.nullable(),
})
type BalloonView = z.output<typeof BalloonView>

async function balloonOf(context: VmmContext, vm: Vm): Promise<BalloonView> {
  const parts = partsOf(context)
  const { run, observed } = await observe(context, parts, vm)
  const { name, balloon: size = null } = vm
  if (size === null || run === undefined || observed === undefined) return { name, size, memory: null }
  return { name, size, memory: await parts.engine(run.engine).inspectBalloon(context.host, filesOf(context, vm)) }
}

function drawBalloon({ name, size, memory }: BalloonView): string {
  if (size === null) return `${name} has no balloon; give it one while it does not run with: vmm balloon ${name} 0`
  const wanted = `the balloon of ${name} shall take ${size} MiB`
  if (memory === null) return wanted
  const bytes = (value: number | null): string => (value === null ? 'not told' : formatBytes(value))
  const { balloon: taken, total, free, available, caches } = memory
  const rows = [
    ['balloon', `${bytes(taken)} of ${formatBytes(size * (1 << 20))}`],
    ...(
      [
        ['total', total],
        ['free', free],
        ['available', available],
        ['caches', caches],
      ] as const
    ).map(([label, value]) => [label, bytes(value)]),
  ]
  return [`${wanted}:`, ...table(rows)].join('\n')
}

const balloon = operation<VmmContext>()({
  path: ['balloon'],
  summary: 'Set how much memory a balloon takes from a machine, or show what it takes',
  description:
    'What the balloon takes from the guest, this computer has. A running machine gives it at once as far as it can, and gets back what it needs before it runs out of memory. The balloon is there from the start on: vmm create --balloon 0, or this command while the machine does not run.',
  effect: 'write',
  args: ['name', 'size'],
  input: z.strictObject({
    name: NameOfMachine,
    size: BalloonSize.optional().describe('MiB that the balloon shall take; only shown unless told'),
  }),
  output: BalloonView,
  examples: ['vmm balloon web1 128', 'vmm balloon web1 0', 'vmm balloon web1'],
  complete: { name: namesOf },
  async run(context, { name, size }) {
    if (size === undefined) return balloonOf(context, await getMachine(context, name))
    const plan = { done: 'changed', plan: (work: Parameters<typeof planBalloon>[0]) => planBalloon(work, size), carryOut: carryOutStop }
    const [changed = name] = await changeMachines(context, partsOf(context), [name], plan)
    return balloonOf(context, await getMachine(context, changed))
  },
  view: drawBalloon,
})

const rateLimit = operation<VmmContext>()({
  path: ['rate-limit'],
  summary: 'Limit what a machine reads, writes, sends and receives',
  description:
    'What is not said stays as it is; none takes a limit away. It holds at once for a machine that runs, and at its next starts.',
  effect: 'write',
  args: ['name'],
  input: z.strictObject({
    name: NameOfMachine,
    diskBandwidth: LimitWord.optional().describe('MiB in a second that each disk may move, or none'),
    diskIops: LimitWord.optional().describe('requests in a second to each disk, or none'),
    netBandwidth: RateWord.optional().describe('rate of each interface on a network of vmm, each way, or none'),
  }),
  output: z.strictObject({ name: Name, rateLimits: RateLimits }),
  examples: ['vmm rate-limit web1 --disk-bandwidth 50 --disk-iops 500', 'vmm rate-limit web1 --net-bandwidth 100mbit'],
  complete: { name: namesOf },
  async run(context, { name, ...words }) {
    if (Object.values(words).every((word) => word === undefined)) {
      throw new Fault('input', 'say what to limit', { hint: 'such as --disk-bandwidth 50; vmm show tells the limits of a machine' })
    }
    const [changed = name] = await changeMachines(context, partsOf(context), [name], {
      done: 'changed',
      plan: (work) => planLimits(work, readLimits(work.vm.rateLimits ?? {}, words)),
      carryOut: carryOutStop,
    })
    const vm = await getMachine(context, changed)
    return { name: vm.name, rateLimits: vm.rateLimits ?? {} }
  },
  view: ({ name, rateLimits }) => `${name}: ${writeLimits(rateLimits) || 'no limits'}`,
})

const noVsock = (name: string): Fault =>
  new Fault('state', `${name} runs without a vsock`, { hint: 'a machine has one from its creation on: vmm create --vsock' })

/** Talks by the host's own AF_VSOCK, which Node.js has no word for. Returns the exit status of what does. */
async function talkByHost({ host }: VmmContext, cid: number, port: number): Promise<number> {
  return host.attach(['socat', '-', `VSOCK-CONNECT:${cid}:${port}`])
}

const connect = operation<VmmContext>()({
  path: ['vsock', 'connect'],
  summary: 'Talk to a port of a machine by vsock, with our standard input and output',
  description:
    "A program in the guest listens at the port of its family AF_VSOCK, such as socat VSOCK-LISTEN:5000 STDOUT. No network is needed. The guest ends the conversation, or ctrl-c does: Firecracker cannot tell a guest that the input has ended. QEMU needs the module vhost_vsock of this computer's kernel for it, and socat here; Firecracker needs neither.",
  effect: 'write',
  args: ['name', 'port'],
  input: z.strictObject({
    name: NameOfMachine,
    port: VsockPort.describe('port in the guest'),
  }),
  output: z.strictObject({ status: z.int() }),
  examples: ['vmm vsock connect db1 5000'],
  complete: { name: namesOf },
  async run(context, { name, port }) {
    const { vm, engine } = await running(context, name)
    const transport = (await findRun(context, vm.id))?.vsockTransport
    if (vm.vsock === undefined || transport === undefined) throw noVsock(vm.name)
    if (transport === 'serial') {
      const socket = vsockPath(filesOf(context, vm), transport)
      throw new Fault('unsupported', `${vm.name} was started without vsock: this computer had no /dev/vhost-vsock for ${engine.title}`, {
        hint: `load it with: modprobe vhost_vsock, and: vmm restart ${vm.name}; until then ${socket} leads to /dev/virtio-ports/vmm in the guest`,
      })
    }
    planned(context, [])
    if (transport === 'vhost') return { status: await talkByHost(context, vm.vsock.cid, port) }
    const stream = await connectVsock(context.host, filesOf(context, vm), transport, port)
    await converse(stream, { input: process.stdin, output: process.stdout }, context.signal)
    return { status: 0 }
  },
  view: () => '',
  exitStatus: ({ status }) => status,
})

export const operations: readonly AnyOperation<VmmContext>[] = [balloon, rateLimit, connect]
