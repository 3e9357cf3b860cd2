/** Waiting for a guest: first the line on its console, since early connections only meet a back-off, then its ssh. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { inNamespace } from '@imp/kit/host/namespace.ts'
import { until } from '@imp/kit/host/until.ts'
import type { Engine, MachineFiles } from '../engine/model.ts'
import type { Parts } from './parts.ts'

/** A stock Debian takes 40 seconds of processor time by translation; several at once on a busy computer take their time. */
const readyTimeout = 300_000
const sshTimeout = 120_000

async function lastWords(host: Host, parts: Parts, engine: Engine, machine: MachineFiles): Promise<string> {
  return parts.lastLines(host, engine.console(machine).log, 20)
}

function lineAfter(marker: string, text: string): string | undefined {
  const line = text.split(/\r?\n/).find((each) => each.startsWith(marker))
  return line?.slice(marker.length).trim()
}

async function textOf(host: Host, path: string): Promise<string> {
  return (await host.files.stat(path)) === undefined ? '' : host.files.read(path)
}

/** A fault with the guest's last words when the engine has ended, or holds the guest: nobody waits for what cannot come. */
async function requireAlive(host: Host, parts: Parts, engine: Engine, machine: MachineFiles): Promise<void> {
  const observed = await engine.inspect(host, machine)
  if (observed?.guest === 'paused') {
    throw new Fault('state', `${machine.name}: the guest stands still, since its disk cannot be written`, {
      hint: `free some space (df -h ${machine.directory})`,
    })
  }
  if (observed !== undefined) return
  throw new Fault('exec', `${machine.name}: ${engine.title} ended while the guest was starting`, {
    detail: await lastWords(host, parts, engine, machine),
  })
}

/** Waits for the line that says ready, or throws what the guest says is wrong. */
export async function untilReady(host: Host, parts: Parts, engine: Engine, machine: MachineFiles, signal: AbortSignal): Promise<void> {
  const { log } = engine.console(machine)
  const options = { timeout: readyTimeout, interval: 100, signal, what: `${machine.name}: the guest's start` }
  try {
    await until(host.clock, options, async () => {
      const text = await textOf(host, log)
      if (lineAfter(parts.markers.ready, text) === '') return true
      const failure = lineAfter(parts.markers.failed, text)
      if (failure !== undefined) throw new Fault('failed', `${machine.name}: the guest cannot start: ${failure}`)
      await requireAlive(host, parts, engine, machine)
      return false
    })
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'timeout') throw error
    throw new Fault('timeout', error.message, { detail: await lastWords(host, parts, engine, machine), cause: error })
  }
}

export interface SshServer {
  readonly address: string
  readonly port: number
  readonly namespace?: string | undefined
  /** Type and key that it must show. */
  readonly key: string
}

/** Waits until the guest's sshd shows the host key that we gave it. */
export async function untilSsh(
  host: Host,
  parts: Parts,
  engine: Engine,
  machine: MachineFiles,
  server: SshServer,
  signal: AbortSignal,
): Promise<void> {
  const seen = server.namespace === undefined ? host : inNamespace(host, server.namespace)
  await until(host.clock, { timeout: sshTimeout, interval: 200, signal, what: `${machine.name}: ssh` }, async () => {
    const { stdout } = await seen.query(['ssh-keyscan', '-T', '10', '-t', 'ed25519', '-p', String(server.port), server.address], {
      statuses: [0, 1],
      signal,
    })
    const shown = stdout.split('\n').find((line) => line !== '' && !line.startsWith('#'))
    if (shown?.endsWith(` ${server.key}`) === true) return true
    if (shown !== undefined) {
      throw new Fault('conflict', `${machine.name}: somebody else answers at ${server.address} port ${server.port}`, {
        hint: 'another program or machine has the address',
      })
    }
    await requireAlive(host, parts, engine, machine)
    return false
  })
}
