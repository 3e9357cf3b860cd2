/** What a machine uses of this computer. */
import { z } from 'zod'
import { Name } from '@imp/kit/base/schema.ts'

export const Usage = z.strictObject({
  name: Name,
  pid: z.int(),
  /** Hundredths of one processor of this computer, over the time between two looks. */
  cpuPercent: z.number(),
  cpus: z.int(),
  /** Bytes of memory that are in use, and that it may have. */
  memory: z.int(),
  memoryLimit: z.int(),
  /** Bytes of its own disk that are filled, and that it may fill. */
  disk: z.int(),
  diskLimit: z.int(),
  /** Bytes read from and written to disks since it was started; null where only root may see them. */
  diskRead: z.int().nullable(),
  diskWritten: z.int().nullable(),
  /** Bytes that the guest received and sent; null without a TAP of ours. */
  received: z.int().nullable(),
  sent: z.int().nullable(),
})
export type Usage = z.output<typeof Usage>

/** Clock ticks that a process has used: utime and stime of /proc/PID/stat (proc(5), fields 14 and 15). */
export function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** A number of a file of `name: value` lines, such as /proc/PID/status and io. */
export function numberOf(text: string, name: string): number | undefined {
  const value = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]
  return value === undefined ? undefined : Number(value)
}

/** Ticks in a second: USER_HZ is 100 on all that Linux runs on (sysconf(3), _SC_CLK_TCK). */
const ticksPerSecond = 100

/** Hundredths of a processor that `ticks` in `milliseconds` are. */
export function percentOf(ticks: number, milliseconds: number): number {
  if (milliseconds <= 0) return 0
  return Math.round((Math.max(0, ticks) / ticksPerSecond / (milliseconds / 1000)) * 1000) / 10
}
