/** A sound configuration for tests, ways to spoil it, and the assertion that a rule finds what was spoilt. */
import assert from 'node:assert/strict'
import { checkConfig } from './check.ts'
import { RouterConfig, type RouterConfigInput } from './model.ts'

const envelope = { schema: 'imp.router', version: 1, hostname: 'edge1' } as const

/** A router in which no rule finds anything: an uplink, two networks, BGP and NAT. */
const sound: RouterConfigInput = {
  ...envelope,
  management: { nic: { name: 'eno1' }, mode: 'static', addresses: ['192.0.2.10/25'], gateways: ['192.0.2.1'] },
  interfaces: [
    { name: 'wan', role: 'external', addresses: ['198.51.100.2/30', '2001:db8:ffff::2/64'] },
    {
      name: 'lan',
      role: 'internal',
      addresses: ['192.168.0.1/24', '2001:db8:10::1/64'],
      ospf: {},
      subinterfaces: [{ vlan: 40, addresses: ['192.168.40.1/24'] }],
    },
    { name: 'dmz', role: 'internal', subinterfaces: [{ vlan: 7, innerVlan: 9, addresses: ['203.0.113.17/28'] }] },
  ],
  loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'], ospf: {} }],
  bridges: [
    {
      id: 100,
      members: [
        { interface: 'lan', vlan: 100 },
        { interface: 'dmz', vlan: 100 },
      ],
      addresses: ['192.168.100.1/24'],
    },
  ],
  crossConnects: [{ from: 'wan', to: 'lan', vlan: 210 }],
  routes: [
    { prefix: '0.0.0.0/0', via: '198.51.100.1' },
    { prefix: '10.9.0.0/16', via: '192.168.0.2' },
  ],
  policyRoutes: [{ name: 'forty', from: ['192.168.40.0/24'], incoming: 'lan.40', via: '198.51.100.1' }],
  bgp: {
    asn: 64500,
    routerId: '203.0.113.1',
    announced: ['203.0.113.0/24', '2001:db8:10::/48'],
    peers: [
      { name: 'transit', address: '198.51.100.1', asn: 64496 },
      { name: 'transit6', address: '2001:db8:ffff::1', asn: 64496 },
    ],
  },
  ospf: {},
  nat: {
    mappings: [
      { inside: '192.168.0.0/17', outside: '203.0.113.96/28' },
      { inside: '10.234.116.0/24', outside: '203.0.113.128/30' },
    ],
    bypass: [{ source: '192.168.0.0/24', destination: '198.51.100.0/24' }],
  },
  container: {},
}

/** Replacements of top-level keys; undefined takes a key away. */
export type Changes = { readonly [Key in keyof RouterConfigInput]?: RouterConfigInput[Key] | undefined }

/** The sound configuration with these changes. */
export function changed(changes: Changes): RouterConfig {
  return RouterConfig.parse(Object.fromEntries(Object.entries({ ...sound, ...changes }).filter(([, value]) => value !== undefined)))
}

type Port = NonNullable<RouterConfigInput['interfaces']>[number]
export const wan: Port = { name: 'wan', role: 'external', addresses: ['198.51.100.2/30'] }
export const lan: Port = { name: 'lan', role: 'internal', addresses: ['192.168.0.1/24'] }

/** Only these ports, and nothing that would refer to others. */
export function ports(...interfaces: Port[]): Changes {
  const nothing = {
    loopbacks: [],
    bridges: [],
    crossConnects: [],
    policyRoutes: [],
    routes: [{ prefix: '0.0.0.0/0', blackhole: true as const }],
  }
  return { interfaces, ...nothing, bgp: undefined, ospf: undefined, nat: undefined, container: undefined, management: undefined }
}

export const transit = { name: 'transit', address: '198.51.100.1', asn: 64496 } as const
type Peer = NonNullable<NonNullable<RouterConfigInput['bgp']>['peers']>[number]

/** BGP with one peer, changed. */
export function changedPeer(changes: Partial<Peer>, announced = ['203.0.113.0/24', '2001:db8:10::/48']): Changes {
  return { bgp: { asn: 64500, routerId: '203.0.113.1', announced, peers: [{ ...transit, ...changes }] } }
}

/** One mapping, and no containers that would need another. */
export function onlyNat(inside: string, outside: string): Changes {
  return { nat: { mappings: [{ inside, outside }] }, container: undefined }
}

export interface Case {
  /** What was spoilt. */
  readonly rule: string
  readonly changes: Changes
  /** Where the finding must be, and what it must say. */
  readonly path: string
  readonly message: RegExp
  /** `error` unless told. */
  readonly severity?: 'error' | 'warning'
}

/** Title of the test of a case. */
export function titleOf({ rule, severity = 'error' }: Case): string {
  return `${severity}: ${rule}`
}

/** Fails unless the spoilt configuration has the finding, with its severity and a remedy. */
export function assertFound({ changes, path, message, severity = 'error' }: Case): void {
  const findings = checkConfig(changed(changes))
  const found = findings.find((finding) => finding.path === path && message.test(finding.message))
  assert.ok(found !== undefined, `not found among: ${JSON.stringify(findings, null, 1)}`)
  assert.equal(found.severity, severity)
  assert.ok(found.hint !== undefined && found.hint !== '')
}
