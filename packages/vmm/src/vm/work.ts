/** What every change of a machine is given. */
import type { VmmContext } from '../context.ts'
import type { Vm } from './model.ts'
import type { Parts } from './parts.ts'

/** One machine, locked, with what is needed to change it. */
export interface Work {
  readonly context: VmmContext
  readonly parts: Parts
  readonly vm: Vm
}
