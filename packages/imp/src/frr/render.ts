/**
 * FRR's configuration, word for word as FRR itself prints it in `show running-config`: loading it twice changes nothing, and a
 * difference of lines is a difference of state. Lines that belong to the machine (version, hostname, log) are left out.
 */
import type { RouterConfig } from '../config/model.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import type { FrrDaemon } from './daemon.ts'
import { formatDocument } from './document.ts'
import { originsOf } from './origin.ts'
import { renderBgp } from './render-bgp.ts'
import { renderInterfaces } from './render-interfaces.ts'
import { renderOspf, renderOspfPrefixLists, renderOspfRouteMaps } from './render-ospf.ts'
import { renderCommunityLists, renderPrefixLists, renderRouteMaps } from './render-policy.ts'
import { renderStatic } from './render-static.ts'

export interface FrrConfig {
  readonly text: string
  /** Daemons that the text needs, in the order in which they start. */
  readonly daemons: readonly FrrDaemon[]
  /** Where its parts come from (origin.ts), for whoever has to say what a daemon refused. */
  readonly origins?: ReadonlyMap<string, string>
}

function usesBfd(config: RouterConfig): boolean {
  const interfaces = layer3Interfaces(config)
  return (
    config.bgp?.peers.some((peer) => peer.bfd) === true ||
    (config.ospf !== undefined && interfaces.some((each) => each.ospf?.bfd === true)) ||
    (config.ospf6 !== undefined && interfaces.some((each) => each.ospf6?.bfd === true))
  )
}

/** The daemons of FRR that the configuration needs. */
export function frrDaemons(config: RouterConfig): FrrDaemon[] {
  return [
    'zebra',
    'staticd',
    ...(config.bgp === undefined ? [] : ['bgpd' as const]),
    ...(config.ospf === undefined ? [] : ['ospfd' as const]),
    ...(config.ospf6 === undefined ? [] : ['ospf6d' as const]),
    ...(usesBfd(config) ? ['bfdd' as const] : []),
  ]
}

export function renderFrr(config: RouterConfig): FrrConfig {
  const links = new Map(layer3Interfaces(config).map((each) => [each.name, each.link]))
  const text = formatDocument([
    ['frr defaults traditional'],
    [...(config.bgp === undefined ? [] : renderPrefixLists(config.bgp)), ...renderOspfPrefixLists(config)],
    config.bgp === undefined ? [] : renderCommunityLists(config.bgp),
    // Before the peers that name them: a session must never be without its policy.
    [...(config.bgp === undefined ? [] : renderRouteMaps(config.bgp)), ...renderOspfRouteMaps(config)],
    renderStatic(config),
    renderInterfaces(config),
    renderBgp(config, links),
    renderOspf(config),
  ])
  return { text, daemons: frrDaemons(config), origins: originsOf(config) }
}
