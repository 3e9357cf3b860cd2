/**
 * Files that sources name beside themselves, `new URL('relay.ts', import.meta.url)`: programs that run in processes of their own, and
 * scripts for guests. In the bundles everything stands in one directory, so that names are derived from the places of the sources.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

export interface OwnFile {
  /** Absolute path of the source. */
  readonly source: string
  /** Name below the directory of the bundles, without the ending of programs. */
  readonly name: string
  /** Programs are bundled, other files copied. */
  readonly program: boolean
}

const reference = /new URL\('([^']+)', import\.meta\.url\)/g
const anyReference = /import\.meta\.(url|dirname|filename|resolve)/

function ownFile(packages: string, source: string): OwnFile {
  const place = relative(packages, source).replace('/src/', '/')
  const program = source.endsWith('.ts')
  if (/^\w+\/main\.ts$/.test(place)) return { source, name: dirname(place), program }
  return { source, name: program ? place.slice(0, -'.ts'.length).replaceAll('/', '-') : `files/${place}`, program }
}

/** The files that a source names; throws for a reference in another form, which a bundle would lose. */
export function ownFilesOf(packages: string, path: string): OwnFile[] {
  const text = readFileSync(path, 'utf8')
  const files = [...text.matchAll(reference)].map(([, name = '']) => ownFile(packages, join(dirname(path), name)))
  if (anyReference.test(text.replaceAll(reference, ''))) {
    throw new Error(`${path}: name files as new URL('<literal>', import.meta.url), so that they are found in the bundles too`)
  }
  return files
}

/** The text of a source with its references turned to where those files are beside the bundle. */
export function withBundledReferences(packages: string, path: string): string {
  return readFileSync(path, 'utf8').replaceAll(reference, (_, name: string) => {
    const file = ownFile(packages, join(dirname(path), name))
    return `new URL('./${file.name}${file.program ? '.mjs' : ''}', import.meta.url)`
  })
}
