/** A router as commits see it: the pipeline behind it, and what its health is judged by. */
import type { Report } from '@imp/kit/base/events.ts'
import { gatewaysOf, probesOf, type Health } from '../commit/health.ts'
import { answeringGateways, countLearnt } from '../commit/look.ts'
import type { Router } from '../commit/router.ts'
import type { RouterConfig } from '../config/model.ts'
import { observeLinks } from '../dataplane/linux/observe.ts'
import { isThere } from '../dataplane/linux/steps.ts'
import { findDaemons } from '../frr/daemons.ts'
import { bgpSessions } from '../frr/driver.ts'
import { renderFrr } from '../frr/render.ts'
import { withSession } from '../frr/session.ts'
import { applyConfig, refuseInterrupted } from './apply.ts'
import { previewConfig } from './preview.ts'
import { recoverConfig } from './recover.ts'
import { findRunning } from './running.ts'
import { dataplanePlace, frrPlace, type Target } from './target.ts'

async function learntRoutes(target: Target): Promise<number> {
  const place = frrPlace(target)
  if (!(await findDaemons(place)).has('zebra')) return 0
  const texts = await withSession(place, 'zebra', async (session) => [
    await session.ask('show ip route summary json'),
    await session.ask('show ipv6 route summary json'),
  ])
  return texts.reduce((sum, text) => sum + countLearnt(text), 0)
}

async function lookAt(target: Target, config: RouterConfig): Promise<Health> {
  if (!(await isThere(dataplanePlace(target)))) return { probes: [], learnt: 0 }
  const place = frrPlace(target)
  const [links, daemons, sessions, answering, learnt] = await Promise.all([
    observeLinks(target.host),
    findDaemons(place),
    bgpSessions(place),
    answeringGateways(target.host, gatewaysOf(config)),
    learntRoutes(target),
  ])
  const observation = {
    links: links.filter(({ up, carrier }) => up && carrier).map(({ name }) => name),
    daemons: [...daemons.keys()],
    sessions: new Map(sessions.map(({ peer, state }) => [peer, state])),
    answering,
    learnt,
  }
  return { probes: probesOf(config, renderFrr(config).daemons, observation), learnt }
}

/** A target as commits see it. */
export function routerAt(target: Target, report: Report): Router {
  return {
    name: target.name,
    running: async () => (await findRunning(target))?.config,
    async plan(config) {
      await refuseInterrupted(target)
      const { steps, preview } = await previewConfig(target, config)
      const effects = preview.steps.map(({ summary, disturbs }) => (disturbs === 'none' ? summary : `${summary}: ${disturbs}`))
      return { steps, effects, summary: preview.summary }
    },
    overrides: async () => (await findRunning(target))?.overrides ?? [],
    async apply(config, overrides) {
      await applyConfig(target, config, { report, ...(overrides === undefined ? {} : { overrides }) })
    },
    async recover() {
      await recoverConfig(target, { report })
    },
    look: (config) => lookAt(target, config),
  }
}
