/** Puts answers into a configuration; what the wizard does not ask about stays. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { parseAddress, sameAddress } from '@imp/kit/base/ip.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import type { Nic } from '../interfaces/model.ts'
import { Management } from '../management/model.ts'
import { isDefault, leavesBy, referenceOf } from './existing.ts'
import {
  BgpAnswers,
  ExternalAnswers,
  InternalAnswers,
  ManagementAnswers,
  Nat64Answers,
  nicFor,
  PeerAnswers,
  sameNic,
  whole,
  type DetectedNic,
  type DraftAnswers,
  type PortAnswers,
} from './model.ts'
import { Nat, NatBypass, NatMapping } from '../nat/model.ts'
import { Nat64 } from '../nat64/model.ts'
import { Bgp } from '../routing/model.ts'

type Port = NonNullable<RouterConfigInput['interfaces']>[number]
type Routes = NonNullable<RouterConfigInput['routes']>
type Role = Port['role']

/** How a configuration finds a card: by what stays when it moves least. */
export function identify(nics: readonly DetectedNic[], reference: string): Nic {
  const nic = nicFor(nics, reference)
  if (nic === undefined) return byForm(reference)
  const alone = nics.filter(({ pci }) => pci === nic.pci).length === 1
  if (nic.onPci && nic.pci !== undefined && alone) return { pci: nic.pci }
  return nic.virtual ? { name: nic.name } : { mac: nic.permanentMac ?? nic.mac }
}

function byForm(reference: string): Nic {
  if (/^([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}$/.test(reference)) return { mac: reference.toLowerCase() }
  return /^[0-9a-fA-F]{4}:[0-9a-fA-F]{2}:[01][0-9a-fA-F]\.[0-7]$/.test(reference) ? { pci: reference.toLowerCase() } : { name: reference }
}

function cardOf(port: Port): string {
  return referenceOf(port.nic ?? { name: port.name })
}

function newPort(nics: readonly DetectedNic[], { nic, name }: PortAnswers, role: Role): Port {
  const found = identify(nics, nic)
  return { name, role, ...(found.name === name ? {} : { nic: found }) }
}

function withAdvertisements(port: Port, advertise: boolean | undefined): Port {
  if (advertise === undefined || (port.ra?.send ?? true) === advertise) return port
  return { ...port, ra: { ...port.ra, send: advertise } }
}

/** An empty list is not written where none was. */
function listed<Key extends string, T>(key: Key, list: readonly T[], before: readonly T[] | undefined): { [K in Key]?: T[] } {
  return list.length === 0 && before === undefined ? {} : ({ [key]: [...list] } as { [K in Key]?: T[] })
}

function mergePort(nics: readonly DetectedNic[], before: Port | undefined, answers: PortAnswers, role: Role): Port {
  const base = before ?? newPort(nics, answers, role)
  const port: Port = { ...base, name: answers.name, role, ...listed('addresses', answers.addresses, base.addresses) }
  return 'gateways' in answers ? port : withAdvertisements(port, answers.advertise)
}

/** Ports that stay keep their place; new ones come behind them. */
function mergePorts(ports: readonly Port[], answers: DraftAnswers, nics: readonly DetectedNic[]): Port[] {
  const asked = [
    ...whole(ExternalAnswers, answers.external).map((each) => ({ role: 'external' as const, answers: each })),
    ...whole(InternalAnswers, answers.internal).map((each) => ({ role: 'internal' as const, answers: each })),
  ]
  const isAsked = (role: Role): boolean => (role === 'external' ? answers.external : answers.internal) !== undefined
  const forPort = (port: Port): (typeof asked)[number] | undefined => asked.find((each) => sameNic(nics, each.answers.nic, cardOf(port)))
  const kept = ports.flatMap((port) => {
    const found = forPort(port)
    if (found !== undefined) return [mergePort(nics, port, found.answers, found.role)]
    return isAsked(port.role) ? [] : [port]
  })
  const added = asked.filter((each) => !ports.some((port) => forPort(port) === each))
  return [...kept, ...added.map((each) => mergePort(nics, undefined, each.answers, each.role))]
}

function routeTo(gateway: string, name: string): Routes[number] {
  const { family, value } = parseAddress(gateway)
  const linkLocal = family === 6 && value >> 118n === 0x3fan
  return { prefix: family === 4 ? '0.0.0.0/0' : '::/0', via: gateway, ...(linkLocal ? { interface: name } : {}) }
}

/** Whether two texts are the same address, however they are written. */
function sameText(a: string | undefined, b: string): boolean {
  return a !== undefined && sameAddress(parseAddress(a), parseAddress(b))
}

function addressed({ name, addresses }: Port): { name: string; addresses: string[] } {
  return { name, addresses: addresses ?? [] }
}

/** Default routes follow the gateways of the external ports; other routes stay. */
function mergeRoutes(before: RouterConfigInput, ports: readonly Port[], answers: DraftAnswers): Routes {
  const external = whole(ExternalAnswers, answers.external)
  const gateways = external.flatMap((each) => each.gateways)
  const owners = [
    ...(before.interfaces ?? []).filter(({ role }) => role === 'external'),
    ...ports.filter(({ role }) => role === 'external'),
  ]
  const kept = (before.routes ?? []).filter(
    (route) =>
      answers.external === undefined ||
      !owners.some((port) => leavesBy(addressed(port), route)) ||
      gateways.some((gateway) => sameText(route.via, gateway)),
  )
  const missing = external.flatMap(({ name, gateways: own }) =>
    own
      .filter((gateway) => !kept.some((route) => isDefault(route) && sameText(route.via, gateway)))
      .map((gateway) => routeTo(gateway, name)),
  )
  return [...kept, ...missing]
}

function mergeManagement(before: RouterConfigInput, answers: DraftAnswers, nics: readonly DetectedNic[]): RouterConfigInput['management'] {
  if (answers.management === undefined) return before.management
  if (answers.management === 'none') return undefined
  const [asked] = whole(ManagementAnswers, [answers.management])
  if (asked === undefined) return before.management
  const { addresses: _addresses, gateways: _gateways, ...rest } = before.management ?? { nic: identify(nics, asked.nic) }
  const same = sameNic(nics, asked.nic, referenceOf(rest.nic))
  const fixed = asked.mode === 'static' ? { addresses: [...asked.addresses], ...listed('gateways', asked.gateways, undefined) } : {}
  return { ...rest, nic: same ? rest.nic : identify(nics, asked.nic), mode: asked.mode, ...fixed, ...listed('dns', asked.dns, rest.dns) }
}

function mergeBgp(before: RouterConfigInput['bgp'], answers: DraftAnswers): RouterConfigInput['bgp'] {
  if (answers.bgp === undefined) return before
  if (answers.bgp === 'none') return undefined
  const [asked] = whole(BgpAnswers, [{ ...answers.bgp, peers: whole(PeerAnswers, answers.bgp.peers) }])
  if (asked === undefined) return before
  const earlier = (peer: { readonly name: string; readonly address: string }) =>
    before?.peers?.find(({ address }) => sameText(address, peer.address)) ?? before?.peers?.find(({ name }) => name === peer.name)
  return {
    ...before,
    asn: asked.asn,
    routerId: asked.routerId,
    ...listed('announced', asked.announced, before?.announced),
    peers: asked.peers.map((peer) => ({ ...earlier(peer), ...peer })),
  }
}

function mergeNat(before: RouterConfigInput['nat'], { nat }: DraftAnswers): RouterConfigInput['nat'] {
  if (nat === undefined) return before
  if (nat === 'none') return undefined
  const mappings = whole(NatMapping, nat.mappings)
  if (mappings.length === 0) return undefined
  return { ...before, mappings, ...listed('bypass', whole(NatBypass, nat.bypass), before?.bypass) }
}

function mergeNat64(before: RouterConfigInput['nat64'], { nat64 }: DraftAnswers): RouterConfigInput['nat64'] {
  if (nat64 === undefined) return before
  if (nat64 === 'none') return undefined
  const [asked] = whole(Nat64Answers, [nat64])
  if (asked === undefined) return before
  return { ...asked, ...(before?.timeouts === undefined ? {} : { timeouts: before.timeouts }) }
}

/** What means the same as before stays as it is written, with what stands for itself left out. */
function asWritten<T extends z.ZodType>(schema: T, before: z.input<T> | undefined, after: z.input<T> | undefined): z.input<T> | undefined {
  if (before === undefined || after === undefined || before === after) return after
  return isDeepStrictEqual(schema.parse(before), schema.parse(after)) ? before : after
}

/** The configuration with the answers in it. Members that still lack an answer are left out. */
export function merge(before: RouterConfigInput, answers: DraftAnswers, nics: readonly DetectedNic[]): RouterConfigInput {
  const interfaces = mergePorts(before.interfaces ?? [], answers, nics)
  const parts = {
    management: asWritten(Management, before.management, mergeManagement(before, answers, nics)),
    bgp: asWritten(Bgp, before.bgp, mergeBgp(before.bgp, answers)),
    nat: asWritten(Nat, before.nat, mergeNat(before.nat, answers)),
    nat64: asWritten(Nat64, before.nat64, mergeNat64(before.nat64, answers)),
  }
  const { management: _m, bgp: _b, nat: _n, nat64: _n64, interfaces: _i, routes: _r, ...rest } = before
  return {
    ...rest,
    hostname: answers.hostname ?? before.hostname,
    ...listed('interfaces', interfaces, before.interfaces),
    ...listed('routes', mergeRoutes(before, interfaces, answers), before.routes),
    ...(parts.management === undefined ? {} : { management: parts.management }),
    ...(parts.bgp === undefined ? {} : { bgp: parts.bgp }),
    ...(parts.nat === undefined ? {} : { nat: parts.nat }),
    ...(parts.nat64 === undefined ? {} : { nat64: parts.nat64 }),
  }
}

/** The same, with nothing left open. */
export function mergedConfig(before: RouterConfigInput, answers: DraftAnswers, nics: readonly DetectedNic[]): RouterConfig {
  return RouterConfig.parse(merge(before, answers, nics))
}
