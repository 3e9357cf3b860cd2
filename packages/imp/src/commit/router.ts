/** What a commit needs of the router that it changes. */
import type { Step } from '@imp/kit/plan/step.ts'
import type { RouterConfig } from '../config/model.ts'
import type { Health } from './health.ts'

export interface Router {
  /** For messages: `namespace dataplane`. */
  readonly name: string
  /** The configuration that it was last made to have; undefined before the first. */
  running(): Promise<RouterConfig | undefined>
  /** What would change; empty when it is as configured. */
  plan(config: RouterConfig): Promise<readonly Step[]>
  /** All of it or nothing; a fault says why nothing. */
  apply(config: RouterConfig): Promise<void>
  /** Undoes what a dead command left in its middle. */
  recover(): Promise<void>
  look(config: RouterConfig): Promise<Health>
}
