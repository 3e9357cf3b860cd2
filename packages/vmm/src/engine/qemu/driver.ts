/** Runs machines on QEMU's `microvm`: on KVM, and without it by translation (TCG), which every computer can. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { findUnit, unitFiles } from '@imp/kit/host/supervise.ts'
import { until } from '@imp/kit/host/until.ts'
import { unsupported } from '../check.ts'
import { scoped } from '../scope.ts'
import { ended, endUnit, requireTaps, socketPath, startEngine, unitName, untilEnded, untilListening } from '../unit.ts'
import type { Engine, Features, MachineFiles, Observed, PreparedMachine, VsockTransport } from '../model.ts'
import { consoleLog, qemuArgv } from './argv.ts'
import { inspectBalloon, resizeBalloon } from './balloon.ts'
import { changeForwards } from './forwards.ts'
import { changeLimits, clearLimits, limitDisks, limitNics } from './limits.ts'
import { withQmp } from './qmp.ts'

export const qemuFeatures: Features = {
  accelerators: ['kvm', 'tcg'],
  userNetwork: true,
  diskFormats: ['raw', 'qcow2'],
  maxCpus: 32,
  // `microvm` has 24 virtio-mmio slots with a second I/O APIC (ioapic2=on; hw/i386/microvm.c); the random number generator takes one.
  maxDevices: 23,
  metadata: false,
  vsock: ['vhost', 'serial'],
  shutdownTimeout: 60_000,
}

/** Opening it is what QEMU itself does; where the module is missing, or for others than its group, there is none. */
async function vsockTransport(host: Host): Promise<VsockTransport> {
  const { status } = await host.query(['test', '-w', '/dev/vhost-vsock'], { statuses: [0, 1] })
  return status === 0 ? 'vhost' : 'serial'
}

/** What QEMU is told after its start; may be repeated. */
async function settle(host: Host, machine: PreparedMachine): Promise<void> {
  if (machine.diskLimit !== undefined) await limitDisks(host, machine, machine.diskLimit)
  if (machine.balloon !== undefined && machine.balloon > 0) await resizeBalloon(host, machine, machine.balloon)
}

const Status = z.looseObject({ status: z.string() })

/** ctrl-alt-delete, which the guest's init takes as the wish to end (inittab(5), systemd's ctrl-alt-del.target). */
const ctrlAltDelete = { keys: ['ctrl', 'alt', 'delete'].map((data) => ({ type: 'qcode', data })) }

async function guestState(host: Host, machine: MachineFiles): Promise<Observed['guest']> {
  try {
    const answer = await withQmp(host, socketPath(machine, 'qmp'), (qmp) => qmp.execute('query-status'), 2000)
    const { status } = parse(Status, answer, 'query-status')
    // QEMU holds a guest whose disk could not be written, as when ours is full (werror=enospc, qemu(1)).
    const stands = status === 'paused' || status === 'io-error'
    return status === 'running' ? 'running' : stands ? 'paused' : 'unknown'
  } catch (error) {
    // Another client may hold the monitor, or the process may just be ending: that it lives is known without it.
    if (error instanceof Fault) return 'unknown'
    throw error
  }
}

async function inspect(host: Host, machine: MachineFiles): Promise<Observed | undefined> {
  const unit = await findUnit(host, machine.directory, unitName)
  return unit === undefined ? undefined : { pid: unit.pid, guest: await guestState(host, machine) }
}

export function qemuEngine(program: Argv = ['qemu-system-x86_64']): Engine {
  const engine: Engine = {
    name: 'qemu',
    title: 'QEMU',
    features: qemuFeatures,
    program,
    check: (machine) => unsupported(engine, machine),
    inspect,
    changeForwards,
    vsockTransport,
    resizeBalloon,
    inspectBalloon,
    changeLimits,
    log: (machine) => unitFiles(machine.directory, unitName).log,
    console: (machine) => ({ log: consoleLog(machine.directory), socket: socketPath(machine, 'console') }),
    async start(host, machine) {
      const argv = qemuArgv(program, machine)
      await requireTaps(host, machine)
      await limitNics(host, machine, machine.nics, true)
      await host.files.makeDirectory(machine.sockets, { mode: 0o700 })
      await startEngine(host, engine, machine, await scoped(host, machine, argv))
      await untilListening(host, engine, machine, socketPath(machine, 'qmp'))
      // Its socket listens before kernel, disks and ports are opened; it answers when all that is done.
      await until(host.clock, { timeout: 30_000, interval: 20, what: `${engine.title} of ${machine.name}` }, async () => {
        if ((await guestState(host, machine)) === 'running') return true
        if ((await findUnit(host, machine.directory, unitName)) === undefined)
          throw await ended(host, engine, machine, 'QEMU ended at once')
        return false
      })
      await settle(host, machine)
    },
    async stop(host, machine, how) {
      if (how === 'shutdown' && (await findUnit(host, machine.directory, unitName)) !== undefined) {
        await withQmp(host, socketPath(machine, 'qmp'), (qmp) => qmp.execute('send-key', ctrlAltDelete))
        await untilEnded(host, machine, qemuFeatures.shutdownTimeout)
      }
      await endUnit(host, machine)
      await clearLimits(host, machine)
    },
  }
  return engine
}
