/** What a commit needs of the router that it changes. */
import type { Step } from '@imp/kit/plan/step.ts'
import type { RouterConfig } from '../config/model.ts'
import type { Overrides } from '../overrides/model.ts'
import type { Health } from './health.ts'

/** What a change would do. */
export interface RouterPlan {
  /** Empty when the router is as configured. */
  readonly steps: readonly Step[]
  /** Each step in words, with what it disturbs. */
  readonly effects: readonly string[]
  /** Whom it touches: `touches 2 BGP peers, ...`. */
  readonly summary: string
}

export const nothingPlanned: RouterPlan = { steps: [], effects: [], summary: '' }

export interface Router {
  /** For messages: `namespace dataplane`. */
  readonly name: string
  /** The configuration that it was last made to have; undefined before the first. */
  running(): Promise<RouterConfig | undefined>
  /** Looks at what would change. */
  plan(config: RouterConfig): Promise<RouterPlan>
  /** Drop-ins of the operator that it was last made to have. */
  overrides(): Promise<Overrides>
  /**
   * All of it or nothing; a fault says why nothing, the signal among the reasons. With drop-ins of an earlier time when it goes back to
   * them, else with those of now.
   */
  apply(config: RouterConfig, overrides?: Overrides, signal?: AbortSignal): Promise<void>
  /** Undoes what a dead command left in its middle. */
  recover(): Promise<void>
  look(config: RouterConfig): Promise<Health>
}
