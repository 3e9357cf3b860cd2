/** The memory that translation takes: VPP dies when it is not there, so it is counted before. Pure. */
import type { Things } from './desired.ts'

/** For every inside host 1000 sessions of 24 bytes, as soon as the map is added (VPP 25.06, nat/det44/det44.c, snat_det_add_map). */
const bytesPerHost = 24_000
/**
 * For every pool address a counter of 4 bytes for each port of four protocols (nat/nat64/nat64.h, nat64_address_t), which are copied to
 * a larger place as they grow in number.
 */
const bytesPerPoolAddress = 2.5 * 2 ** 20
const spare = 16 << 20

function bytesForPool(have: Things, want: Things): number {
  const wanted = Object.keys(want.poolAddresses)
  return wanted.every((address) => have.poolAddresses[address] !== undefined) ? 0 : wanted.length * bytesPerPoolAddress
}

/** Bytes that the maps and pool addresses need which are not there yet. */
export function heapFor(have: Things, want: Things): number {
  const added = Object.keys(want.maps).filter((key) => have.maps[key] === undefined)
  const pool = bytesForPool(have, want)
  return added.reduce((sum, key) => sum + 2 ** (32 - Number(/\/(\d+) /.exec(key)?.[1] ?? 32)) * bytesPerHost, pool)
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
