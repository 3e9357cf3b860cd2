/** What happened to machines, one line each in `<data>/events.jsonl`; everybody may read it. */
import { join } from 'node:path'
import { z } from 'zod'
import { Name } from '@imp/kit/base/schema.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { journalAt } from '@imp/kit/store/journal.ts'
import type { VmmContext } from '../context.ts'
import { MachineId } from '../engine/model.ts'

type Where = Pick<VmmContext, 'host' | 'paths'>

export const MachineEvent = z.object({
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

/** Whether there is no file to add to, or too long a one. */
async function isDue(where: Where): Promise<boolean> {
  const present = await where.host.files.stat(pathOf(where))
  return present === undefined || present.size > longest
}

async function makeAnew(where: Where): Promise<void> {
  const { host, paths } = where
  const path = pathOf(where)
  if ((await host.files.stat(path)) !== undefined) await host.files.rename(path, `${path}.1`)
  await host.files.makeDirectory(paths.data)
  await host.files.write(path, '')
}

/**
 * Adds an event. One command at a time: another's file, new a moment ago, must not be put aside with what is in it, and half a line that
 * another is just writing must not be taken for what a crash has left.
 */
export async function noteEvent(where: Where, event: Omit<MachineEvent, 'time'>): Promise<void> {
  const { host, paths } = where
  await withLock(host.clock, join(paths.data, 'locks', 'events.lock'), { what: 'the events', timeout: 60_000 }, async () => {
    if (await isDue(where)) await makeAnew(where)
    await journalAt(pathOf(where)).append({ time: host.clock.now().toISOString(), ...event })
  })
}

/** Events from the oldest that is kept to the newest. */
export async function readEvents(where: Where): Promise<MachineEvent[]> {
  const path = pathOf(where)
  const records = [...(await journalAt(`${path}.1`).records()), ...(await journalAt(path).records())]
  // Kinds of events that a newer program knows are nothing that this one could tell.
  return records.flatMap((record) => MachineEvent.safeParse(record).data ?? [])
}
