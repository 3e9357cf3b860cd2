/** What every operation of `imp` receives. */
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
