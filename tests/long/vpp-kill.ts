/** An apply over VPP that dies by its own hand, for the tests that look at what is left. */
import { dirname, join } from 'node:path'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { machine } from '../real/pipeline-fixture.ts'

const child = join(import.meta.dirname, 'vpp-killed.ts')

/**
 * Applies `wanted.json` of the target's directory in a child, which kills itself at the record or message of this number. Whether it did,
 * or came to its end.
 */
export async function applyKilled(target: Target, number: number, moment: 'before' | 'after' | 'message'): Promise<boolean> {
  const directory = dirname(target.runDirectory)
  const words = [child, target.namespace ?? '', directory, join(directory, 'wanted.json'), String(number), moment]
  try {
    const env = { NODE_COMPILE_CACHE: join(directory, 'compiled') }
    await machine.run([process.execPath, '--disable-warning=ExperimentalWarning', ...words], { timeout: 120_000, env })
    return false
  } catch (error) {
    if (error instanceof Error && error.message.endsWith('was killed by SIGKILL')) return true
    throw error
  }
}
