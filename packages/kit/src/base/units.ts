/** Bytes, durations and rates: how people write them and how we print them. */
import { Fault } from './fault.ts'

const durations = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** Milliseconds of `500ms`, `30s`, `5m`, `2h`, `1d`; throws an `input` fault. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  if (match === null) throw new Fault('input', `${JSON.stringify(text)} is not a duration`, { hint: 'write 500ms, 30s, 5m, 2h or 1d' })
  return Math.round(Number(match[1]) * durations[match[2] as keyof typeof durations])
}

/** `830 ms`, `4.2 s`, `3 m 20 s`, `2 h 5 m`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const minutes = Math.floor(ms / 60_000)
  if (minutes < 60) return `${minutes} m ${Math.round((ms % 60_000) / 1000)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`
}

/** Binary multiples (IEC 80000-13): `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]}`
}

const rates = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 } as const

/** Bits per second of `10mbit`, in tc's notation (man tc, RATES); throws an `input` fault. */
export function parseRate(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(bit|kbit|mbit|gbit)$/.exec(text)
  if (match === null) throw new Fault('input', `${JSON.stringify(text)} is not a rate`, { hint: 'write 800kbit, 10mbit or 1gbit' })
  return Math.round(Number(match[1]) * rates[match[2] as keyof typeof rates])
}
