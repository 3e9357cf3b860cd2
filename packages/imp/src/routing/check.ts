/** Static and policy routes: next hops that can be reached, by interfaces that are there. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { contains, formatPrefix, lastOf, overlaps, parseAddress, parsePrefix, type Address } from '@imp/kit/base/ip.ts'
import { doubtful, duplicates, ownNetworks, wrong, type OwnAddress, type OwnNetworks, type RouterConfig } from '../config/model.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import type { Route } from './model.ts'

const linkLocal = parsePrefix('fe80::/10')

/** What the rules ask again and again, worked out once. */
interface Surroundings {
  readonly config: RouterConfig
  readonly own: OwnNetworks
  readonly names: ReadonlySet<string>
}

function covers(route: Route, address: Address): boolean {
  const prefix = parsePrefix(route.prefix)
  return prefix.length > 0 && contains(prefix, address)
}

/** Whether something other than a default route leads to the address: a static route, or routes learnt from neighbours. */
export function isRouted(config: RouterConfig, address: Address): boolean {
  const learnt = address.family === 4 ? config.ospf !== undefined : config.ospf6 !== undefined
  return learnt || config.routes.some((route) => route.blackhole !== true && covers(route, address))
}

function checkInterfaceName({ names }: Surroundings, path: string, name: string | undefined): Finding[] {
  if (name === undefined || names.has(name)) return []
  const hint = names.size === 0 ? 'add it to interfaces' : `interfaces are: ${[...names].slice(0, 20).join(', ')}`
  return [wrong(path, name, 'is not the name of an interface', hint)]
}

function notAHost(address: Address, connected: OwnAddress): string | undefined {
  const { network } = connected
  if (network.family === 6 || network.length >= 31) return undefined
  if (address.value === network.value) return `is the address of the network ${formatPrefix(network)} itself`
  return address.value === lastOf(network).value ? `is the broadcast address of ${formatPrefix(network)}` : undefined
}

/** What is wrong with a next hop, perhaps bound to an interface. */
function checkNextHop({ config, own }: Surroundings, path: string, via: string, by?: string): Finding[] {
  const address = parseAddress(via)
  if (contains(linkLocal, address)) {
    return by === undefined ? [wrong(path, via, 'is link-local, which says nothing without an interface', 'add interface')] : []
  }
  if (own.at(address) !== undefined) return [wrong(path, via, 'is an address of this router itself', 'use that of the next router')]
  const connected = own.around(address).find((each) => by === undefined || each.name === by)
  if (connected !== undefined) {
    const why = notAHost(address, connected)
    return why === undefined ? [] : [wrong(path, via, why, 'use the address of a host in it')]
  }
  if (by !== undefined) return [wrong(path, via, `is in no network of ${by}`, 'mend the address, or leave out interface')]
  if (isRouted(config, address)) return []
  if (config.bgp !== undefined) {
    return [doubtful(path, via, 'is in no connected network and behind no static route', 'it works only while BGP brings a route to it')]
  }
  return [
    wrong(path, via, 'is in no connected network and behind no static route', 'mend the address, or that of the interface towards it'),
  ]
}

function checkRoute(around: Surroundings, route: Route, path: string): Finding[] {
  const prefix = parsePrefix(route.prefix)
  const { via } = route
  if (via !== undefined && parseAddress(via).family !== prefix.family) {
    return [
      wrong(`${path}.via`, via, `is not an IPv${prefix.family} address as ${route.prefix} needs`, 'use a next hop of the same family'),
    ]
  }
  const connected = around.own.of(prefix)
  return [
    ...checkInterfaceName(around, `${path}.interface`, route.interface),
    ...(via === undefined ? [] : checkNextHop(around, `${path}.via`, via, route.interface)),
    ...(connected === undefined
      ? []
      : [
          doubtful(
            `${path}.prefix`,
            route.prefix,
            `is the network of ${connected.name}, which wins over any route to it`,
            'remove the route',
          ),
        ]),
  ]
}

function checkRoutes(around: Surroundings): Finding[] {
  const routes = around.config.routes.map((route, index) => ({ route, path: `routes[${index}]` }))
  const target = (route: Route): string => [route.via, route.interface, route.blackhole].join(' ')
  const mixed = Map.groupBy(routes, ({ route }) => `${route.prefix} ${route.distance ?? 1}`)
  return [
    ...routes.flatMap(({ route, path }) => checkRoute(around, route, path)),
    ...duplicates(
      routes,
      ({ route }) => `${route.prefix} ${target(route)}`,
      (item, earlier) => wrong(item.path, item.route, `is the same route as ${earlier.path}`, 'remove one of them'),
    ),
    ...[...mixed.values()].flatMap((group) => {
      const hole = group.find(({ route }) => route.blackhole === true)
      if (hole === undefined || group.every(({ route }) => route.blackhole === true)) return []
      return [
        wrong(hole.path, hole.route, 'drops what another route of the same distance forwards', 'give the blackhole a larger distance'),
      ]
    }),
  ]
}

function checkDefault({ config, own }: Surroundings): Finding[] {
  const has = (prefix: string): boolean => config.routes.some((route) => route.prefix === prefix)
  const external = own.all.filter((each) => each.role === 'external')
  if (config.bgp !== undefined) return []
  return ([4, 6] as const).flatMap((family) => {
    const prefix = family === 4 ? '0.0.0.0/0' : '::/0'
    const learnt = family === 4 ? config.ospf !== undefined : config.ospf6 !== undefined
    if (learnt || has(prefix) || !external.some(({ address }) => address.family === family)) return []
    return [
      doubtful('routes', undefined, `there is no IPv${family} default route and nobody to learn one from`, `add a route to ${prefix}`),
    ]
  })
}

function checkPolicyRoutes(around: Surroundings): Finding[] {
  const policies = around.config.policyRoutes.map((policy, index) => ({ policy, path: `policyRoutes[${index}]` }))
  const sources = policies.flatMap(({ policy, path }, order) =>
    policy.from.map((text, index) => ({ text, order, policy, prefix: parsePrefix(text), path: `${path}.from[${index}]` })),
  )
  return [
    ...duplicates(
      policies,
      ({ policy }) => policy.name,
      (item, earlier) => wrong(`${item.path}.name`, item.policy.name, `is a name that ${earlier.path} has already`, 'choose another name'),
    ),
    ...policies.flatMap(({ policy, path }) => [
      ...checkInterfaceName(around, `${path}.incoming`, policy.incoming),
      ...checkNextHop(around, `${path}.via`, policy.via),
    ]),
    ...sources.flatMap(({ text, order, policy, prefix, path }) => {
      if (prefix.family !== parseAddress(policy.via).family)
        return [wrong(path, text, `is of another family than the next hop ${policy.via}`, 'make one policy route for each family')]
      const earlier = sources.find(
        (other) => other.order < order && overlaps(other.prefix, prefix) && (other.policy.incoming ?? policy.incoming) === policy.incoming,
      )
      return earlier === undefined
        ? []
        : [doubtful(path, text, `overlaps ${earlier.path}, which is asked first`, 'put the more specific one first')]
    }),
  ]
}

/** All findings about static and policy routes. */
export function checkStatic(config: RouterConfig): Finding[] {
  const names = new Set(layer3Interfaces(config).map((each) => each.name))
  const around = { config, own: ownNetworks(config), names }
  return [...checkRoutes(around), ...checkDefault(around), ...checkPolicyRoutes(around)]
}
