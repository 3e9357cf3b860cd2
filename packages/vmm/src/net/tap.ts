/** Whether a TAP is free: a second engine on it would not start, with words that name no culprit. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'

const Links = z.array(
  z.looseObject({ flags: z.array(z.string()), linkinfo: z.looseObject({ info_kind: z.string().optional() }).optional() }),
)

/** A TAP has a carrier exactly while a process has it open (drivers/net/tun.c). Not seen of one that is down. */
async function isHeld(host: Host, tap: string): Promise<boolean> {
  const { status, stdout } = await host.query(['ip', '-j', '-d', 'link', 'show', 'dev', tap], { statuses: [0, 1] })
  if (status !== 0) return false
  const [link] = parse(Links, parseJson(stdout, 'ip link'), 'ip link')
  return link?.linkinfo?.info_kind === 'tun' && link.flags.includes('LOWER_UP')
}

/** Of a process that has ended meanwhile, or that is somebody else's, nothing is seen. */
async function unlessGone<T>(look: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await look
  } catch (error) {
    if (error instanceof Fault) return otherwise
    throw error
  }
}

/** Whether one of the files that a process has open is this TAP (`iff:` in /proc/PID/fdinfo/FD, drivers/net/tun.c). */
async function holds({ files }: Host, pid: string, tap: string): Promise<boolean> {
  const directory = `/proc/${pid}/fdinfo`
  for (const each of await unlessGone(files.list(directory), [])) {
    if (new RegExp(`^iff:\\s*${tap}$`, 'm').test(await unlessGone(files.read(`${directory}/${each}`), ''))) return true
  }
  return false
}

/** The processes that have a TAP of this name open: `1234 (qemu-system-x86)`. */
async function holders(host: Host, tap: string): Promise<string[]> {
  const pids = (await host.files.list('/proc')).filter((name) => /^\d+$/.test(name))
  const found = await Promise.all(pids.map(async (pid) => ((await holds(host, pid, tap)) ? [pid] : [])))
  return Promise.all(found.flat().map(async (pid) => `${pid} (${(await unlessGone(host.files.read(`/proc/${pid}/comm`), '?')).trim()})`))
}

/** A `conflict` fault that names the process which has the TAP open. One that is not there is free. */
export async function requireFreeTap(host: Host, tap: string): Promise<void> {
  if (!(await isHeld(host, tap))) return
  const found = await holders(host, tap)
  const who = found.length === 0 ? 'another process' : `process ${found.join(', ')}`
  throw new Fault('conflict', `${who} has the TAP ${tap} open`, { hint: 'end it, then try again' })
}
