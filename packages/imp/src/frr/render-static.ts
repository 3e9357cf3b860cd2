/** Static routes: those of the configuration, pull-up routes of announced prefixes and pools, and the tables of policy routes. */
import { contains, formatAddress, parseAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { natLinks } from '../appliance/model.ts'
import { ownAddresses, type OwnAddress, type RouterConfig } from '../config/model.ts'
import { translatorLink, translatorNetwork } from '../nat64/model.ts'
import { policyTable, type Route } from '../routing/model.ts'
import { addressLiteral, familyWord, prefixLiteral } from './literal.ts'

/**
 * Distance of the routes that drop what nobody owns. Anything real wins over it, so that the route only stops loops with the upstream
 * and keeps BGP announcing (`network` wants the prefix in the routing table: `bgp network import-check`).
 */
const pullUpDistance = 254

function routeLine(route: Route): string {
  const word = familyWord(parsePrefix(route.prefix).family)
  const target =
    route.blackhole === true ? ['blackhole'] : [route.via === undefined ? undefined : addressLiteral(route.via), route.interface]
  const distance = route.distance === undefined || route.distance === 1 ? undefined : String(route.distance)
  return [word, 'route', prefixLiteral(route.prefix), ...target, distance].filter((each) => each !== undefined).join(' ')
}

function pullUpLine(prefix: string): string {
  return routeLine({ prefix, blackhole: true, distance: pullUpDistance })
}

/** A pool that is the router's own address: its packets end here anyway. */
function isOwn(pool: string, own: readonly OwnAddress[]): boolean {
  return own.some(({ address }) => formatAddress(address) === pool.replace(/\/32$/, ''))
}

/** Ways of the pools into the NAT process, where VPP translates: a route that drops would win over the one that VPP has itself. */
function poolRoutes({ dataplane, nat }: RouterConfig): Route[] {
  if (dataplane !== 'vpp' || nat === undefined) return []
  const { nat: via, link } = natLinks.outside
  return [...new Set(nat.mappings.map(({ outside }) => outside))].map((prefix) => ({ prefix, via, interface: link }))
}

/** Ways into the translator of the Linux dataplane, from either side. */
function translatorRoutes({ dataplane, nat64 }: RouterConfig): Route[] {
  if (dataplane !== 'linux' || nat64 === undefined) return []
  return [translatorNetwork, nat64.prefix].map((prefix) => ({ prefix, interface: translatorLink }))
}

/** Prefixes that need a pull-up route: announced ones, and pools that no announced prefix covers. */
function pulledUp(config: RouterConfig): string[] {
  const own = ownAddresses(config)
  const announced = config.bgp?.announced ?? []
  const pools = [
    ...(config.nat?.mappings ?? []).map((mapping) => mapping.outside),
    ...(config.nat64 === undefined || config.dataplane === 'vpp' ? [] : [config.nat64.pool]),
  ]
  const uncovered = pools.filter((pool) => !announced.some((prefix) => contains(parsePrefix(prefix), parsePrefix(pool))))
  const routed = new Set(poolRoutes(config).map(({ prefix }) => prefix))
  return [...new Set([...announced, ...uncovered.filter((pool) => !isOwn(pool, own))])].filter((prefix) => !routed.has(prefix))
}

function policyLine(via: string, table: number): string {
  const { family } = parseAddress(via)
  return `${familyWord(family)} route ${family === 4 ? '0.0.0.0/0' : '::/0'} ${addressLiteral(via)} table ${table}`
}

/** All lines of staticd. */
export function renderStatic(config: RouterConfig): string[] {
  return [
    ...config.routes.map(routeLine),
    ...[...poolRoutes(config), ...translatorRoutes(config)].map(routeLine),
    ...pulledUp(config).map(pullUpLine),
    ...config.policyRoutes.map((policy, index) => policyLine(policy.via, policyTable(index).table)),
  ]
}
