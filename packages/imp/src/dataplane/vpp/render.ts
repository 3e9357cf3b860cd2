/** The configuration as state of VPP's processes: the one that routes, the one that translates, and those beside them. Pure. */
import { formatPrefix, parseInterfaceAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { natLinks } from '../../appliance/model.ts'
import type { RouterConfig } from '../../config/model.ts'
import { nicOf } from '../../interfaces/model.ts'
import { nothing, type Attachment, type DesiredInstance, type DesiredVpp, type Making, type Things, type VppInterface } from './desired.ts'
import { instanceLines, linkHardwareAddress, linkMtu } from './boot/exec-beside.ts'
import { hardwareAddress } from './boot/exec-nat.ts'
import { steerings, type Steering } from './boot/exec-steering.ts'
import type { BesideInstance, InstanceLink } from './model.ts'
import { bare, containerInterface, renderInterfaces, type Named } from './render-interfaces.ts'

type Side = 'core' | 'nat'

function linkInterface(side: Side, link: (typeof natLinks)[keyof typeof natLinks]): Named {
  const role = side === 'core' ? 'master' : 'slave'
  const making: Making = { driver: 'memif', socket: link.id, role, mac: hardwareAddress(side, link.id) }
  const twin = side === 'core' && 'link' in link ? link.link : null
  return {
    name: link.interface,
    path: 'nat',
    interface: { ...bare(making), up: true, mtu: linkMtu, addresses: [`${link[side]}/31`], twin },
  }
}

/** One end of a link to a process beside the core. */
export function besideInterface(side: 'core' | 'far', link: InstanceLink, path: string): Named {
  const role = side === 'core' ? 'master' : 'slave'
  const making: Making = { driver: 'memif', socket: link.id, role, mac: linkHardwareAddress(side, link.id) }
  const addresses = side === 'core' ? [`${link.core}/31`, `${link.core6}/127`] : [`${link.far}/31`, `${link.far6}/127`]
  const told = addresses.map((text) => formatPrefix(parseInterfaceAddress(text))).toSorted()
  const twin = side === 'core' ? (link.twin ?? null) : null
  return { name: link.interface, path, interface: { ...bare(making), up: true, mtu: linkMtu, ipv6: true, addresses: told, twin } }
}

function besideSockets(beside: readonly BesideInstance[]): Things['sockets'] {
  return Object.fromEntries(beside.flatMap(({ links }) => links.map(({ id, socket }) => [String(id), { path: socket }])))
}

function sockets(): Things['sockets'] {
  return Object.fromEntries(Object.values(natLinks).map(({ id, socket }) => [String(id), { path: socket }]))
}

function attachmentsOf(config: RouterConfig, all: readonly Steering[]): ReadonlyMap<string, Attachment[]> {
  const attached = new Map<string, Attachment[]>()
  const add = (name: string, { policy, priority, family }: Steering): void => {
    attached.set(name, [...(attached.get(name) ?? []), { policy, priority, family }])
  }
  for (const steering of all) {
    for (const name of steering.interfaces) add(name, steering)
    if (steering.container && config.container !== undefined) add(containerInterface, steering)
  }
  return attached
}

function steeringThings(all: readonly Steering[]): Pick<Things, 'lists' | 'policies'> {
  return {
    lists: Object.fromEntries(
      all.map(({ tag, rules }) => [tag, { rules: rules.map(({ action, from, to }) => `${action} ${from} ${to}`) }]),
    ),
    policies: Object.fromEntries(all.map(({ policy, tag, via }) => [String(policy), { list: tag, paths: [via] }])),
  }
}

function byAttachment(a: Attachment, b: Attachment): number {
  return a.priority - b.priority || a.policy - b.policy
}

function renderCore(config: RouterConfig, beside: readonly BesideInstance[]): DesiredInstance {
  const steering = steerings(config, beside)
  const attached = attachmentsOf(config, steering)
  const links = [
    ...(config.nat === undefined ? [] : Object.values(natLinks).map((link) => linkInterface('core', link))),
    ...beside.flatMap(({ links: own, path }) => own.map((link) => besideInterface('core', link, path))),
  ]
  const named = [...renderInterfaces(config), ...links]
  const whole = named.map(({ name, interface: each }): [string, VppInterface] => [
    name,
    { ...each, attachments: (attached.get(name) ?? []).toSorted(byAttachment) },
  ])
  const paths = [
    ...named.map(({ name, path }) => [`interfaces ${name}`, path]),
    ...config.bridges.map(({ id }, index) => [`bridges ${id}`, `bridges[${index}]`]),
    ...steering.flatMap((each) => [
      [`lists ${each.tag}`, each.path],
      [`policies ${each.policy}`, each.path],
    ]),
  ]
  return {
    things: {
      ...nothing,
      sockets: { ...(config.nat === undefined ? {} : sockets()), ...besideSockets(beside) },
      bridges: Object.fromEntries(config.bridges.map(({ id }) => [String(id), {}])),
      interfaces: Object.fromEntries(whole),
      ...steeringThings(steering),
    },
    paths: Object.fromEntries(paths) as Record<string, string>,
  }
}

function renderNat(config: RouterConfig): DesiredInstance | undefined {
  if (config.nat === undefined) return undefined
  const { inside, outside } = natLinks
  const named = [
    { ...linkInterface('nat', inside), side: 'inside' as const },
    { ...linkInterface('nat', outside), side: 'outside' as const },
  ]
  const mappings = config.nat.mappings.map((mapping) => ({
    inside: formatPrefix(parsePrefix(mapping.inside, 4)),
    outside: formatPrefix(parsePrefix(mapping.outside, 4)),
  }))
  const routes = [
    ['0.0.0.0/0', { path: `${outside.core} ${outside.interface}` }] as const,
    ...mappings.map((mapping) => [mapping.inside, { path: `${inside.core} ${inside.interface}` }] as const),
  ]
  const places = mappings.flatMap((mapping, index) => [
    [`maps ${mapping.inside} ${mapping.outside}`, `nat.mappings[${index}]`],
    [`routes ${mapping.inside}`, `nat.mappings[${index}]`],
  ])
  return {
    things: {
      ...nothing,
      services: { det44: {} },
      sockets: sockets(),
      interfaces: Object.fromEntries(named.map(({ name, interface: each, side }) => [name, { ...each, side }])),
      routes: Object.fromEntries(routes),
      maps: Object.fromEntries(mappings.map((mapping) => [`${mapping.inside} ${mapping.outside}`, {}])),
    },
    paths: Object.fromEntries([...named.map(({ name }) => [`interfaces ${name}`, 'nat']), ...places]) as Record<string, string>,
  }
}

/** A process that is told by messages has its links with the rest; one that is told by lines has them among these. */
function renderBeside(instance: BesideInstance): DesiredInstance {
  const { links, things, paths = {}, path } = instance
  if (things === undefined) return { things: nothing, paths: { lines: path }, lines: instanceLines(instance) }
  const ends = links.map((link) => besideInterface('far', link, path))
  const own = Object.fromEntries(ends.map(({ name, interface: each }) => [name, { ...each, ...things.interfaces?.[name] }]))
  return {
    things: { ...nothing, ...things, sockets: besideSockets([instance]), interfaces: { ...things.interfaces, ...own } },
    paths: { ...Object.fromEntries(ends.map(({ name }) => [`interfaces ${name}`, path])), ...paths },
  }
}

/** What all processes shall have. An `input` fault for a configuration that VPP cannot have. */
export function renderVpp(config: RouterConfig, beside: readonly BesideInstance[] = []): DesiredVpp {
  const nat = renderNat(config)
  return {
    core: renderCore(config, beside),
    beside: {
      ...(nat === undefined ? {} : { nat }),
      ...Object.fromEntries(beside.map((instance) => [instance.name, renderBeside(instance)])),
    },
    cards: Object.fromEntries(config.interfaces.map((port, index) => [port.name, { nic: nicOf(port), movedTo: `nic${index}` }])),
    optional: config.container === undefined ? [] : [containerInterface],
  }
}
