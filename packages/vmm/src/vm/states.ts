/** In which state a machine is, from what was last done with it and what is seen now; pure. */
import type { Run, State } from './model.ts'

export interface Evidence {
  readonly run: Run | undefined
  readonly alive: boolean
  /** Boot of this computer that we are in. */
  readonly bootId: string
  /** The end of the console log of a machine that is dead. */
  readonly lastWords: string
}

export interface Judgement {
  readonly state: State
  readonly reason?: string
}

/** What Linux prints last when it ends on purpose (kernel/reboot.c). */
const ownEnd = /reboot: (Restarting system|Power down|System halted)/

function judgeDead({ run, bootId, lastWords }: Evidence & { run: Run }): Judgement {
  if (run.phase === 'starting') return { state: 'error', reason: 'its start was interrupted' }
  if (run.phase === 'error') return { state: 'error', ...(run.reason === undefined ? {} : { reason: run.reason }) }
  const ownWish = run.phase !== 'running' || run.bootId !== bootId || ownEnd.test(lastWords)
  return ownWish ? { state: 'stopped' } : { state: 'error', reason: 'its engine ended without being asked' }
}

/** The state that the evidence shows. */
export function judge(evidence: Evidence): Judgement {
  const { run, alive } = evidence
  if (alive) return { state: run?.phase === 'starting' || run?.phase === 'stopping' ? run.phase : 'running' }
  return run === undefined ? { state: 'created' } : judgeDead({ ...evidence, run })
}

/** Whether an engine process belongs to the state. */
export function isActive(state: State): boolean {
  return state === 'running' || state === 'starting' || state === 'stopping'
}
