/** Runs machines on Firecracker, which needs KVM. */
import { join } from 'node:path'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { parseJson } from '@imp/kit/base/schema.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { findUnit, unitFiles } from '@imp/kit/host/supervise.ts'
import { unsupported } from '../check.ts'
import { scoped } from '../scope.ts'
import { ended, endUnit, requireTaps, socketPath, startEngine, unitName, untilEnded, untilListening } from '../unit.ts'
import type { Engine, Features, Limits, MachineFiles, Observed, PreparedMachine } from '../model.ts'
import { act, configuration, get, instanceState, send, versionOf } from './api.ts'
import { inspectBalloon, resizeBalloon } from './balloon.ts'
import { driveUpdate, interfaceUpdates } from './limits.ts'
import { FullConfiguration } from './types.ts'

export const firecrackerFeatures: Features = {
  accelerators: ['kvm'],
  userNetwork: false,
  diskFormats: ['raw'],
  // MAX_SUPPORTED_VCPUS in src/vmm/src/vmm_config/machine_config.rs.
  maxCpus: 32,
  // 19 legacy interrupts on x86 are for virtio devices (src/vmm/src/arch/x86_64/layout.rs); entropy takes one.
  maxDevices: 18,
  metadata: true,
  vsock: ['unix'],
  shutdownTimeout: 60_000,
}

/** Bytes of JSON that the metadata service holds: the documents of cloud-init, which are longer than the 50 KiB that it takes unless told. */
const mostMetadata = 1 << 23

/** Firecracker's own log, from its first line on; what the guest prints goes to its standard output, which is the unit's log. */
function ownLog(machine: MachineFiles): string {
  return join(machine.directory, 'firecracker.log')
}

/** Counters of the devices, a line of JSON each minute (docs/metrics.md in Firecracker). */
function metricsFile(machine: MachineFiles): string {
  return join(machine.directory, 'firecracker.metrics')
}

async function guestState(host: Host, machine: MachineFiles): Promise<Observed['guest']> {
  try {
    const state = await instanceState(host, socketPath(machine, 'api'), 2000)
    return state === 'Running' ? 'running' : state === 'Paused' ? 'paused' : 'unknown'
  } catch (error) {
    if (error instanceof Fault) return 'unknown'
    throw error
  }
}

/**
 * Whether the guest of a Firecracker that lives was started. A `timeout` fault when it does not answer: it may be busy with its guest, which
 * must not be lost for that.
 */
async function begun(host: Host, machine: MachineFiles, patience: number | undefined): Promise<boolean> {
  try {
    return (await instanceState(host, socketPath(machine, 'api'), patience)) !== 'Not started'
  } catch (error) {
    // It does not listen yet.
    if (error instanceof Fault && (error.code === 'not-found' || error.code === 'state')) return false
    throw error
  }
}

/** The words that start it. Its log is told here and not by the API, so that nothing of it stands in the guest's. */
function commandLine(program: Argv, machine: PreparedMachine): Argv {
  const log = ['--log-path', ownLog(machine), '--level', 'Warning', '--show-level']
  const sizes = machine.metadata === undefined ? [] : ['--http-api-max-payload-size', '--mmds-size-limit']
  const limits = sizes.flatMap((option) => [option, String(mostMetadata)])
  return [...program, '--id', `vmm-${machine.id}`, '--api-sock', socketPath(machine, 'api'), ...log, ...limits]
}

/** What the metadata service shall answer. */
async function metadataOf(host: Host, { metadata }: PreparedMachine): Promise<{ metadata?: unknown }> {
  return metadata === undefined ? {} : { metadata: parseJson(await host.files.read(metadata), metadata) }
}

async function changeLimits(host: Host, machine: MachineFiles, { disk, nics }: Limits): Promise<void> {
  const socket = socketPath(machine, 'api')
  const { drives } = await get(host, socket, '/vm/config', FullConfiguration)
  const requests = [...drives.map(({ drive_id: id }) => driveUpdate(id, disk)), ...interfaceUpdates(nics)]
  for (const request of requests) await send(host, socket, request)
}

/** Firecracker opens its files and, in older versions, does not make them. */
async function makeEmpty(host: Host, path: string): Promise<void> {
  await host.files.write(path, '', { mode: 0o600 })
}

async function configure(host: Host, engine: Engine, machine: PreparedMachine, socket: string): Promise<void> {
  try {
    const files = { metrics: metricsFile(machine), vsock: socketPath(machine, 'vsock') }
    await makeEmpty(host, files.metrics)
    const circumstances = { version: await versionOf(host, socket), ...(await metadataOf(host, machine)) }
    for (const request of configuration(machine, files, circumstances)) await send(host, socket, request)
    await act(host, socket, 'InstanceStart')
  } catch (error) {
    if ((await findUnit(host, machine.directory, unitName)) === undefined) throw await ended(host, engine, machine, 'Firecracker ended')
    throw new Fault(asFault(error).code, `${machine.name}: ${asFault(error).message}`, { detail: asFault(error).detail, cause: error })
  }
}

/** `patience` is how many milliseconds a Firecracker that lives gets to say whether its guest runs. */
export function firecrackerEngine(program: Argv = ['firecracker'], patience?: number): Engine {
  const engine: Engine = {
    name: 'firecracker',
    title: 'Firecracker',
    features: firecrackerFeatures,
    program,
    check: (machine) => unsupported(engine, machine),
    vsockTransport: () => Promise.resolve('unix'),
    resizeBalloon,
    inspectBalloon,
    changeLimits,
    log: ownLog,
    console: (machine) => {
      const files = unitFiles(machine.directory, unitName)
      return { log: files.log, input: files.input }
    },
    async start(host, machine) {
      const socket = socketPath(machine, 'api')
      if ((await findUnit(host, machine.directory, unitName)) !== undefined) {
        if (await begun(host, machine, patience)) return
        // Left half configured by a starter that was killed: the API has no way back, so it begins anew.
        await endUnit(host, machine)
      }
      // As root Firecracker makes a TAP that is missing, which then leads nowhere.
      await requireTaps(host, machine)
      // Firecracker refuses to start on sockets that a killed predecessor left behind.
      for (const path of [socket, socketPath(machine, 'vsock')]) await host.files.remove(path)
      await host.files.makeDirectory(machine.sockets, { mode: 0o700 })
      await host.files.makeDirectory(machine.directory, { mode: 0o700 })
      await makeEmpty(host, ownLog(machine))
      await startEngine(host, engine, machine, await scoped(host, machine, commandLine(program, machine)))
      await untilListening(host, engine, machine, socket)
      await configure(host, engine, machine, socket)
    },
    async stop(host, machine, how) {
      if (how === 'shutdown' && (await findUnit(host, machine.directory, unitName)) !== undefined) {
        await act(host, socketPath(machine, 'api'), 'SendCtrlAltDel')
        await untilEnded(host, machine, firecrackerFeatures.shutdownTimeout)
      }
      await endUnit(host, machine)
    },
    async inspect(host, machine) {
      const unit = await findUnit(host, machine.directory, unitName)
      return unit === undefined ? undefined : { pid: unit.pid, guest: await guestState(host, machine) }
    },
  }
  return engine
}
