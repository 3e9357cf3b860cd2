/**
 * The messages that lead from what a VPP process has to what it shall have, in phases: first what goes, from the top down, then what
 * comes, from the ground up. Only what differs is named. Pure.
 */
import { isDeepStrictEqual } from 'node:util'
import { quietAdvertisements, soundAdvertisements } from './advertisements.ts'
import { type Attachment, type Making, type Policy, type Things, type VppInterface } from '../desired.ts'
import type { Message, Phase } from './message.ts'
import { switchNat64On, translateByNat64, withdrawNat64 } from './plan-nat64.ts'
import { bare } from '../render-interfaces.ts'
import { nat64Side } from './templates-nat64.ts'
import * as make from './templates.ts'

/** What is there, and what it shall become; with what of it cannot stay. */
interface Change {
  readonly have: Things
  readonly want: Things
  /** Interfaces that go, some of them to come again. */
  readonly gone: ReadonlySet<string>
  /** Policies that go, some of them to come again. */
  readonly gonePolicies: ReadonlySet<string>
}

function goneInterfaces(have: Things, want: Things): ReadonlySet<string> {
  const gone = new Set(
    Object.entries(have.interfaces).flatMap(([name, each]) => {
      const wanted = want.interfaces[name]
      return wanted === undefined || !isDeepStrictEqual(wanted.making, each.making) ? [name] : []
    }),
  )
  // VLANs go with their port.
  for (const [name, { making }] of Object.entries(have.interfaces)) if (making.driver === 'vlan' && gone.has(making.port)) gone.add(name)
  return gone
}

function exits(policy: Policy): string[] {
  return policy.paths.map((path) => path.split(' ')[1] ?? '')
}

function gonePolicies(have: Things, want: Things, gone: ReadonlySet<string>): ReadonlySet<string> {
  return new Set(
    Object.entries(have.policies).flatMap(([id, policy]) => {
      const stays = want.policies[id]?.list === policy.list && !exits(policy).some((name) => gone.has(name))
      return stays ? [] : [id]
    }),
  )
}

/** Each interface of what is there that stays, as it is and as it shall be. */
function staying({ have, want, gone }: Change): [string, VppInterface, VppInterface][] {
  return Object.entries(have.interfaces).flatMap(([name, each]) => {
    const wanted = want.interfaces[name]
    return gone.has(name) || wanted === undefined ? [] : [[name, each, wanted]]
  })
}

function sameAttachment(a: Attachment, b: Attachment): boolean {
  return a.policy === b.policy && a.priority === b.priority && a.family === b.family
}

/** Attachments that can stay: their interface and policy stay, and they are wanted as they are. */
function keptAttachments(change: Change, name: string): Attachment[] {
  const wanted = change.gone.has(name) ? [] : (change.want.interfaces[name]?.attachments ?? [])
  return (change.have.interfaces[name]?.attachments ?? []).filter(
    (each) => !change.gonePolicies.has(String(each.policy)) && wanted.some((other) => sameAttachment(each, other)),
  )
}

function detach(change: Change): Message[] {
  return Object.entries(change.have.interfaces).flatMap(([name, each]) => {
    const kept = keptAttachments(change, name)
    return each.attachments.filter((one) => !kept.includes(one)).map((one) => make.attachment(name, one, false))
  })
}

function quiet(change: Change): Message[] {
  const { have, want } = change
  return [
    ...staying(change).flatMap(([name, each, wanted]) => quietAdvertisements(name, each.advertisements, wanted.advertisements)),
    ...withdrawNat64(have, want),
    ...neighbours(change, false),
    ...Object.keys(have.maps).flatMap((key) => (want.maps[key] === undefined ? [make.det44Map(key, false)] : [])),
    ...Object.entries(have.routes).flatMap(([prefix, { path }]) =>
      want.routes[prefix] === undefined ? [make.route(prefix, path, false)] : [],
    ),
  ]
}

function withdrawAddresses(change: Change): Message[] {
  return staying(change).flatMap(([name, each, wanted]) =>
    each.addresses.filter((address) => !wanted.addresses.includes(address)).map((address) => make.address(name, address, false)),
  )
}

/** A cross-connect goes also when its other end does. */
function keepsCrossConnect(change: Change, name: string, each: VppInterface): boolean {
  if (each.crossConnect === null || change.gone.has(name) || change.gone.has(each.crossConnect)) return false
  return change.want.interfaces[name]?.crossConnect === each.crossConnect
}

function keepsBridge(change: Change, name: string, each: VppInterface): boolean {
  return !change.gone.has(name) && isDeepStrictEqual(change.want.interfaces[name]?.bridge, each.bridge)
}

function separate(change: Change): Message[] {
  return Object.entries(change.have.interfaces).flatMap(([name, each]) => [
    ...(each.bridge === null || keepsBridge(change, name, each) ? [] : [make.leaveBridge(name, each.bridge)]),
    ...(each.crossConnect === null || keepsCrossConnect(change, name, each) ? [] : [make.crossConnect(name, each.crossConnect, false)]),
  ])
}

function dropTwins(change: Change): Message[] {
  return staying(change).flatMap(([name, each, wanted]) =>
    each.twin === null || each.twin === wanted.twin ? [] : [make.pair(name, each.twin, false)],
  )
}

function dropPolicies({ have, gonePolicies: gone }: Change): Message[] {
  return [...gone].flatMap((id) => {
    const policy = have.policies[id]
    return policy === undefined ? [] : [make.policyPaths(id, policy.list, policy.paths, false)]
  })
}

function dropLists({ have, want }: Change): Message[] {
  return Object.keys(have.lists).flatMap((tag) => (want.lists[tag] === undefined ? [make.removeAccessList(tag)] : []))
}

/** 0 for what stands on its own, 1 for a VLAN on a port, 2 for a VLAN whose twin stands on that of its outer tag. */
function depth({ making }: Pick<VppInterface, 'making'>): 0 | 1 | 2 {
  if (making.driver !== 'vlan') return 0
  return making.inner === 0 ? 1 : 2
}

function destroy({ have, gone }: Change, level: 0 | 1 | 2): Message[] {
  return [...gone].flatMap((name) => {
    const each = have.interfaces[name]
    const message = each === undefined || depth(each) !== level ? undefined : make.destroy(name, each.making)
    return message === undefined ? [] : [message]
  })
}

function dropContainers({ have, want }: Change): Message[] {
  return [
    ...Object.keys(have.bridges).flatMap((id) => (want.bridges[id] === undefined ? [make.bridge(id, false)] : [])),
    ...Object.entries(have.sockets).flatMap(([id, { path }]) => (want.sockets[id]?.path === path ? [] : [make.socket(id, path, false)])),
  ]
}

function addContainers({ have, want }: Change): Message[] {
  return [
    ...Object.entries(want.sockets).flatMap(([id, { path }]) => (have.sockets[id]?.path === path ? [] : [make.socket(id, path, true)])),
    ...Object.keys(want.bridges).flatMap((id) => (have.bridges[id] === undefined ? [make.bridge(id, true)] : [])),
  ]
}

/** Each wanted interface beside what is there of it when everything that goes is gone. */
function wanted({ have, want, gone }: Change): [string, VppInterface, VppInterface][] {
  return Object.entries(want.interfaces).map(([name, each]) => {
    const there = gone.has(name) ? undefined : have.interfaces[name]
    return [name, there ?? bare(each.making), each]
  })
}

function isNew({ have, gone }: Change, name: string): boolean {
  return gone.has(name) || have.interfaces[name] === undefined
}

function create(change: Change, levels: readonly number[]): Message[] {
  return Object.entries(change.want.interfaces).flatMap(([name, each]) => {
    const message = isNew(change, name) && levels.includes(depth(each)) ? make.create(name, each.making) : undefined
    return message === undefined ? [] : [message]
  })
}

/** VPP calls a host interface after its Linux link. */
function hasOwnName(name: string, making: Making): boolean {
  return making.driver !== 'af-packet' || name === `host-${making.link}`
}

function rename(change: Change, unnamed: ReadonlySet<string>): Message[] {
  return Object.entries(change.want.interfaces).flatMap(([name, { making }]) =>
    (isNew(change, name) && !hasOwnName(name, making)) || unnamed.has(name) ? [make.rename(name)] : [],
  )
}

function addTwins(change: Change, level: 0 | 1 | 2): Message[] {
  return wanted(change).flatMap(([name, have, want]) =>
    want.twin === null || depth(want) !== level || have.twin === want.twin ? [] : [make.pair(name, want.twin, true)],
  )
}

function setStates(change: Change, isVlan: boolean): Message[] {
  return wanted(change).flatMap(([name, have, want]) =>
    have.up === want.up || depth(want) > 0 !== isVlan ? [] : [make.setState(name, want.up)],
  )
}

function join(change: Change): Message[] {
  return wanted(change).flatMap(([name, have, want]) => [
    ...(want.bridge === null || keepsBridge(change, name, have) ? [] : [make.joinBridge(name, want.bridge)]),
    ...(want.crossConnect === null || keepsCrossConnect(change, name, have) ? [] : [make.crossConnect(name, want.crossConnect, true)]),
  ])
}

/** A port that leaves a bridge loses its rewrite, so that one that joins anew needs it again. */
function rewrite(change: Change): Message[] {
  return wanted(change).flatMap(([name, have, want]) => {
    const before = keepsBridge(change, name, have) ? have.popped : 0
    return before === want.popped ? [] : [make.popTags(name, want.popped)]
  })
}

function each(change: Change, messages: (name: string, have: VppInterface, want: VppInterface) => Message[]): Message[] {
  return wanted(change).flatMap(([name, have, want]) => messages(name, have, want))
}

function addLists({ have, want }: Change): Message[] {
  return Object.entries(want.lists).flatMap(([tag, list]) => {
    const there = have.lists[tag]
    return isDeepStrictEqual(there, list) ? [] : [make.accessList(tag, list.rules, there !== undefined)]
  })
}

/** New next hops come before the old ones go, so that there is always one. */
function policyPaths({ have, want, gonePolicies: gone }: Change, isAdd: boolean): Message[] {
  return Object.entries(want.policies).flatMap(([id, policy]) => {
    const there = gone.has(id) ? [] : (have.policies[id]?.paths ?? [])
    const [from, to] = isAdd ? [policy.paths, there] : [there, policy.paths]
    const changed = from.filter((path) => !to.includes(path))
    return changed.length === 0 ? [] : [make.policyPaths(id, policy.list, changed, isAdd)]
  })
}

function attach(change: Change): Message[] {
  return Object.entries(change.want.interfaces).flatMap(([name, { attachments }]) => {
    const kept = keptAttachments(change, name)
    return attachments.filter((one) => !kept.some((other) => sameAttachment(one, other))).map((one) => make.attachment(name, one, true))
  })
}

/** Neighbours go with their interface. */
function neighbours({ have, want, gone }: Change, isAdd: boolean): Message[] {
  const [from, to] = isAdd ? [want, have] : [have, want]
  return Object.entries(from.neighbours).flatMap(([key, { mac }]) => {
    const isGone = gone.has(key.split(' ')[1] ?? '')
    const stays = to.neighbours[key]?.mac === mac
    return isAdd ? (stays && !isGone ? [] : [make.neighbour(key, mac, true)]) : stays || isGone ? [] : [make.neighbour(key, mac, false)]
  })
}

function translate(change: Change): Message[] {
  const { have, want } = change
  return [
    ...neighbours(change, true),
    ...translateByNat64(have, want),
    ...Object.keys(want.maps).flatMap((key) => (have.maps[key] === undefined ? [make.det44Map(key, true)] : [])),
    ...Object.entries(want.routes).flatMap(([prefix, { path }]) =>
      have.routes[prefix]?.path === path ? [] : [make.route(prefix, path, true)],
    ),
  ]
}

/** A process has one translation, of which its interfaces are sides. */
function sideOf({ want }: Change, name: string, side: 'inside' | 'outside'): Message {
  return want.services['nat64'] === undefined ? make.det44Side(name, side) : nat64Side(name, side)
}

/** `unnamed` are interfaces of ours that still have the name which VPP gave them. */
export function planMessages(have: Things, want: Things, unnamed: ReadonlySet<string> = new Set()): Phase[] {
  const gone = goneInterfaces(have, want)
  const change: Change = { have, want, gone, gonePolicies: gonePolicies(have, want, gone) }
  const phases: Phase[] = [
    detach(change),
    quiet(change),
    withdrawAddresses(change),
    separate(change),
    dropTwins(change),
    dropPolicies(change),
    dropLists(change),
    destroy(change, 2),
    destroy(change, 1),
    destroy(change, 0),
    dropContainers(change),
    addContainers(change),
    create(change, [0]),
    rename(change, unnamed),
    create(change, [1, 2]),
    each(change, (name, before, after) => (after.mtu === null || before.mtu === after.mtu ? [] : [make.setMtu(name, after.mtu)])),
    addTwins(change, 0),
    addTwins(change, 1),
    addTwins(change, 2),
    setStates(change, false),
    setStates(change, true),
    join(change),
    rewrite(change),
    each(change, (name, before, after) => (after.ipv6 && !before.ipv6 ? [make.enableIpv6(name)] : [])),
    each(change, (name, before, after) =>
      after.addresses.filter((address) => !before.addresses.includes(address)).map((address) => make.address(name, address, true)),
    ),
    addLists(change),
    policyPaths(change, true),
    policyPaths(change, false),
    attach(change),
    [
      ...(want.services['det44'] === undefined || have.services['det44'] !== undefined ? [] : [make.enableDet44()]),
      ...switchNat64On(have, want),
    ],
    each(change, (name, before, after) => (after.side === null || before.side === after.side ? [] : [sideOf(change, name, after.side)])),
    translate(change),
    each(change, (name, before, after) => soundAdvertisements(name, before.advertisements, after.advertisements)),
  ]
  return phases.filter((phase) => phase.length > 0)
}
