/** Where the processes of a VPP dataplane are reached. */
import { join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv } from '@imp/kit/host/host.ts'
import { until } from '@imp/kit/host/until.ts'
import { instanceUnit, type VppInstance } from '../../appliance/model.ts'
import type { DataplanePlace } from '../dataplane.ts'
import { openVpp, type VppClient } from './api/client.ts'
import { defaultDirectory } from './live/settle.ts'

/** Milliseconds for a process to come back: it reads its start-up file and allocates its memory. */
const startTimeout = 30_000

export function directoryOf(place: DataplanePlace): string {
  return place.vpp?.directory ?? defaultDirectory
}

export function socketOf(place: DataplanePlace, instance: VppInstance): string {
  return join(directoryOf(place), `${instance}-api.sock`)
}

/** The command that starts a process anew. */
export function restartCommand(place: DataplanePlace, instance: VppInstance): Argv {
  return place.vpp?.restart?.[instance] ?? ['systemctl', 'restart', instanceUnit(instance)]
}

export function connect(place: DataplanePlace, instance: VppInstance): Promise<VppClient> {
  return openVpp(place.machine, { name: instance, socket: socketOf(place, instance) })
}

function isAbsent(error: unknown): boolean {
  return error instanceof Fault && (error.code === 'not-found' || error.code === 'state')
}

/** Connects, or undefined when the process does not run. */
export async function connectIfThere(place: DataplanePlace, instance: VppInstance): Promise<VppClient | undefined> {
  try {
    return await connect(place, instance)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** Asks a process; a `state` fault when it does not run. */
export async function withVpp<T>(place: DataplanePlace, instance: VppInstance, use: (vpp: VppClient) => Promise<T>): Promise<T> {
  const client = await connectIfThere(place, instance)
  if (client === undefined) throw notRunning(place, instance)
  try {
    return await use(client)
  } finally {
    client.close()
  }
}

/** Connects as soon as the process answers: it may be coming back. A `state` fault when it does not. */
export async function connectSoon(place: DataplanePlace, instance: VppInstance): Promise<VppClient> {
  const what = `the answer of VPP (${instance})`
  try {
    return await until(place.machine.clock, { timeout: startTimeout, interval: 100, what }, async () => {
      try {
        return await connect(place, instance)
      } catch (error) {
        // A process that is dying, or not quite there yet, breaks the connection.
        if (isAbsent(error) || (error instanceof Fault && error.code === 'exec')) return undefined
        throw error
      }
    })
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'timeout') throw error
    throw notRunning(place, instance)
  }
}

export function notRunning(place: DataplanePlace, instance: VppInstance): Fault {
  return new Fault('state', `VPP (${instance}) does not run: nobody answers on ${socketOf(place, instance)}`, {
    hint: `systemctl status vpp-${instance} and its log say why`,
  })
}
