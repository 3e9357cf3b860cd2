/** The command `imp`. */
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

// Compiled code is kept where only its user can write: what is read from there runs with the user's rights. Everything is imported
// after this call, since only that is cached.
enableCompileCache(join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'imp', 'node'))

const [{ start }, { registry }, { makeContext }, { default: manifest }] = await Promise.all([
  import('@imp/kit/surface/cli.ts'),
  import('./registry.ts'),
  import('./context.ts'),
  import('../package.json', { with: { type: 'json' } }),
])
await start({ registry, version: manifest.version, makeContext })
