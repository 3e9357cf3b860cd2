/** The time for which a person schedules a commit. Pure but for the time zone of the machine. */
import { Fault } from '@imp/kit/base/fault.ts'
import { parseDuration } from '@imp/kit/base/units.ts'

const day = 86_400_000

function clockTime(hours: number, minutes: number, now: Date): Date {
  const today = new Date(now)
  today.setHours(hours, minutes, 0, 0)
  if (today.getTime() > now.getTime()) return today
  // By the calendar, since the day on which summer time begins or ends has not 24 hours.
  const tomorrow = new Date(now.getTime())
  tomorrow.setDate(tomorrow.getDate() + 1)
  tomorrow.setHours(hours, minutes, 0, 0)
  return tomorrow
}

function meant(text: string, now: Date): Date | undefined {
  if (text.startsWith('+')) return new Date(now.getTime() + parseDuration(text.slice(1)))
  const [, hours, minutes] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  if (hours !== undefined) return clockTime(Number(hours), Number(minutes), now)
  // Without a zone it is not clear which time is meant (RFC 3339 5.6).
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)) return undefined
  const time = new Date(text)
  return Number.isNaN(time.getTime()) ? undefined : time
}

/** The time that `03:00` (the next one of the machine's clock), `+2h` or `2026-03-01T03:00:00Z` means; an `input` fault for others. */
export function parseTime(text: string, now: Date): Date {
  const time = meant(text, now)
  if (time === undefined) {
    throw new Fault('input', `${JSON.stringify(text)} is not a time`, { hint: 'write 03:00, +2h or 2026-03-01T03:00:00+01:00' })
  }
  if (time.getTime() <= now.getTime()) throw new Fault('input', `${time.toISOString()} is over`, { hint: `it is ${now.toISOString()} now` })
  if (time.getTime() > now.getTime() + 365 * day) throw new Fault('input', `${time.toISOString()} is more than a year away`)
  return time
}
