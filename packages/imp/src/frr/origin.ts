/** From a line of FRR back to the place of the configuration that it comes from, so that a refusal can be mended there. Pure. */
import { parseAddress } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../config/model.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import { policyTable, type BgpPeer } from '../routing/model.ts'
import { listName } from './grammar.ts'
import { addressLiteral, prefixLiteral } from './literal.ts'
import { exportMapName, importMapName } from './render-policy.ts'

/** Places of the configuration by the parts of FRR's lines that come from them. */
export type Origins = Readonly<Record<string, string>>

const staticRoute = /^(?:ip|ipv6) route (\S+).*?( table \d+)?$/

function partOfRouter(router: string, line: string): string {
  const [, neighbor] = /^neighbor (\S+)/.exec(line) ?? []
  if (neighbor !== undefined) return `neighbor ${neighbor}`
  return /^network \S+/.exec(line)?.[0] ?? router
}

/** The part of a configuration that a line belongs to: a neighbor, an interface, a list, a route, or a whole router. */
export function partOf(path: readonly string[], line: string): string {
  const own = line.replace(/^no /, '')
  const top = path[0] ?? own
  const [, router] = /^(router \w+)/.exec(top) ?? []
  if (router !== undefined) return path.length === 0 ? router : partOfRouter(router, own)
  const list = listName(top)
  if (list !== undefined) return `list ${list}`
  const [, prefix, table = ''] = staticRoute.exec(top) ?? []
  return prefix === undefined ? top : `route ${prefix}${table}`
}

function originsOfPeer(peer: BgpPeer): [string, string][] {
  const path = `bgp.peers[${peer.name}]`
  const lists = { [importMapName(peer)]: 'import', [`${peer.name}-accept`]: 'import.accept', [`${peer.name}-reject`]: 'import.reject' }
  const tells = { [exportMapName(peer)]: 'export', [`${peer.name}-announced`]: 'export.announced' }
  const policies = Object.entries({ ...lists, ...tells }).map(([list, field]): [string, string] => [`list ${list}`, `${path}.${field}`])
  return [[`neighbor ${addressLiteral(peer.address)}`, path], ...policies]
}

function originsOfRoutes({ routes, policyRoutes }: RouterConfig): [string, string][] {
  return [
    ...routes.map(({ prefix }): [string, string] => [`route ${prefixLiteral(prefix)}`, `routes[${prefix}]`]),
    ...policyRoutes.map(({ name, via }, index): [string, string] => {
      const all = parseAddress(via).family === 4 ? '0.0.0.0/0' : '::/0'
      return [`route ${all} table ${policyTable(index).table}`, `policyRoutes[${name}]`]
    }),
  ]
}

function originsOfBgp({ bgp }: RouterConfig): [string, string][] {
  if (bgp === undefined) return []
  const shared = ['announced4', 'announced6', 'own4', 'own6'].map((list): [string, string] => [`list ${list}`, 'bgp.announced'])
  const networks = bgp.announced.flatMap((prefix): [string, string][] => [
    [`network ${prefixLiteral(prefix)}`, `bgp.announced[${prefix}]`],
    [`route ${prefixLiteral(prefix)}`, `bgp.announced[${prefix}]`],
  ])
  return [['router bgp', 'bgp'], ...shared, ...networks, ...bgp.peers.flatMap(originsOfPeer)]
}

/** Where the parts of the rendered configuration come from. */
export function originsOf(config: RouterConfig): ReadonlyMap<string, string> {
  return new Map([
    ...originsOfBgp(config),
    ...originsOfRoutes(config),
    ...layer3Interfaces(config).map(({ link, path }): [string, string] => [`interface ${link}`, path]),
    ...(['ospf', 'ospf6'] as const).flatMap((key): [string, string][] => [
      [`router ${key}`, key],
      [`list announced-${key}`, `${key}.announced`],
    ]),
  ])
}
