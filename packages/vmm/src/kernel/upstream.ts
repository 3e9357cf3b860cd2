/** Releases of Linux itself, as kernel.org has them: tarballs beside a list of their checksums. */
import { Fault } from '@imp/kit/base/fault.ts'

/** Where releases are unless the settings name another place. The list of checksums is trusted as far as whoever serves it. */
export const kernelMirror = 'https://cdn.kernel.org/pub/linux/kernel'

/** The directory of a version, and the list in it. */
export function checksumsOf(mirror: string, version: string): string {
  return `${mirror.replace(/\/+$/, '')}/v${version.split('.')[0]}.x/sha256sums.asc`
}

export interface Release {
  readonly version: string
  readonly url: string
  readonly sha256: string
}

const line = /^([0-9a-f]{64}) {2}(linux-(\d+\.\d+(?:\.\d+)?)\.tar\.xz)$/gm

const patchOf = (version: string): number => Number(version.split('.')[2] ?? 0)

/** The release of that version, or the newest of the series that it names; `not-found` when the list has none. */
export function chooseRelease(list: string, address: string, version: string): Release {
  const all = [...list.matchAll(line)].map(([, sha256 = '', name = '', found = '']) => ({
    version: found,
    url: new URL(name, address).href,
    sha256,
  }))
  const series = version.split('.').length === 2
  const fitting = all.filter((each) => each.version === version || (series && each.version.startsWith(`${version}.`)))
  const [newest] = fitting.toSorted((a, b) => patchOf(b.version) - patchOf(a.version))
  if (newest === undefined) throw new Fault('not-found', `${address} has no Linux ${version}`)
  return newest
}
