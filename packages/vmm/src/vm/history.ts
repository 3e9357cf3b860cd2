/** What happened to machines, one line each in `<data>/events.jsonl`; everybody may read it. */
import { join } from 'node:path'
import { z } from 'zod'
import { Name } from '@imp/kit/base/schema.ts'
import { journalAt } from '@imp/kit/store/journal.ts'
import type { VmmContext } from '../context.ts'
import { MachineId } from '../engine/model.ts'

type Where = Pick<VmmContext, 'host' | 'paths'>

export const MachineEvent = z.strictObject({
  time: z.iso.datetime(),
  name: Name,
  id: MachineId,
  event: z.enum(['created', 'starting', 'running', 'stopping', 'stopped', 'error', 'deleted']),
  reason: z.string().optional(),
})
export type MachineEvent = z.output<typeof MachineEvent>

/** Bytes after which the file is put aside as `events.jsonl.1`, so that both together take twice as much at most. */
const longest = 1 << 20

function pathOf({ paths }: Where): string {
  return join(paths.data, 'events.jsonl')
}

/** Adds an event. */
export async function noteEvent(where: Where, event: Omit<MachineEvent, 'time'>): Promise<void> {
  const { host, paths } = where
  const path = pathOf(where)
  const present = await host.files.stat(path)
  if (present !== undefined && present.size > longest) await host.files.rename(path, `${path}.1`)
  if (present === undefined || present.size > longest) {
    await host.files.makeDirectory(paths.data)
    await host.files.write(path, '')
  }
  await journalAt(path).append({ time: host.clock.now().toISOString(), ...event })
}

/** Events from the oldest that is kept to the newest. */
export async function readEvents(where: Where): Promise<MachineEvent[]> {
  const path = pathOf(where)
  const records = [...(await journalAt(`${path}.1`).records()), ...(await journalAt(path).records())]
  return records.map((record) => MachineEvent.parse(record))
}
