/** Routers whose dataplane is VPP, a fake one unless told, for the long proofs. */
import { join } from 'node:path'
import type { Argv } from '../../packages/kit/src/host/host.ts'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { targetIn } from '../real/pipeline-fixture.ts'

/** What starts the process of a module anew: whoever listens on a socket beside that of its API. */
const restartProgram = "require('node:net').connect(process.argv[1]).on('end', () => process.exit()).resume()"

/** Path of the socket on which a test is asked to start a process anew. */
export function restartSocket({ vpp }: Pick<Target, 'vpp'>, instance: string): string {
  return join(vpp?.directory ?? '', `${instance}-restart.sock`)
}

/** A target whose VPP listens in a directory below its own. */
export function vppTarget(namespace: string, directory: string): Target {
  const vpp = { directory: join(directory, 'vpp') }
  const relay: Argv = [process.execPath, '-e', restartProgram, restartSocket({ vpp }, 'relay')]
  return { ...targetIn(namespace, directory), vpp: { ...vpp, restart: { relay } } }
}
