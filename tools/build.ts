/**
 * Bundles the commands into dist/: `npm run build`. bin/imp and bin/vmm run the bundles while no source is younger than they are
 * (tools/start.sh); a package holds nothing else.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleCommands } from './build/bundle.ts'

const dist = join(import.meta.dirname, '../dist')
const fresh = `${dist}.${process.pid}`

mkdirSync(fresh)
try {
  // Its time is that of the beginning: what changes while we read makes the bundles stale.
  writeFileSync(join(fresh, 'stamp'), '')
  await bundleCommands(fresh)
  rmSync(dist, { recursive: true, force: true })
  renameSync(fresh, dist)
} finally {
  rmSync(fresh, { recursive: true, force: true })
}
