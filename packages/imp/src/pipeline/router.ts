/** A router as commits see it: the pipeline behind it, and what its health is judged by. */
import type { Report } from '@imp/kit/base/events.ts'
import { gatewaysOf, probesOf, type Health, type Neighbour, type Observation } from '../commit/health.ts'
import { answeringGateways, countLearnt, installedRoutes } from '../commit/look.ts'
import type { Router } from '../commit/router.ts'
import type { RouterConfig } from '../config/model.ts'
import { observeLinks } from '../dataplane/linux/observe.ts'
import { isThere } from '../dataplane/linux/steps.ts'
import { findDaemons } from '../frr/daemons.ts'
import { bgpSessions } from '../frr/driver.ts'
import { renderFrr } from '../frr/render.ts'
import { withSession } from '../frr/session.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import { lookAtOspf, lookAtOspf6 } from '../show/ospf.ts'
import { applyConfig, refuseInterrupted } from './apply.ts'
import { previewConfig } from './preview.ts'
import { managementProbes, type Client } from './probe-management.ts'
import { nat64Probes } from './probe-nat64.ts'
import { translationProbes } from './probe-translation.ts'
import { recoverConfig } from './recover.ts'
import { findRunning } from './running.ts'
import { dataplanePlace, frrPlace, type Target } from './target.ts'

/** What zebra has in the forwarding table: how much of it is learnt, and which static routes. */
async function lookAtRoutes(target: Target): Promise<Pick<Observation, 'learnt' | 'installed'>> {
  const place = frrPlace(target)
  if (!(await findDaemons(place)).has('zebra')) return { learnt: 0, installed: [] }
  return withSession(place, 'zebra', async (session) => {
    const summaries = [await session.ask('show ip route summary json'), await session.ask('show ipv6 route summary json')]
    const statics = [await session.ask('show ip route static json'), await session.ask('show ipv6 route static json')]
    return { learnt: summaries.reduce((sum, text) => sum + countLearnt(text), 0), installed: statics.flatMap(installedRoutes) }
  })
}

/** Neighbours of both versions of OSPF that are fully adjacent. */
async function fullNeighbours(target: Target): Promise<Neighbour[]> {
  const place = frrPlace(target)
  const daemons = await findDaemons(place)
  const found = [
    ...(daemons.has('ospfd') ? await withSession(place, 'ospfd', (session) => lookAtOspf((command) => session.ask(command))) : []),
    ...(daemons.has('ospf6d') ? await withSession(place, 'ospf6d', (session) => lookAtOspf6((command) => session.ask(command))) : []),
  ]
  return found
    .filter(({ state }) => state.startsWith('Full'))
    .map(({ version, routerId, interface: link }) => ({ name: `OSPFv${version} neighbour ${routerId} on ${link}`, interface: link }))
}

function ospfInterfaces(config: RouterConfig): string[] {
  return layer3Interfaces(config).flatMap(({ link, ospf, ospf6 }) => (ospf === undefined && ospf6 === undefined ? [] : [link]))
}

async function lookAt(target: Target, config: RouterConfig, client: Client | undefined): Promise<Health> {
  if (!(await isThere(dataplanePlace(target)))) return { probes: [], learnt: 0 }
  const place = frrPlace(target)
  const [links, daemons, sessions, gateways, routes, neighbours, others] = await Promise.all([
    observeLinks(target.host),
    findDaemons(place),
    bgpSessions(place),
    answeringGateways(target.host, gatewaysOf(config)),
    lookAtRoutes(target),
    fullNeighbours(target),
    Promise.all([managementProbes(target, config, client), translationProbes(target, config), nat64Probes(target, config)]),
  ])
  const observation = {
    links: links.filter(({ up, carrier }) => up && carrier).map(({ name }) => name),
    daemons: [...daemons.keys()],
    sessions: new Map(sessions.map(({ peer, state }) => [peer, state])),
    ...gateways,
    ...routes,
  }
  return {
    probes: [...probesOf(config, renderFrr(config).daemons, observation), ...others.flat()],
    learnt: routes.learnt,
    drops: sessions.reduce((sum, { dropped }) => sum + dropped, 0),
    neighbours,
    ospfInterfaces: ospfInterfaces(config),
  }
}

/** A target as commits see it; `client` is the ssh session of the person who changes it. */
export function routerAt(target: Target, report: Report, client?: Client): Router {
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
    async apply(config, overrides, signal) {
      const options = { ...(overrides === undefined ? {} : { overrides }), ...(signal === undefined ? {} : { signal }) }
      await applyConfig(target, config, { report, ...options })
    },
    async recover() {
      await recoverConfig(target, { report })
    },
    look: (config) => lookAt(target, config, client),
  }
}
