/** Findings as people speak of a candidate: `interfaces.wan.mtu`, where a file is read by its places, `interfaces[0].mtu`. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { jsonPath } from '@imp/kit/base/schema.ts'
import { namedPlace } from './paths-keys.ts'
import { parsePath } from './paths.ts'

function byName(document: unknown, path: string): string {
  if (path === '') return path
  try {
    const segments = parsePath(path)
    const named = namedPlace(document, segments)
    return isDeepStrictEqual(named, segments) ? path : jsonPath(named)
  } catch (error) {
    // Findings may name what is no place of the document, such as a file.
    if (error instanceof Fault && error.code === 'input') return path
    throw error
  }
}

/** The findings with the members of lists by their natural keys. Such paths are words for `set`, `delete` and `edit`. */
export function findingsByName(document: unknown, findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, path: byName(document, finding.path) }))
}
