/** The command `vmm`. */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { isOwn, userDirectory } from '@imp/kit/host/home.ts'

// Compiled code is kept where only its user can write: what is read from there runs with the user's rights. Everything else is imported
// after this call, since only that is cached.
const compiled = join(userDirectory('cache'), 'vmm', 'node')
if (isOwn(compiled)) enableCompileCache(compiled)

const [{ start }, { registry }, { makeContext }, { default: manifest }] = await Promise.all([
  import('@imp/kit/surface/cli.ts'),
  import('./registry.ts'),
  import('./context.ts'),
  import('../package.json', { with: { type: 'json' } }),
])
await start({ registry, version: manifest.version, makeContext })
