/** What a person can do to see things happen: `imp monitor`. */
import { z } from 'zod'
import { parsePrefix, type Prefix as ParsedPrefix } from '@imp/kit/base/ip.ts'
import { Prefix } from '@imp/kit/base/schema.ts'
import { parseDuration } from '@imp/kit/base/units.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import { withRouter } from '../commit/ops.ts'
import type { ImpContext } from '../context.ts'
import { findDaemons } from '../frr/daemons.ts'
import { withSession } from '../frr/session.ts'
import { findRunning } from '../pipeline/running.ts'
import { frrPlace, type Target } from '../pipeline/target.ts'
import { requireNamespace, where, withTarget, type Where } from '../pipeline/where.ts'
import { lookAtSessions } from '../show/bgp.ts'
import { lookAtNat } from '../show/nat.ts'
import { compareCommits, compareNat, compareSessions, type SeenSession } from './compare.ts'
import { drawEvent, MonitorEvent, topics, type Happening, type Topic } from './event.ts'
import { gatherRoutes, isInside, parseLinks, parseMonitorLine, type LinkStates } from './kernel.ts'
import { pause, polling, watchAll, type Watcher } from './watch.ts'

/** Milliseconds between two looks. */
const interval = 1000
const natInterval = 2000
/** Milliseconds: the greatest that a timer of Node.js knows, 24 days. */
const forever = 2 ** 31 - 1

const Duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, 'must be a duration such as 30s, 5m or 2h')
  .meta({ examples: ['30s'] })

/** Sessions, none while bgpd does not run or goes away. */
async function sessionsOf(target: Target): Promise<readonly SeenSession[]> {
  const place = frrPlace(target)
  if (!(await findDaemons(place)).has('bgpd')) return []
  return withSession(place, 'bgpd', (session) => lookAtSessions((command) => session.ask(command)))
}

/** Tells of what the kernel says; routes are gathered, since thousands may change at once. */
function kernelTeller(wanted: ReadonlySet<Topic>, prefix: ParsedPrefix | undefined, states: LinkStates, tell: Parameters<Watcher>[0]) {
  let routes: Happening[] = []
  return {
    hear: (line: string): void => {
      const happening = parseMonitorLine(line, states)
      if (happening === undefined || !wanted.has(happening.topic)) return
      if (happening.topic !== 'routes') tell([happening])
      else if (prefix === undefined || isInside(happening, prefix)) routes.push(happening)
    },
    flush: (): void => {
      tell(prefix === undefined ? gatherRoutes(routes) : routes)
      routes = []
    },
  }
}

/** Links, addresses and routes, by `ip monitor`. It listens before links are looked at, so that nothing is missed between. */
function kernelWatcher(target: Target, wanted: ReadonlySet<Topic>, prefix: ParsedPrefix | undefined): Watcher {
  return async (tell, signal, ready) => {
    const early: string[] = []
    let hear = (line: string): void => void early.push(line)
    const objects = [...(wanted.has('interfaces') ? ['link', 'address'] : []), ...(wanted.has('routes') ? ['route'] : [])]
    const onLine = (line: string): void => hear(line)
    const telling = target.host.query(['ip', '-o', 'monitor', 'label', ...objects], { onLine, signal, timeout: forever })
    const flushing = async (): Promise<void> => {
      const states = parseLinks((await target.host.query(['ip', '-j', 'link'], { signal })).stdout)
      const teller = kernelTeller(wanted, prefix, states, tell)
      hear = teller.hear
      early.forEach(teller.hear)
      ready()
      while (!signal.aborted) {
        await pause(target.local.clock, interval, signal)
        teller.flush()
      }
    }
    await Promise.all([telling, flushing()])
  }
}

async function watchersOf(
  context: ImpContext,
  target: Target,
  input: Where,
  wanted: ReadonlySet<Topic>,
  prefix: ParsedPrefix | undefined,
): Promise<readonly Watcher[]> {
  const { clock } = target.local
  const translates = wanted.has('nat') && (await findRunning(target))?.config.nat !== undefined
  const history = () => withRouter(context, input, ({ history: log }) => log.list())
  return [
    ...(wanted.has('interfaces') || wanted.has('routes') ? [kernelWatcher(target, wanted, prefix)] : []),
    ...(wanted.has('bgp') ? [polling(clock, interval, () => sessionsOf(target), compareSessions)] : []),
    ...(wanted.has('commits') ? [polling(clock, interval, history, compareCommits)] : []),
    ...(translates ? [polling(clock, natInterval, () => lookAtNat(target.host, []), compareNat)] : []),
  ]
}

const monitor = operation<ImpContext>()({
  path: ['monitor'],
  summary: 'Tell what happens at a router, while it happens',
  description:
    'BGP sessions, links, addresses, routes, commits and losses of NAT, until ctrl-c, or as long as --for and --count say. With --json ' +
    'each event is a JSON value on a line of its own. More than ten routes in a second are counted; with --prefix each is told.',
  effect: 'read',
  args: ['topics'],
  input: z.strictObject({
    topics: z.array(z.enum(topics)).default([]).describe('what to tell of; everything unless told'),
    for: Duration.describe('how long').exactOptional(),
    count: z.int().min(1).describe('end after so many events').exactOptional(),
    prefix: Prefix.describe('of routes only those to networks inside this one, each of them').exactOptional(),
    ...where,
  }),
  output: z.strictObject({ target: z.string(), events: z.int().describe('how many there were') }),
  examples: ['imp monitor', 'imp monitor bgp interfaces --for 30s', 'imp monitor routes --prefix 198.51.100.0/24 --json'],
  streams: true,
  run: (context, { topics: asked, for: duration, count, prefix, ...input }) =>
    withTarget(context, input, async (target) => {
      await requireNamespace(target)
      const wanted = new Set<Topic>(asked.length > 0 ? asked : prefix === undefined ? topics : ['routes'])
      const watchers = await watchersOf(context, target, input, wanted, prefix === undefined ? undefined : parsePrefix(prefix))
      const limits = {
        signal: context.signal,
        ...(duration === undefined ? {} : { duration: parseDuration(duration) }),
        ...(count === undefined ? {} : { count }),
      }
      let events = 0
      const tell = (happening: Happening): void => {
        events += 1
        const event: MonitorEvent = { at: context.host.clock.now().toISOString(), ...happening }
        context.report({ event: 'seen', text: drawEvent(event), value: event })
      }
      const ready = (): void =>
        context.report({ event: 'log', level: 'info', text: `watching ${[...wanted].join(', ')} of ${target.name}, ctrl-c ends` })
      await watchAll(context.host.clock, watchers, limits, { ready, tell })
      return { target: target.name, events }
    }),
  view: () => '',
})

export const operations: readonly AnyOperation<ImpContext>[] = [monitor]
