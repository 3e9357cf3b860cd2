/** What a router would show right after a configuration was applied: made from what was rendered, since FRR prints what we render. */
import type { RouterConfig } from '../../packages/imp/src/config/model.ts'
import type { MadeLinux } from '../../packages/imp/src/dataplane/linux/desired.ts'
import { linuxDataplane } from '../../packages/imp/src/dataplane/linux/driver.ts'
import type { ObservedLink } from '../../packages/imp/src/dataplane/linux/observe.ts'
import { wantedParts } from '../../packages/imp/src/frr/driver.ts'
import type { ObservedRouter } from '../../packages/imp/src/pipeline/observe.ts'
import { renderRouter, type DesiredRouter } from '../../packages/imp/src/pipeline/render.ts'

export interface Recorded {
  readonly observed: ObservedRouter
  readonly made: MadeLinux
}

function shownLinks(desired: DesiredRouter): ObservedLink[] {
  return desired.linux.links.map(({ name, kind, parent, vlan, protocol, master, mtu = 65536, up, addresses }) => ({
    name,
    alternativeNames: [],
    mac: '02:00:00:00:00:01',
    mtu,
    up,
    carrier: up,
    addresses,
    ...(kind === 'vlan' || kind === 'bridge' ? { kind } : {}),
    ...(parent === undefined ? {} : { parent }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(master === undefined ? {} : { master }),
  }))
}

/** The state of a router that has exactly this configuration. It must have no tables of nftables, whose listing nft alone knows. */
export function recordedState(config: RouterConfig): Recorded {
  const desired = renderRouter(config)
  const { sysctls, rules } = desired.linux
  const linux = {
    links: shownLinks(desired),
    outside: [],
    sysctls: new Map(Object.entries(sysctls)),
    rules,
    tables: [],
    namespaceThere: true,
  }
  const frr = new Map([...wantedParts(desired.frr)].map(([daemon, configuration]) => [daemon, { pid: 2, startTime: 1, configuration }]))
  return { observed: { linux, frr }, made: linuxDataplane.remember(desired.linux, linux) }
}
