/** Names, cards, VLANs and members: whether the links of the configuration can exist side by side. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { duplicates, wrong, type RouterConfig } from '../config/model.ts'
import { containerLink } from '../containers/model.ts'
import { bridgeName, crossConnectName, loopbackName, memberName, nicOf, subinterfaceName, vlanName, type Nic } from './model.ts'

/** IFNAMSIZ without the closing zero byte (linux/if.h). */
const longestName = 15

interface Named {
  readonly name: string
  readonly path: string
}

/** Every Linux interface that the configuration makes or takes, by name. */
function links(config: RouterConfig): Named[] {
  return [
    ...config.interfaces.flatMap((port, index) => [
      { name: port.name, path: `interfaces[${index}].name` },
      ...port.subinterfaces.map((sub, place) => ({
        name: subinterfaceName(port, sub),
        path: `interfaces[${index}].subinterfaces[${place}]`,
      })),
    ]),
    ...config.loopbacks.map((loopback, index) => ({ name: loopbackName(loopback), path: `loopbacks[${index}]` })),
    ...config.bridges.flatMap((bridge, index) => [
      { name: bridgeName(bridge), path: `bridges[${index}]` },
      ...bridge.members.flatMap((member, place) =>
        member.vlan === undefined ? [] : [{ name: memberName(member), path: `bridges[${index}].members[${place}]` }],
      ),
    ]),
    ...config.crossConnects.map((cross, index) => ({ name: crossConnectName(cross), path: `crossConnects[${index}]` })),
  ]
}

function crossConnectEnds(config: RouterConfig): Named[] {
  return config.crossConnects.flatMap((cross, index) =>
    (['from', 'to'] as const).map((side) => ({
      name: vlanName(cross[side], cross.vlan, cross.innerVlan),
      path: `crossConnects[${index}].${side}`,
    })),
  )
}

function checkNames(config: RouterConfig): Finding[] {
  const reserved = new Set<string>(Object.values(containerLink))
  const all = links(config)
  const long = [...all, ...crossConnectEnds(config)].filter(({ name }) => Buffer.byteLength(name) > longestName)
  return [
    ...long.map(({ name, path }) =>
      wrong(
        path,
        name,
        `makes the interface name ${name}, which has ${Buffer.byteLength(name)} bytes; Linux allows ${longestName}`,
        'shorten the name of the port, or give the VLAN a name of its own',
      ),
    ),
    ...all
      .filter(({ name }) => reserved.has(name))
      .map(({ name, path }) => wrong(path, name, 'is the name of a link of the container network', 'choose another name')),
    ...duplicates(
      all,
      ({ name }) => name,
      (item, earlier) =>
        wrong(item.path, item.name, `is a name that ${earlier.path} has already`, 'every interface needs a name of its own'),
    ),
  ]
}

function checkNumbers(config: RouterConfig): Finding[] {
  const instances = config.loopbacks.map(({ instance }, index) => ({ key: instance, path: `loopbacks[${index}].instance` }))
  const ids = config.bridges.map(({ id }, index) => ({ key: id, path: `bridges[${index}].id` }))
  return [instances, ids].flatMap((numbers) =>
    duplicates(
      numbers,
      ({ key }) => String(key),
      (item, earlier) => wrong(item.path, item.key, `is a number that ${earlier.path} has already`, 'choose a free number'),
    ),
  )
}

function nicKey(nic: Nic): string {
  return nic.name === undefined ? (nic.mac ?? nic.pci ?? '') : `name ${nic.name}`
}

function checkNics(config: RouterConfig): Finding[] {
  const ports = config.interfaces.map((port, index) => ({
    nic: nicOf(port),
    path: port.nic === undefined ? `interfaces[${index}].name` : `interfaces[${index}].nic`,
  }))
  const management = config.management === undefined ? [] : [{ nic: config.management.nic, path: 'management.nic' }]
  return duplicates(
    [...management, ...ports],
    ({ nic }) => nicKey(nic),
    (item, earlier) =>
      wrong(item.path, item.nic, `is the network card that ${earlier.path} takes already`, 'give each port a card of its own'),
  )
}

interface Tag {
  readonly port: string
  readonly vlan: number
  readonly inner: number | undefined
  readonly protocol: 'dot1q' | 'dot1ad'
  /** Takes every frame under the outer tag, whatever is inside. */
  readonly whole: boolean
  readonly path: string
}

function tags(config: RouterConfig): Tag[] {
  return [
    ...config.interfaces.flatMap((port, index) =>
      port.subinterfaces.map(({ vlan, innerVlan, protocol }, place) => {
        const path = `interfaces[${index}].subinterfaces[${place}]`
        return { port: port.name, vlan, inner: innerVlan, protocol, whole: false, path }
      }),
    ),
    ...config.bridges.flatMap((bridge, index) =>
      bridge.members.flatMap(({ interface: port, vlan }, place): Tag[] => {
        const path = `bridges[${index}].members[${place}]`
        return vlan === undefined ? [] : [{ port, vlan, inner: undefined, protocol: 'dot1q', whole: true, path }]
      }),
    ),
    ...config.crossConnects.flatMap(({ from, to, vlan, innerVlan, protocol }, index) =>
      [from, to].map((port, side) => {
        const path = `crossConnects[${index}].${side === 0 ? 'from' : 'to'}`
        return { port, vlan, inner: innerVlan, protocol, whole: innerVlan === undefined, path }
      }),
    ),
  ]
}

/** What is wrong with two uses of one outer tag on one port, as a sentence about the second; undefined when they can be. */
function clash(tag: Tag, earlier: Tag): string | undefined {
  const name = vlanName(tag.port, tag.vlan, tag.inner)
  if (tag.inner === earlier.inner || tag.whole || earlier.whole) return `VLAN ${name} takes frames that ${earlier.path} takes already`
  if (tag.protocol === earlier.protocol) return undefined
  return `VLAN ${name} has ${tag.protocol} as outer tag where ${earlier.path} has ${earlier.protocol}`
}

function checkTags(config: RouterConfig): Finding[] {
  const groups = Map.groupBy(tags(config), (tag) => `${tag.port} ${tag.vlan}`)
  return [...groups.values()].flatMap((group) =>
    group.flatMap((tag, index) => {
      const message = group
        .slice(0, index)
        .map((earlier) => clash(tag, earlier))
        .find((each) => each !== undefined)
      return message === undefined
        ? []
        : [wrong(tag.path, tag.vlan, message, 'use every VLAN of a port once, with one protocol for its outer tag')]
    }),
  )
}

function checkPortName(config: RouterConfig, path: string, name: string): Finding[] {
  if (config.interfaces.some((port) => port.name === name)) return []
  const known = config.interfaces.map((port) => port.name).join(', ')
  return [wrong(path, name, 'is not the name of a port', known === '' ? 'add it to interfaces' : `ports are: ${known}`)]
}

function checkMembers(config: RouterConfig): Finding[] {
  const members = config.bridges.flatMap((bridge, index) =>
    bridge.members.map((member, place) => ({ bridge, member, path: `bridges[${index}].members[${place}]` })),
  )
  const untagged = members.filter(({ member }) => member.vlan === undefined)
  return [
    ...members.flatMap(({ member, path }) => checkPortName(config, `${path}.interface`, member.interface)),
    ...duplicates(
      untagged,
      ({ member }) => member.interface,
      (item, earlier) =>
        wrong(item.path, item.member.interface, `is a port that ${earlier.path} takes already`, 'a port is a member of one bridge'),
    ),
    ...untagged.flatMap(({ member, path }) => {
      const port = config.interfaces.find((each) => each.name === member.interface)
      if (port === undefined || (port.addresses.length === 0 && port.ospf === undefined && port.ospf6 === undefined)) return []
      return [
        wrong(
          path,
          member.interface,
          'is a routed port: it has addresses or OSPF',
          'move its addresses to the bridge, or make a VLAN of it the member',
        ),
      ]
    }),
  ]
}

function checkCrossConnects(config: RouterConfig): Finding[] {
  return config.crossConnects.flatMap((cross, index) => {
    const path = `crossConnects[${index}]`
    const same = wrong(`${path}.to`, cross.to, 'is the port that the frames come from', 'connect two different ports')
    return [
      ...checkPortName(config, `${path}.from`, cross.from),
      ...checkPortName(config, `${path}.to`, cross.to),
      ...(cross.from === cross.to ? [same] : []),
    ]
  })
}

function checkMtus(config: RouterConfig): Finding[] {
  const mtuOf = new Map(config.interfaces.map((port) => [port.name, port.mtu]))
  const subinterfaces = config.interfaces.flatMap((port, index) =>
    port.subinterfaces.map((sub, place) => ({ mtu: sub.mtu, below: port.name, path: `interfaces[${index}].subinterfaces[${place}].mtu` })),
  )
  const bridges = config.bridges.flatMap((bridge, index) =>
    bridge.members.map((member) => ({ mtu: bridge.mtu, below: member.interface, path: `bridges[${index}].mtu` })),
  )
  return [...subinterfaces, ...bridges].flatMap(({ mtu, below, path }) => {
    const limit = mtuOf.get(below)
    if (mtu === undefined || limit === undefined || mtu <= limit) return []
    return [wrong(path, mtu, `is larger than the MTU ${limit} of ${below}`, `raise the MTU of ${below}, or lower this one`)]
  })
}

/** All findings about names, numbers, cards, VLANs, members and MTUs. */
export function checkLinks(config: RouterConfig): Finding[] {
  return [checkNames, checkNumbers, checkNics, checkTags, checkMembers, checkCrossConnects, checkMtus].flatMap((rule) => rule(config))
}
