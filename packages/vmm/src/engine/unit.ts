/** What is common to the processes of all engines: their unit, their sockets, their last words, their end. */
import { join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { inNamespace } from '@imp/kit/host/namespace.ts'
import { findUnit, startUnit, stopUnit, unitFiles } from '@imp/kit/host/supervise.ts'
import { until } from '@imp/kit/host/until.ts'
import type { Engine, MachineFiles, PreparedMachine } from './model.ts'

/** Name of the unit of every engine process. */
export const unitName = 'engine'

/** sockaddr_un holds 108 bytes with the NUL at the end (unix(7)). */
const longestSocketPath = 107

/** The path of a socket; an `input` fault when the kernel could not take it. */
export function socketPath(machine: MachineFiles, name: string): string {
  const path = join(machine.sockets, `${name}.sock`)
  if (Buffer.byteLength(path) > longestSocketPath) {
    throw new Fault('input', `the path of the socket ${path} is longer than ${longestSocketPath} bytes`, {
      hint: 'choose a shorter data directory (VMM_DATA_DIR)',
    })
  }
  return path
}

/** The end of a text file, without what terminals would interpret; empty when it is not there. */
export async function lastLines(host: Host, path: string, lines: number): Promise<string> {
  if ((await host.files.stat(path)) === undefined) return ''
  const { stdout } = await host.query(['tail', '-n', String(lines), path])
  // oxlint-disable-next-line no-control-regex -- escape sequences of the guest must not reach the person's terminal
  return stdout.replaceAll(/\u001b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|.)|[^\n\t\x20-\x7e\u00a0-\uffff]/g, '').trim()
}

/** A fault with the engine's and the guest's last words. */
export async function ended(host: Host, engine: Engine, machine: MachineFiles, message: string): Promise<Fault> {
  const log = engine.log(machine)
  const printed = unitFiles(machine.directory, unitName).log
  const console = engine.console(machine).log
  const engineWords = await Promise.all([...new Set([log, printed])].map((path) => lastLines(host, path, 20)))
  const guestWords = console === printed ? '' : await lastLines(host, console, 20)
  const detail = [...engineWords, guestWords === '' ? '' : `console:\n${guestWords}`].filter((text) => text !== '').join('\n')
  return new Fault('exec', `${machine.name}: ${message}`, detail === '' ? {} : { detail })
}

/** Starts the process of an engine; a fault with its last words when it ends before it is known. */
export async function startEngine(host: Host, engine: Engine, machine: PreparedMachine, argv: Argv): Promise<void> {
  const namespace = machine.namespace === undefined ? {} : { namespace: machine.namespace }
  try {
    await startUnit(host, { name: unitName, directory: machine.directory, argv, ...namespace })
  } catch (error) {
    if (error instanceof Fault && error.code === 'exec') throw await ended(host, engine, machine, `${engine.title} ended at once`)
    throw error
  }
}

/** Whether somebody accepts connections on the socket: it may be bound and not listen yet. */
export async function listens(host: Host, path: string): Promise<boolean> {
  try {
    const stream = await host.dial(path)
    stream.destroy()
    return true
  } catch (error) {
    if (error instanceof Fault && (error.code === 'not-found' || error.code === 'state')) return false
    throw error
  }
}

/** Waits until the freshly started engine listens; a fault with its last words when it ends instead. */
export async function untilListening(host: Host, engine: Engine, machine: MachineFiles, path: string): Promise<void> {
  await until(host.clock, { timeout: 30_000, interval: 20, what: `${engine.title} of ${machine.name}` }, async () => {
    if (await listens(host, path)) return true
    if ((await findUnit(host, machine.directory, unitName)) === undefined) {
      throw await ended(host, engine, machine, `${engine.title} ended at once`)
    }
    return false
  })
}

/** Waits for the end of the engine's process; a `timeout` fault after `timeout` milliseconds. */
export async function untilEnded(host: Host, machine: MachineFiles, timeout: number): Promise<void> {
  await until(
    host.clock,
    { timeout, interval: 50, what: `${machine.name}: shutdown` },
    async () => (await findUnit(host, machine.directory, unitName)) === undefined,
  )
}

/** Ends the process, if it still is there, and takes away what it leaves behind besides logs. */
export async function endUnit(host: Host, machine: MachineFiles): Promise<void> {
  await stopUnit(host, machine.directory, unitName)
  await host.files.remove(machine.sockets)
}

/** Each TAP of the machine must be there: some engines would make what is missing, and guest and host would talk to nobody. */
export async function requireTaps(host: Host, machine: PreparedMachine): Promise<void> {
  const seen = machine.namespace === undefined ? host : inNamespace(host, machine.namespace)
  for (const nic of machine.nics) {
    if (nic.attachment !== 'tap') continue
    const found = await seen.query(['ip', 'link', 'show', 'dev', nic.tap], { statuses: [0, 1] })
    if (found.status !== 0) {
      throw new Fault('not-found', `${machine.name}: there is no TAP ${nic.tap} on ${seen.name}`, {
        hint: `make it with: ip tuntap add dev ${nic.tap} mode tap`,
        detail: found.stderr,
      })
    }
  }
}
