/** A router in memory for tests: it has what was applied last, and is as well as the test says. */
import type { Step } from '@imp/kit/plan/step.ts'
import type { RouterConfig } from '../config/model.ts'
import type { Health } from './health.ts'
import type { Router } from './router.ts'

export interface FakeRouter extends Router {
  readonly applied: RouterConfig[]
  /** Thrown by the next `apply`. */
  refusal: Error | undefined
  /** The step that every change takes. */
  step: Step
}

/** `health` tells how it does with a configuration. */
export function fakeRouter(health: (config: RouterConfig) => Health = () => ({ probes: [], learnt: 0 })): FakeRouter {
  const applied: RouterConfig[] = []
  const router: FakeRouter = {
    name: 'a router in memory',
    applied,
    refusal: undefined,
    step: { kind: 'all', summary: 'apply', disruption: 'none', data: {} },
    running: () => Promise.resolve(applied.at(-1)),
    overrides: () => Promise.resolve([]),
    plan(config) {
      const steps = JSON.stringify(applied.at(-1)) === JSON.stringify(config) ? [] : [router.step]
      return Promise.resolve({ steps, effects: steps.map(({ summary }) => summary), summary: steps.length === 0 ? '' : 'touches all' })
    },
    apply(config) {
      const { refusal } = router
      router.refusal = undefined
      if (refusal !== undefined) return Promise.reject(refusal)
      applied.push(config)
      return Promise.resolve()
    },
    recover: () => Promise.resolve(),
    look: (config) => Promise.resolve(health(config)),
  }
  return router
}
