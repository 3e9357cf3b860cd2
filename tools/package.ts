/**
 * Makes dist/imp_<version>_<architecture>.deb: `npm run package`. It holds the bundles, the Node.js that runs them, completions and manual
 * pages, and needs nothing of this checkout. The same commit gives the same bytes (SOURCE_DATE_EPOCH, reproducible-builds.org).
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleCommands, version } from './build/bundle.ts'
import { controlFiles } from './package/control.ts'
import { documentationOf, programsOf } from './package/contents.ts'
import { setTimes, sizeOf, writeTree } from './package/tree.ts'

const root = join(import.meta.dirname, '..')

/** Seconds since 1970 that all files get: as told, or the time of the commit. */
function sourceDate(): number {
  const told = process.env['SOURCE_DATE_EPOCH']
  return Number(told ?? execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim())
}

/** Writes the package into a directory; returns its path. */
export async function makePackage(directory: string): Promise<string> {
  const architecture = execFileSync('dpkg', ['--print-architecture'], { encoding: 'utf8' }).trim()
  const made = { version: version(), architecture, epoch: sourceDate() }
  const tree = mkdtempSync(join(tmpdir(), 'imp-package-'))
  try {
    const libraries = await bundleCommands(join(tree, 'usr/lib/imp'))
    writeTree(tree, [...programsOf(root), ...(await documentationOf(made, libraries))])
    writeTree(tree, controlFiles(tree, made, sizeOf(tree)))
    setTimes(tree, made.epoch)
    mkdirSync(directory, { recursive: true })
    const file = join(directory, `imp_${made.version}_${architecture}.deb`)
    // One thread and a level of its own: what comes out must not depend on the machine.
    const words = ['--root-owner-group', '-Zzstd', '-z10', '--threads-max=1', '--build', tree, file]
    execFileSync('dpkg-deb', words, {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(made.epoch) },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    return file
  } finally {
    rmSync(tree, { recursive: true, force: true })
  }
}

if (import.meta.main) console.log(await makePackage(process.argv[2] ?? join(root, 'dist')))
