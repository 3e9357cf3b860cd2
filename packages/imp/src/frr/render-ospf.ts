/** The routers of ospfd and ospf6d, and the policies of what they announce of other protocols. */
import { parsePrefix, type Family } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../config/model.ts'
import { ospf6RouterId, ospfRouterId } from '../routing/model.ts'
import { block, type Block } from './document.ts'
import { familyWord, prefixLiteral } from './literal.ts'
import { numbered, type PrefixList } from './render-policy.ts'

type Protocol = 'ospf' | 'ospf6'

const families: Readonly<Record<Protocol, Family>> = { ospf: 4, ospf6: 6 }

/** No peer can have a list of this name: theirs begin with a name and end with a word of policies. */
function policyName(protocol: Protocol): string {
  return `announced-${protocol}`
}

function announcing(config: RouterConfig): Protocol[] {
  return (['ospf', 'ospf6'] as const).filter((protocol) => (config[protocol]?.announced.length ?? 0) > 0)
}

/** Prefix lists of what OSPF announces of other protocols. */
export function ospfPrefixLists(config: RouterConfig): PrefixList[] {
  return announcing(config).map((protocol) => {
    const announced = config[protocol]?.announced ?? []
    const prefixes = announced.filter((text) => parsePrefix(text).family === families[protocol]).map(prefixLiteral)
    return { family: families[protocol], name: policyName(protocol), entries: [...new Set(prefixes)].map((each) => `permit ${each}`) }
  })
}

export function renderOspfPrefixLists(config: RouterConfig): string[] {
  return numbered(ospfPrefixLists(config))
}

/** Route maps that let nothing but the announced networks into OSPF. */
export function renderOspfRouteMaps(config: RouterConfig): Block[] {
  return announcing(config).map((protocol) => {
    const name = policyName(protocol)
    return block(`route-map ${name} permit 10`, [`match ${familyWord(families[protocol])} address prefix-list ${name}`])
  })
}

function router(config: RouterConfig, protocol: Protocol, routerId: string | undefined): Block[] {
  const settings = config[protocol]
  if (settings === undefined) return []
  const sources = settings.announced.length === 0 ? [] : ['connected', 'static']
  return [
    block(`router ${protocol}`, [
      ...(routerId === undefined ? [] : [`${protocol} router-id ${routerId}`]),
      ...sources.map((source) => `redistribute ${source} route-map ${policyName(protocol)}`),
      ...(settings.defaultOriginate ? ['default-information originate'] : []),
    ]),
  ]
}

/** Blocks `router ospf` and `router ospf6`, where the configuration has them. */
export function renderOspf(config: RouterConfig): Block[] {
  return [...router(config, 'ospf', ospfRouterId(config)), ...router(config, 'ospf6', ospf6RouterId(config))]
}
