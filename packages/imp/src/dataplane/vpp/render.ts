/** The configuration as state of VPP's two processes: the one that routes, and the one that translates. Pure. */
import { formatPrefix, parsePrefix } from '@imp/kit/base/ip.ts'
import { natLinks } from '../../appliance/model.ts'
import type { RouterConfig } from '../../config/model.ts'
import { nicOf } from '../../interfaces/model.ts'
import { nothing, type Attachment, type DesiredInstance, type DesiredVpp, type Making, type Things, type VppInterface } from './desired.ts'
import { hardwareAddress } from './exec-nat.ts'
import { natPolicy, steerings, steerInto, type Steering } from './exec-steering.ts'
import { bare, containerInterface, renderInterfaces, type Named } from './render-interfaces.ts'

type Side = 'core' | 'nat'

/** Bytes that fit through the links between the processes: more than any port lets in. */
const linkMtu = 9000

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

function sockets(): Things['sockets'] {
  return Object.fromEntries(Object.values(natLinks).map(({ id, socket }) => [String(id), { path: socket }]))
}

function attachmentsOf(config: RouterConfig, all: readonly Steering[]): ReadonlyMap<string, Attachment[]> {
  const attached = new Map<string, Attachment[]>()
  const add = (name: string, { policy, priority, family }: Steering): void => {
    attached.set(name, [...(attached.get(name) ?? []), { policy, priority, family }])
  }
  for (const steering of all) for (const name of steering.interfaces) add(name, steering)
  const translation = all.find(({ policy }) => policy === natPolicy)
  if (translation !== undefined && steerInto(config, containerInterface).length > 0) add(containerInterface, translation)
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

/** Where a steering comes from: the translation, or a policy route. */
function steeringPath(config: RouterConfig, { policy, tag }: Steering): string {
  if (policy === natPolicy) return 'nat'
  return `policyRoutes[${config.policyRoutes.findIndex(({ name }) => tag.split(':')[2] === name)}]`
}

function byAttachment(a: Attachment, b: Attachment): number {
  return a.priority - b.priority || a.policy - b.policy
}

function renderCore(config: RouterConfig): DesiredInstance {
  const steering = steerings(config)
  const attached = attachmentsOf(config, steering)
  const links = config.nat === undefined ? [] : Object.values(natLinks).map((link) => linkInterface('core', link))
  const named = [...renderInterfaces(config), ...links]
  const whole = named.map(({ name, interface: each }): [string, VppInterface] => [
    name,
    { ...each, attachments: (attached.get(name) ?? []).toSorted(byAttachment) },
  ])
  const paths = [
    ...named.map(({ name, path }) => [`interfaces ${name}`, path]),
    ...config.bridges.map(({ id }, index) => [`bridges ${id}`, `bridges[${index}]`]),
    ...steering.flatMap((each) => [
      [`lists ${each.tag}`, steeringPath(config, each)],
      [`policies ${each.policy}`, steeringPath(config, each)],
    ]),
  ]
  return {
    things: {
      ...nothing,
      sockets: config.nat === undefined ? {} : sockets(),
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

/** What both processes shall have. An `input` fault for a configuration that VPP cannot have. */
export function renderVpp(config: RouterConfig): DesiredVpp {
  return {
    core: renderCore(config),
    nat: renderNat(config),
    cards: Object.fromEntries(config.interfaces.map((port, index) => [port.name, { nic: nicOf(port), movedTo: `nic${index}` }])),
    optional: config.container === undefined ? [] : [containerInterface],
  }
}
