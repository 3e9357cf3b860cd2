/** The memory that deterministic NAT takes: VPP dies when it is not there, so it is counted before. Pure. */
import type { Things } from './desired.ts'

/** For every inside host 1000 sessions of 24 bytes, as soon as the map is added (VPP 25.06, nat/det44/det44.c, snat_det_add_map). */
const bytesPerHost = 24_000
const spare = 16 << 20

/** Bytes that the maps need which are not there yet. */
export function heapFor(have: Things, want: Things): number {
  const added = Object.keys(want.maps).filter((key) => have.maps[key] === undefined)
  return added.reduce((sum, key) => sum + 2 ** (32 - Number(/\/(\d+) /.exec(key)?.[1] ?? 32)) * bytesPerHost, 0)
}

export function fits(needed: number, free: number): boolean {
  return needed === 0 || needed + spare <= free
}

export function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20)
}

/** `free: 472.82M` of `show memory main-heap`, in bytes; there is no message for it. Endless when the text says nothing of it. */
export function freeHeapOf(text: string): number {
  const [, value, unit = ''] = /free: ([\d.]+)([KMG]?)/.exec(text) ?? []
  const scale = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[unit] ?? 1
  return value === undefined ? Number.POSITIVE_INFINITY : Number(value) * scale
}
