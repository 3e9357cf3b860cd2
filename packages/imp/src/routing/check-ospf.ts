/** OSPF for both families: interfaces and router belong together. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { formatPrefix, parsePrefix } from '@imp/kit/base/ip.ts'
import { doubtful, ownNetworks, wrong, type RouterConfig } from '../config/model.ts'
import { layer3Interfaces, type InterfaceOspf, type InterfaceOspf6, type Layer3Interface } from '../interfaces/model.ts'
import { ospf6RouterId, ospfRouterId } from './model.ts'

type Key = 'ospf' | 'ospf6'

function checkInterface(each: Layer3Interface, key: Key, settings: InterfaceOspf | InterfaceOspf6): Finding[] {
  const path = `${each.path}.${key}`
  const findings: Finding[] = []
  if (key === 'ospf' && !each.addresses.some((address) => address.includes('.'))) {
    findings.push(wrong(path, undefined, `${each.name} has no IPv4 address`, 'give it one, or remove ospf'))
  }
  if (settings.deadInterval <= settings.helloInterval) {
    const hint = 'usually four times helloInterval'
    findings.push(wrong(`${path}.deadInterval`, settings.deadInterval, `is not longer than helloInterval ${settings.helloInterval}`, hint))
  }
  if (each.kind === 'loopback' && (settings.network !== undefined || settings.bfd || 'authentication' in settings)) {
    findings.push(wrong(path, settings, 'a loopback has no neighbours', 'remove network, bfd and authentication'))
  }
  if (each.role === 'external' && !settings.passive) {
    findings.push(
      doubtful(
        path,
        undefined,
        `speaks ${key.toUpperCase()} with the upstream on ${each.name}`,
        'set passive, or remove it, unless the upstream is your own',
      ),
    )
  }
  return findings
}

/** Linux has one loopback: what the configuration calls several is one interface to OSPF. */
function checkShared(group: readonly Layer3Interface[], key: Key): Finding[] {
  const [first, ...others] = group.filter((each) => each.kind === 'loopback' && each[key] !== undefined)
  if (first === undefined) return []
  return others
    .filter((each) => each.link === first.link && JSON.stringify(each[key]) !== JSON.stringify(first[key]))
    .map((each) =>
      wrong(
        `${each.path}.${key}`,
        each[key],
        `differs from ${first.path}.${key}`,
        'loopbacks of the Linux dataplane share one interface: give them the same settings',
      ),
    )
}

/** What is announced must be there to be announced, and OSPF itself must not bring it already. */
function checkAnnounced(config: RouterConfig, key: Key): Finding[] {
  const family = key === 'ospf' ? 4 : 6
  const own = ownNetworks(config)
  const routed = new Set(config.routes.map(({ prefix }) => formatPrefix(parsePrefix(prefix))))
  const pulledUp = new Set((config.bgp?.announced ?? []).map((text) => formatPrefix(parsePrefix(text))))
  return (config[key]?.announced ?? []).flatMap((text, index) => {
    const path = `${key}.announced[${index}]`
    const prefix = parsePrefix(text)
    if (prefix.family !== family) return [wrong(path, text, `is not of IPv${family}`, `move it to ${family === 4 ? 'ospf6' : 'ospf'}`)]
    if (prefix.length === 0) return [wrong(path, text, 'is the default route', 'set defaultOriginate')]
    if (own.of(prefix) !== undefined || routed.has(formatPrefix(prefix)) || pulledUp.has(formatPrefix(prefix))) return []
    return [doubtful(path, text, 'is neither a static route nor a network of an interface', 'add the route, or mend the prefix')]
  })
}

function checkFamily(config: RouterConfig, key: Key, routerId: string | undefined): Finding[] {
  const interfaces = layer3Interfaces(config)
  const taking = interfaces.flatMap((each) => {
    const settings = each[key]
    return settings === undefined ? [] : [{ each, settings }]
  })
  if (config[key] === undefined) {
    return taking.map(({ each }) => wrong(`${each.path}.${key}`, undefined, `${key} is not on`, `add "${key}": {} to the configuration`))
  }
  const findings: Finding[] = []
  if (routerId === undefined)
    findings.push(wrong(key, undefined, 'has no routerId, nor has BGP', 'set routerId to an IPv4 address of this router'))
  if (taking.length === 0) findings.push(doubtful(key, undefined, 'no interface takes part', `add ${key} to the interfaces that shall`))
  findings.push(...checkAnnounced(config, key))
  return [...findings, ...taking.flatMap(({ each, settings }) => checkInterface(each, key, settings)), ...checkShared(interfaces, key)]
}

/** All findings about OSPF and OSPFv3. */
export function checkOspf(config: RouterConfig): Finding[] {
  return [...checkFamily(config, 'ospf', ospfRouterId(config)), ...checkFamily(config, 'ospf6', ospf6RouterId(config))]
}
