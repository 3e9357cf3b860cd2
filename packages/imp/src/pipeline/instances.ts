/** The processes of VPP beside the core that a configuration asks for: the one place where kinds of them are collected. Pure. */
import { contains, parsePrefix } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../config/model.ts'
import { linkOf, type BesideInstance } from '../dataplane/vpp/model.ts'
import { nat64Instances } from '../dataplane/vpp/nat64.ts'
import { prefixLiteral } from '../frr/literal.ts'
import { renderFrr, type FrrConfig } from '../frr/render.ts'
import { moduleInstances } from '../modules/instances.ts'
import type { Overrides } from '../overrides/model.ts'
import type { Route } from '../routing/model.ts'
import { definitionsIn } from './modules.ts'

/** What makes a configuration into instances; a new kind of instance is added to `sources`. */
type Source = (config: RouterConfig, overrides: Overrides) => readonly BesideInstance[]

const sources: readonly Source[] = [nat64Instances, (config, overrides) => moduleInstances(config, definitionsIn(overrides))]

/** Every process beside the core but the built-in NAT, whose things are rendered by the dataplane itself. */
export function instancesOf(config: RouterConfig, overrides: Overrides = []): BesideInstance[] {
  return config.dataplane === 'vpp' ? sources.flatMap((source) => source(config, overrides)) : []
}

/** A prefix behind a process, with the way that FRR takes to it. */
interface Way {
  readonly route: Route & { readonly prefix: string }
  readonly path: string
}

function waysOf(instance: BesideInstance): Way[] {
  return instance.routes.flatMap(({ prefix, connection }) => {
    const link = linkOf(instance, connection)
    if (link?.twin === undefined) return []
    return [{ route: { prefix, via: prefix.includes(':') ? link.far6 : link.far, interface: link.twin }, path: instance.path }]
  })
}

/** The configuration of FRR with the ways to what is behind the processes, which BGP tells others unless an announced prefix does. */
export function renderRouting(config: RouterConfig, beside: readonly BesideInstance[]): FrrConfig {
  const ways = beside.flatMap(waysOf)
  if (ways.length === 0) return renderFrr(config)
  const announced = config.bgp?.announced ?? []
  const prefixes = ways.map(({ route }) => route.prefix)
  const further = prefixes.filter((prefix) => !announced.some((each) => contains(parsePrefix(each), parsePrefix(prefix))))
  const routing = renderFrr({
    ...config,
    routes: [...config.routes, ...ways.map(({ route }) => route)],
    ...(config.bgp === undefined ? {} : { bgp: { ...config.bgp, announced: [...announced, ...further] } }),
  })
  const origins = ways.flatMap(({ route, path }) => [
    [`route ${prefixLiteral(route.prefix)}`, path] as const,
    [`network ${prefixLiteral(route.prefix)}`, path] as const,
  ])
  return { ...routing, origins: new Map([...(routing.origins ?? []), ...origins]) }
}
