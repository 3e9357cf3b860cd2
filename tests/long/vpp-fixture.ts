/** Routers whose dataplane is VPP, a fake one unless told, for the long proofs. */
import { join } from 'node:path'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { targetIn } from '../real/pipeline-fixture.ts'

/** A target whose VPP listens in a directory below its own. */
export function vppTarget(namespace: string, directory: string): Target {
  return { ...targetIn(namespace, directory), vpp: { directory: join(directory, 'vpp') } }
}
