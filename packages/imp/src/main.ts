/** The command `imp`: one command line, or a session when nothing but the name is typed at a terminal. */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { isOwn, userDirectory } from '@imp/kit/host/home.ts'
import type { ImpContext } from './context.ts'

// Compiled code is kept where only its user can write: what is read from there runs with the user's rights. Everything else is imported
// after this call, since only that is cached.
const compiled = join(userDirectory('cache'), 'imp', 'node')
if (isOwn(compiled)) enableCompileCache(compiled)

const [{ start }, { registry, candidateLevels }, { makeContext }, { default: manifest }] = await Promise.all([
  import('@imp/kit/surface/cli.ts'),
  import('./registry.ts'),
  import('./context.ts'),
  import('../package.json', { with: { type: 'json' } }),
])
const program = { registry, version: manifest.version, makeContext }

/** Holds a session when there is a terminal for it; returns whether there was. */
async function heldSession(): Promise<boolean> {
  const [{ isTerminal }, { startSession }, { later }, { candidateMark }] = await Promise.all([
    import('@imp/kit/surface/repl/terminal.ts'),
    import('@imp/kit/surface/repl/repl.ts'),
    import('./later.ts'),
    import('./prompt.ts'),
  ])
  if (!isTerminal()) return false
  const history = join(userDirectory('state'), 'imp', 'history')
  // On the command line `apply` takes a file; alone in a session, where the candidate is at hand, it brings that into force.
  const alone = { apply: ['commit'] }
  const promptMark = (context: ImpContext) => candidateMark(registry, context)
  await startSession(program, { history, later, alone, levels: await candidateLevels(), promptMark })
  return true
}

if (process.argv.length > 2 || !(await heldSession())) await start(program)
