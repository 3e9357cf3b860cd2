/**
 * What a configuration asks for, in view of what is there: which driver takes each card, what is left to VPP, what comes later. Pure.
 */
import { dirname, join, basename } from 'node:path'
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import type { ObservedLink } from '../../linux/observe.ts'
import { isNic, nicText } from '../../linux/ports.ts'
import type { DesiredInstance, DesiredVpp, Making, Patch, PortCard, Things, VppInterface } from '../desired.ts'

/** Directory of all sockets on an appliance. */
export const defaultDirectory = '/run/vpp'

/** What decides how a port is driven. */
export interface Surroundings {
  readonly have: Things
  /** Links of VPP's network namespace. */
  readonly links: readonly ObservedLink[]
  /** Links of the machine around it, from which cards may be brought in. */
  readonly outside: readonly ObservedLink[]
  /** Directory of the sockets between the processes. */
  readonly directory: string
}

export interface Settled {
  readonly want: Things
  /** What is there, by the names that it shall have. */
  readonly have: Things
  /** Interfaces of ours that still have the name which VPP gave them. */
  readonly unnamed: ReadonlySet<string>
  /** Links that have to be brought into VPP's namespace first. */
  readonly bring: readonly string[]
  /** Cards that VPP gets only when it starts: the ports that need it. */
  readonly restart: readonly string[]
}

/** Leaves to VPP what the configuration does not say, so that it is no difference. */
function leftToVpp(want: VppInterface, have: VppInterface | undefined): VppInterface {
  if (have === undefined) return want
  const making = want.making.driver === 'memif' && have.making.driver === 'memif' ? { ...want.making, mac: have.making.mac } : want.making
  return {
    ...want,
    making,
    mtu: want.mtu ?? have.mtu,
    // Linux switches IPv6 on for every twin by itself.
    ipv6: want.ipv6 || have.ipv6,
  }
}

/** Name that VPP gives an interface which we call `name`. */
function firstName(name: string, making: Making): string {
  return making.driver === 'af-packet' ? `host-${making.link}` : name
}

/** Names under which VPP may have the interfaces of a patch. */
export function namesIn({ interfaces = {} }: Patch): ReadonlySet<string> {
  return new Set(Object.entries(interfaces).flatMap(([name, each]) => (each === null ? [name] : [name, firstName(name, each.making)])))
}

/** Names that VPP gives to host interfaces, by ours. */
function firstNames(want: Things, have: Things): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(want.interfaces).flatMap(([name, { making }]) => {
      const first = firstName(name, making)
      return first !== name && have.interfaces[name] === undefined && have.interfaces[first] !== undefined ? [[first, name]] : []
    }),
  )
}

/** What is there by the names that it shall have, with those of ours that still have the name which VPP gave them. */
export function recognise(want: Things, have: Things): { readonly have: Things; readonly names: ReadonlyMap<string, string> } {
  const names = firstNames(want, have)
  if (names.size === 0) return { have, names }
  const interfaces = Object.entries(have.interfaces).map(([name, each]) => [names.get(name) ?? name, each])
  return { have: { ...have, interfaces: Object.fromEntries(interfaces) as Things['interfaces'] }, names }
}

interface Port {
  readonly making?: Making
  readonly bring?: string
  readonly finding?: Finding
  readonly restart?: boolean
}

/** The twin of a port has its name, so that its card must have another one. */
function sharesName(name: string, link: string): Finding {
  return {
    path: name,
    severity: 'error',
    message: `its card is called ${link} as well, and the Linux interface that stands for the port needs this name`,
    hint: 'give the interface another name than its card',
  }
}

function settlePort(name: string, { nic, movedTo }: PortCard, twin: string | null, { have, links, outside }: Surroundings): Port {
  const present = have.interfaces[name]?.making
  const card = (each: ObservedLink): boolean => isNic(each, nic) && each.kind !== 'tun'
  const here = links.find(card) ?? links.find((each) => each.name === movedTo)
  const link = here ?? outside.find(card)
  if (present?.driver === 'card') return { making: present }
  if (link === undefined) {
    // A card that DPDK has taken is no Linux link any more; only VPP's start brings it.
    if (present === undefined && nic.pci === undefined) {
      return { finding: { path: name, severity: 'error', message: `there is no network card ${nicText(nic)}` } }
    }
    return present === undefined ? { restart: true } : { making: present }
  }
  if (twin === link.name) return { finding: sharesName(name, link.name) }
  if (nic.pci !== undefined) return { restart: true }
  return { making: { driver: 'af-packet', link: link.name }, ...(here === undefined ? { bring: link.name } : {}) }
}

/** Works out what a process shall have. A `not-found` fault when cards are missing. */
export function settle(
  desired: DesiredInstance,
  { cards, optional }: Pick<DesiredVpp, 'cards' | 'optional'>,
  around: Surroundings,
): Settled {
  const ports = Object.entries(cards).map(
    ([name, card]) => [name, settlePort(name, card, desired.things.interfaces[name]?.twin ?? null, around)] as const,
  )
  const findings = ports.flatMap(([, port]) => (port.finding === undefined ? [] : [port.finding]))
  if (findings.length > 0) {
    const there = [...around.links, ...around.outside].filter(({ name }) => name !== 'lo').map(({ name, mac }) => `${name} (${mac})`)
    const hint = there.length === 0 ? 'there is no card at all' : `there are ${there.join(', ')}`
    throw new Fault('not-found', `ports cannot be had: ${findings.map(({ path }) => path).join(', ')}`, { hint, findings })
  }
  const makings = new Map(ports.flatMap(([name, { making }]) => (making === undefined ? [] : [[name, making] as const])))
  const isMissing = (name: string, { making }: VppInterface): boolean =>
    optional.includes(name) && making.driver === 'af-packet' && !around.links.some((link) => link.name === making.link)
  const made = Object.entries(desired.things.interfaces)
    .filter(([name, each]) => !isMissing(name, each))
    .map(([name, each]) => [name, { ...each, making: makings.get(name) ?? each.making }] as const)
  const wanted: Things = {
    ...desired.things,
    interfaces: Object.fromEntries(made),
    sockets: socketsIn(desired.things.sockets, around.directory),
  }
  const { have, names } = recognise(wanted, around.have)
  return {
    want: { ...wanted, interfaces: Object.fromEntries(made.map(([name, each]) => [name, leftToVpp(each, have.interfaces[name])])) },
    have,
    unnamed: new Set(names.values()),
    bring: ports.flatMap(([, { bring }]) => (bring === undefined ? [] : [bring])),
    restart: ports.flatMap(([name, port]) => (port.restart === true ? [name] : [])),
  }
}

/** Sockets of ours, which a configuration names where an appliance has them, where they are here. */
function socketsIn(sockets: Things['sockets'], directory: string): Things['sockets'] {
  return Object.fromEntries(
    Object.entries(sockets).map(([id, { path }]) => [
      id,
      { path: dirname(path) === defaultDirectory ? join(directory, basename(path)) : path },
    ]),
  )
}
