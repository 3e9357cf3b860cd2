/** The tree of files that becomes a package. */
import { chmodSync, copyFileSync, lutimesSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A file of the package: its path from the root of the system, and what it is. */
export type PackageFile = { readonly path: string; readonly mode?: number } & (
  | { readonly content: string | Buffer }
  | { readonly copy: string }
  | { readonly link: string }
)

export function writeTree(tree: string, files: readonly PackageFile[]): void {
  for (const file of files) {
    const path = join(tree, file.path)
    mkdirSync(dirname(path), { recursive: true })
    if ('link' in file) symlinkSync(file.link, path)
    else if ('copy' in file) copyFileSync(file.copy, path)
    else writeFileSync(path, file.content)
    if (!('link' in file)) chmodSync(path, file.mode ?? 0o644)
  }
}

/** Everything below a directory, by paths from it, in the order of the paths. */
export function entriesOf(tree: string): string[] {
  return readdirSync(tree, { recursive: true, encoding: 'utf8' }).toSorted()
}

/** Bytes of all files. */
export function sizeOf(tree: string): number {
  return entriesOf(tree).reduce((sum, path) => sum + lstatSync(join(tree, path)).size, 0)
}

/** Gives everything the same time, and directories the rights that all have whatever our umask is. */
export function setTimes(tree: string, epoch: number): void {
  for (const path of [...entriesOf(tree).map((each) => join(tree, each)), tree].toReversed()) {
    if (lstatSync(path).isDirectory()) chmodSync(path, 0o755)
    lutimesSync(path, epoch, epoch)
  }
}
