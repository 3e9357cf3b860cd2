/** The packages of an image, from the lists that its package manager keeps. Pure. */
import type { Image } from './model.ts'
import { parseRecords } from './apt.ts'

/** Lists of dpkg, and of apk (apk-tools, `lib/apk/db/installed`: `P:` the name, `V:` the version). */
export const packageLists = { dpkg: 'var/lib/dpkg/status', apk: 'lib/apk/db/installed' } as const

/** What a dpkg status file says to be installed. */
export function dpkgPackages(status: string): Image['packages'] {
  return parseRecords(status)
    .filter((record) => record.get('Status')?.endsWith(' installed') === true)
    .map((record) => ({ name: record.get('Package') ?? '', version: record.get('Version') ?? '' }))
}

function apkPackages(installed: string): Image['packages'] {
  return installed.split(/\n\n+/).flatMap((record) => {
    const name = /^P:(.+)$/m.exec(record)?.[1]
    return name === undefined ? [] : [{ name, version: /^V:(.+)$/m.exec(record)?.[1] ?? '' }]
  })
}

/** Packages of any image; none where it has no list that we know. */
export function packagesAmong(contents: ReadonlyMap<string, Buffer>): Image['packages'] {
  const text = (path: string): string => contents.get(path)?.toString('utf8') ?? ''
  return [...dpkgPackages(text(packageLists.dpkg)), ...apkPackages(text(packageLists.apk))]
}
