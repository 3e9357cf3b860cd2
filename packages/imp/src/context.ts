/** What every operation of `imp` receives. */
import { fileURLToPath } from 'node:url'
import type { OperationContext } from '@imp/kit/op/operation.ts'
import type { Argv } from '@imp/kit/host/host.ts'

export interface ImpContext extends OperationContext {
  /** How to call `vmm`, which manages the guests of labs: the start of its argument vector. */
  readonly vmm: Argv
  /** Directory of everything that lives until the next boot: `/run/imp`, with `lab/` and per-namespace run directories below. */
  readonly runDirectory: string
  /** Directory of what survives image upgrades: `/persistent/config`, or where the environment variable IMP_STATE_DIR points. */
  readonly stateDirectory: string
}

/** `vmm` of the same checkout under the same Node.js. Programs start with an empty environment, so its data directory is passed on. */
function vmmCommand(environment: NodeJS.ProcessEnv): Argv {
  const main = fileURLToPath(new URL('../../vmm/src/main.ts', import.meta.url))
  const command: Argv = [process.execPath, '--disable-warning=ExperimentalWarning', main]
  const data = environment['VMM_DATA_DIR']
  return data === undefined ? command : ['env', `VMM_DATA_DIR=${data}`, ...command]
}

/** Adds what `imp` knows: its directories and how to call `vmm`. */
export function makeContext(common: OperationContext): ImpContext {
  return {
    ...common,
    vmm: vmmCommand(process.env),
    runDirectory: process.env['IMP_RUN_DIR'] ?? '/run/imp',
    stateDirectory: process.env['IMP_STATE_DIR'] ?? '/persistent/config',
  }
}
