/**
 * Writes package-lock.json anew after a dependency changed: `node tools/lock.ts`. Names of platform packages that the lock file has
 * no entry for (other systems than Linux) are taken out of it, because `npm ci` refuses a lock file that names what it does not pin.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

interface Lock {
  packages: Record<string, { optionalDependencies?: Record<string, string> }>
}

execFileSync('npm', ['install', '--package-lock-only', '--no-fund', '--no-audit'], { stdio: 'inherit' })
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock
for (const entry of Object.values(lock.packages)) {
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    if (lock.packages[`node_modules/${name}`] === undefined) delete entry.optionalDependencies?.[name]
  }
}
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
