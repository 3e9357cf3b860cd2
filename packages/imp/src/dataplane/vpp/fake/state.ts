/** What a fake VPP remembers. Indexes are those of VPP's pools: the one that was freed last is given out first. */
import type { Fields } from '../api/layout.ts'

export const noInterface = 0xffff_ffff

export interface FakeInterface {
  readonly index: number
  /** Interface below a sub-interface; its own index else. */
  readonly parent: number
  name: string
  /** What VPP calls the driver. */
  readonly driver: 'local' | 'Loopback' | 'af-packet' | 'memif' | 'virtio' | 'dpdk'
  mac: string
  up: boolean
  mtu: readonly number[]
  tag: string
  addresses: string[]
  ip6: boolean
  readonly subId: number
  readonly subFlags: number
  readonly outer: number
  readonly inner: number
  rewrite: Fields
  /** Bridge domain that it is a member of. */
  bridge?: { readonly id: number; readonly bvi: boolean }
  crossConnect?: number
  /** Linux name behind an af_packet interface. */
  readonly hostName?: string
  readonly instance?: number
  readonly memif?: { readonly id: number; readonly socket: number; readonly role: number }
  advertisements: FakeAdvertisements
}

export interface FakeAdvertisements {
  send: boolean
  managed: boolean
  other: boolean
  lifetime: number
  maximum: number
  minimum: number
  prefixes: Map<string, Fields>
}

export interface FakePair {
  readonly interface: number
  readonly twin: number
  readonly vif: number
  readonly hostName: string
  readonly netns: string
}

export interface FakeBridge {
  readonly id: number
  readonly fields: Fields
}

export interface FakeAttachment {
  readonly policy: number
  readonly interface: number
  readonly priority: number
  readonly ip6: boolean
}

export interface FakeState {
  readonly interfaces: Map<number, FakeInterface>
  readonly freeIndexes: number[]
  readonly pairs: Map<number, FakePair>
  defaultNetns: string
  readonly bridges: Map<number, FakeBridge>
  readonly sockets: Map<number, string>
  readonly acls: Map<number, { readonly tag: string; readonly rules: readonly Fields[] }>
  readonly policies: Map<number, { readonly acl: number; readonly paths: Fields[] }>
  attachments: FakeAttachment[]
  /** Routes of the API by table and prefix. */
  readonly routes: Map<string, Fields>
  readonly neighbours: Map<string, Fields>
  det44: boolean
  /** Whether a feature was taken off an interface while det44 ran: disabling it then is fatal. */
  det44Loose: boolean
  readonly det44Features: Map<string, { readonly interface: number; readonly inside: boolean }>
  readonly det44Maps: Map<string, Fields>
  det44Timeouts: Fields
  nat64: boolean
  readonly nat64Prefixes: Map<number, string>
  readonly nat64Pool: Map<string, number>
  readonly nat64Interfaces: Map<number, number>
  nat64Timeouts: Fields
  nextVif: number
  /** What its pcap records, or recorded last. */
  pcap?: FakePcap
  /** Tables of the classifier by index, and the first of those that filter what pcap takes; undefined where there never was one. */
  readonly tables: Map<number, FakeTable>
  pcapTables?: readonly number[]
}

export interface FakePcap {
  readonly file: string
  readonly interface: number
  readonly filter: boolean
  readonly most: number
  /** Packets that it has; a test says how many came. */
  captured: number
  on: boolean
}

export interface FakeTable {
  readonly mask: readonly number[]
  readonly next: number
  readonly sessions: (readonly number[])[]
}

export const noAdvertisements = (): FakeAdvertisements => ({
  send: true,
  managed: false,
  other: false,
  lifetime: 600,
  maximum: 200,
  minimum: 150,
  prefixes: new Map(),
})

type NewInterface = Pick<FakeInterface, 'name' | 'driver'> & Partial<Omit<FakeInterface, 'index'>>

/** Puts an interface in, with the index that VPP would give it. */
export function addInterface(state: FakeState, made: NewInterface): FakeInterface {
  const index = state.freeIndexes.pop() ?? state.interfaces.size
  const added: FakeInterface = {
    index,
    parent: index,
    mac: `02:fe:00:00:00:${(index & 255).toString(16).padStart(2, '0')}`,
    up: false,
    mtu: [9000, 0, 0, 0],
    tag: '',
    addresses: [],
    ip6: false,
    subId: 0,
    subFlags: 0,
    outer: 0,
    inner: 0,
    rewrite: {},
    advertisements: noAdvertisements(),
    ...made,
  }
  state.interfaces.set(index, added)
  return added
}

/** Takes an interface with its sub-interfaces, pair and place in bridges. Attachments of ABF and features of det44 stay, as in VPP. */
export function removeInterface(state: FakeState, index: number): void {
  for (const each of state.interfaces.values()) if (each.parent === index && each.index !== index) removeInterface(state, each.index)
  const pair = state.pairs.get(index)
  state.pairs.delete(index)
  if (pair !== undefined && ![...state.pairs.values()].some((other) => other.twin === pair.twin)) removeInterface(state, pair.twin)
  state.interfaces.delete(index)
  state.freeIndexes.push(index)
}

/** A VPP that has just started. */
export function freshState(netns = ''): FakeState {
  const state: FakeState = {
    interfaces: new Map(),
    freeIndexes: [],
    pairs: new Map(),
    defaultNetns: netns,
    bridges: new Map(),
    sockets: new Map([[0, '/run/vpp/memif.sock']]),
    acls: new Map(),
    policies: new Map(),
    attachments: [],
    routes: new Map(),
    neighbours: new Map(),
    det44: false,
    det44Loose: false,
    det44Features: new Map(),
    det44Maps: new Map(),
    det44Timeouts: { udp: 300, tcp_established: 7440, tcp_transitory: 240, icmp: 60 },
    nat64: false,
    nat64Prefixes: new Map(),
    nat64Pool: new Map(),
    nat64Interfaces: new Map(),
    nat64Timeouts: { udp: 300, tcp_established: 7440, tcp_transitory: 240, icmp: 60 },
    nextVif: 10,
    tables: new Map(),
  }
  addInterface(state, { name: 'local0', driver: 'local', mtu: [0, 0, 0, 0] })
  return state
}
