/**
 * Writes package-lock.json anew after a dependency changed: `node tools/lock.ts`. Names of platform packages that the lock file has
 * no entry for (other systems than Linux) are taken out of it, because `npm ci` refuses a lock file that names what it does not pin.
 * So are the `engines` of what is pinned: it runs with the Node.js of the dependencies, but npm compares them with the one that npm
 * itself runs with, and leaves optional packages out without a word.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

interface Lock {
  packages: Record<string, { optionalDependencies?: Record<string, string>; engines?: unknown }>
}

execFileSync('npm', ['install', '--package-lock-only', '--no-fund', '--no-audit'], { stdio: 'inherit' })
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock
for (const [path, entry] of Object.entries(lock.packages)) {
  if (path.startsWith('node_modules/')) delete entry.engines
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    if (lock.packages[`node_modules/${name}`] === undefined) delete entry.optionalDependencies?.[name]
  }
}
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
