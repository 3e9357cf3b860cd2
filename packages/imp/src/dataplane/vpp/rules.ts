/**
 * What VPP takes without a word although it is wrong, or what kills it: checked here, before anything is sent
 * (seen on VPP 25.06). Pure.
 */
import type { Finding } from '@imp/kit/base/fault.ts'
import { compare, contains, networkOf, overlaps, parseInterfaceAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import type { DesiredInstance, Things, VppInterface } from './desired.ts'
import { infinite } from './values.ts'

/** A rule says what is wrong with which thing: its key as in `interfaces lan`. */
type Broken = readonly [about: string, message: string, hint: string]

/** Ports of an outside address that det44 gives away: all from 1024 on. */
export const portsOfAddress = 64_512

const longestTwin = 15
const longestTag = 63
/** sun_path without its closing zero byte (unix(7)), which memif needs as well. */
const longestSocket = 107

function interfaces(things: Things): [string, VppInterface][] {
  return Object.entries(things.interfaces)
}

function checkTwins(things: Things): Broken[] {
  const seen = new Map<string, string>()
  const outerTwins = new Set(
    interfaces(things).flatMap(([, { making, twin }]) =>
      making.driver === 'vlan' && making.inner === 0 && twin !== null ? [`${making.port} ${making.outer}`] : [],
    ),
  )
  return interfaces(things).flatMap(([name, { making, twin }]): Broken[] => {
    if (twin === null) return []
    const about = `interfaces ${name}`
    const earlier = seen.get(twin)
    seen.set(twin, name)
    if (earlier !== undefined)
      return [[about, `its Linux interface ${twin} is that of ${earlier} as well`, 'give one of them another name']]
    if (Buffer.byteLength(twin) > longestTwin || twin.includes('/')) {
      return [[about, `${twin} cannot name a Linux interface`, `use at most ${longestTwin} bytes without "/"`]]
    }
    if (making.driver !== 'vlan') return []
    if (!making.exact) return [[about, 'a VLAN that takes any further tags has no Linux interface', 'name the inner VLAN']]
    if (things.interfaces[making.port]?.twin === null)
      return [[about, `its port ${making.port} has no Linux interface`, 'give the port one']]
    if (making.inner === 0 || outerTwins.has(`${making.port} ${making.outer}`)) return []
    return [[about, 'the VLAN of its outer tag has no Linux interface', 'add it']]
  })
}

/** Networks of one table must not overlap, except that an interface may have several addresses of one and the same. */
function checkAddresses(things: Things): Broken[] {
  const all = interfaces(things).flatMap(([name, each]) =>
    each.addresses.map((text) => ({ name, text, network: networkOf(parseInterfaceAddress(text)) })),
  )
  const around: typeof all = []
  return all
    .toSorted((a, b) => compare(a.network, b.network))
    .flatMap((each): Broken[] => {
      // Sorted, a network comes after those that hold it, and those that do not hold it hold none of the later ones either.
      const holds = (other: (typeof all)[number] | undefined): boolean => other === undefined || contains(other.network, each.network)
      while (!holds(around.at(-1))) around.pop()
      const clash = around.at(-1)
      around.push(each)
      if (clash === undefined || (clash.name === each.name && clash.network.length === each.network.length)) return []
      return [[`interfaces ${each.name}`, `${each.text} overlaps ${clash.text} of ${clash.name}`, 'use networks that do not overlap']]
    })
}

function checkVlans(things: Things): Broken[] {
  const seen = new Map<string, string>()
  return interfaces(things).flatMap(([name, { making, addresses }]): Broken[] => {
    if (making.driver !== 'vlan') return []
    const about = `interfaces ${name}`
    const inRange = (tag: number): boolean => tag >= 1 && tag <= 4094
    if (!inRange(making.outer) || (making.inner !== 0 && !inRange(making.inner))) {
      return [[about, `a tag of ${making.outer}${making.inner === 0 ? '' : `.${making.inner}`} is none`, 'use 1 to 4094']]
    }
    const key = `${making.port} ${making.protocol} ${making.outer} ${making.inner}`
    const earlier = seen.get(key)
    seen.set(key, name)
    if (earlier !== undefined) return [[about, `has the tags of ${earlier}`, 'one interface for the same tags']]
    if (addresses.length > 0 && !making.exact)
      return [[about, 'a VLAN that takes any further tags has no addresses', 'name the inner VLAN']]
    return []
  })
}

function checkLayer2(things: Things): Broken[] {
  return interfaces(things).flatMap(([name, each]): Broken[] => {
    const about = `interfaces ${name}`
    const { bridge, addresses, crossConnect, popped, making } = each
    if (bridge !== null && things.bridges[bridge.id] === undefined) return [[about, `there is no bridge ${bridge.id}`, 'add the bridge']]
    if ((crossConnect !== null || (bridge !== null && !bridge.routed)) && addresses.length > 0) {
      return [[about, 'its addresses are useless, since it is bridged', 'put them on the bridge']]
    }
    if (crossConnect !== null && bridge !== null) return [[about, 'is in a bridge and in a cross-connect', 'use one of them']]
    if (crossConnect !== null && things.interfaces[crossConnect] === undefined) return [[about, `${crossConnect} is not there`, 'add it']]
    return popped > 0 && making.driver !== 'vlan' ? [[about, 'has no tags that could be taken off', 'name a VLAN']] : []
  })
}

function checkAdvertisements(things: Things): Broken[] {
  return interfaces(things).flatMap(([name, { advertisements: ra, ipv6 }]): Broken[] => {
    if (ra === null) return []
    const about = `interfaces ${name}`
    const odd = ra.prefixes.find(({ valid, preferred }) => (valid === infinite) !== (preferred === infinite))
    const rules: [boolean, string, string][] = [
      [!ipv6, 'advertises without an IPv6 address', 'give it an IPv6 address, or set ra.send to false'],
      [
        ra.lifetime !== 0 && ra.lifetime <= ra.maximum,
        `a lifetime of ${ra.lifetime} s ends before the next advertisement`,
        'use more than ra.maximumInterval',
      ],
      [
        ra.minimum < 3 || ra.minimum > 0.75 * ra.maximum,
        `a shortest interval of ${ra.minimum} s does not fit`,
        'use 3 s to 3/4 of ra.maximumInterval',
      ],
      [odd !== undefined, `${odd?.prefix ?? ''} has one endless lifetime, and VPP makes both endless then`, 'make both endless, or none'],
    ]
    return rules.filter(([broken]) => broken).map(([, message, hint]): Broken => [about, message, hint])
  })
}

function checkLists(things: Things): Broken[] {
  return Object.entries(things.lists).flatMap(([tag, { rules }]): Broken[] => {
    const about = `lists ${tag}`
    if (Buffer.byteLength(tag) > longestTag) return [[about, `its name is longer than ${longestTag} bytes`, 'use a shorter name']]
    if (rules.length === 0) return [[about, 'has no rule', 'remove it']]
    const wrong = rules.find((rule) => !isSoundRule(rule))
    return wrong === undefined
      ? []
      : [[about, `${wrong} is not a rule that VPP takes as it is meant`, 'use prefixes of one family without host bits']]
  })
}

/** Lengths over that of the address, host bits and mixed families are refused, or silently made something else. */
function isSoundRule(rule: string): boolean {
  const [action = '', from = '', to = ''] = rule.split(' ')
  try {
    return ['permit', 'deny'].includes(action) && parsePrefix(from).family === parsePrefix(to).family
  } catch {
    return false
  }
}

function checkSteering(things: Things): Broken[] {
  const policies = Object.entries(things.policies).flatMap(([id, { list, paths }]): Broken[] => {
    if (things.lists[list] === undefined) return [[`policies ${id}`, `its access list ${list} is not there`, 'add the list']]
    const lost = paths.find((path) => things.interfaces[path.split(' ')[1] ?? ''] === undefined)
    return lost === undefined ? [] : [[`policies ${id}`, `its next hop ${lost} is on no interface`, 'add the interface']]
  })
  const attachments = interfaces(things).flatMap(([name, each]) =>
    each.attachments.flatMap(({ policy, priority, family }, index): Broken[] => {
      const about = `interfaces ${name}`
      if (things.policies[policy] === undefined) return [[about, `policy ${policy} is not there`, 'VPP dies of such an attachment']]
      const earlier = each.attachments.slice(0, index).find((other) => other.family === family && other.priority === priority)
      return earlier === undefined ? [] : [[about, `policies ${earlier.policy} and ${policy} have one priority`, 'give each its own']]
    }),
  )
  return [...policies, ...attachments]
}

function checkMaps(things: Things): Broken[] {
  const maps = Object.keys(things.maps).map((key) => ({ key, sides: key.split(' ') }))
  return maps.flatMap(({ key, sides: [inside = '', outside = ''] }, index): Broken[] => {
    const about = `maps ${key}`
    const [from, to] = [inside, outside].map((side) => parseInterfaceAddress(side, 4))
    if (from === undefined || to === undefined) return []
    if ([from, to].some((side) => networkOf(side).value !== side.value))
      return [[about, 'has host bits, which VPP takes away in silence', 'name the networks']]
    if (to.length < from.length) return [[about, 'its outside is larger than its inside, of which VPP dies', 'use a smaller outside']]
    if (from.length === 0) return [[about, 'translates everything, of which VPP dies', 'name the inside network']]
    if (2 ** (to.length - from.length) > portsOfAddress) return [[about, 'leaves no port to its hosts', 'use a larger outside']]
    const clash = maps.slice(0, index).find((other) => overlaps(networkOf(parseInterfaceAddress(other.sides[0] ?? '', 4)), networkOf(from)))
    return clash === undefined ? [] : [[about, `overlaps ${clash.key}`, 'map each network once']]
  })
}

function checkSockets(things: Things): Broken[] {
  return Object.entries(things.sockets).flatMap(([id, { path }]): Broken[] =>
    path.startsWith('/') && Buffer.byteLength(path) <= longestSocket
      ? []
      : [[`sockets ${id}`, `${path} is no path of a socket`, `use an absolute path of at most ${longestSocket} bytes`]],
  )
}

const rules = [
  checkAddresses,
  checkTwins,
  checkVlans,
  checkLayer2,
  checkAdvertisements,
  checkLists,
  checkSteering,
  checkMaps,
  checkSockets,
] as const

/** Everything that is wrong with what a process shall have, by its places in the configuration. */
export function checkThings({ things, paths }: DesiredInstance): Finding[] {
  return rules
    .flatMap((rule) => rule(things))
    .map(([about, message, hint]) => ({ path: paths[about] ?? about, severity: 'error', message: `VPP: ${message}`, hint }))
}
