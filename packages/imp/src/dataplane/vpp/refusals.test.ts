/**
 * What VPP itself does not refuse: requests of which the process dies, and those that it takes in silence although they do nothing or the
 * wrong thing (seen on VPP 25.06). Each has something of ours that stands in its way, shown here.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { infinite } from './values.ts'
import { soundAdvertisements } from './live/advertisements.ts'
import { nothing, type Things, type VppInterface } from './desired.ts'
import { refuseFatal } from './live/guard.ts'
import { fits, heapFor } from './heap.ts'
import type { Message } from './live/message.ts'
import { planMessages } from './live/plan.ts'
import { bare } from './render-interfaces.ts'
import { checkThings } from './rules.ts'
import { settle } from './live/settle.ts'
import * as make from './live/templates.ts'

type Changes = Partial<VppInterface>

const port = (changes: Changes = {}): VppInterface => ({ ...bare({ driver: 'af-packet', link: 'eth0' }), ...changes })
const vlan = (number: number, changes: Changes = {}, outer = number): VppInterface => ({
  ...bare({ driver: 'vlan', port: 'lan', number, outer, inner: 0, protocol: 'dot1q', exact: true }),
  ...changes,
})
const having = (interfaces: Things['interfaces'], more: Partial<Things> = {}): Things => ({ ...nothing, interfaces, ...more })

/** The rules find it before anything is planned. */
function found(things: Things, message: RegExp): () => void {
  return () => {
    const findings = checkThings({ things, paths: {} })
    assert.ok(
      findings.some((each) => each.severity === 'error' && message.test(each.message)),
      JSON.stringify(findings),
    )
  }
}

/** The last look stops it, whatever plan it comes from. */
function stopped(have: Things, why: RegExp, ...messages: Message[]): () => void {
  return () => assert.throws(() => refuseFatal(have, [messages]), why)
}

/** Names of the messages that lead from one state to another, phase by phase. */
function planned(have: Things, want: Things): string[] {
  const phases = planMessages(have, want)
  refuseFatal(have, phases)
  return phases.flat().map(({ message, fields }) => `${message}${'is_add' in fields ? (fields['is_add'] === true ? ' +' : ' -') : ''}`)
}

const policy = { list: 'one', paths: ['192.0.2.1 lan'] }
const steered: Things = having(
  { lan: port(), wan: port({ attachments: [{ policy: 1, priority: 1, family: 4 }] }) },
  { lists: { one: { rules: ['permit 10.0.0.0/8 0.0.0.0/0'] } }, policies: { 1: policy } },
)
const without = (things: Things, name: string): Things => ({
  ...things,
  interfaces: Object.fromEntries(Object.entries(things.interfaces).filter(([each]) => each !== name)),
})
const rule = (text: string): Things => having({ lan: port() }, { lists: { one: { rules: [text] } } })
const mapped = (...keys: string[]): Things => ({ ...nothing, maps: Object.fromEntries(keys.map((key) => [key, {}])) })
const ra = { managed: false, other: false, lifetime: 600, maximum: 200, minimum: 150, prefixes: [] }
const advertised = { prefix: '2001:db8::/64', valid: 60, preferred: 30, onLink: true, autonomous: true, ending: false }
const advertising = (changes: object): Things => having({ lan: port({ ipv6: true, advertisements: { ...ra, ...changes } }) })

const fatal: Readonly<Record<string, () => void>> = {
  'attaching a policy that is not there': found(
    having({ lan: port({ attachments: [{ policy: 9, priority: 1, family: 4 }] }) }),
    /policy 9 is not there/,
  ),
  'attaching a policy that is not there, from any plan': stopped(
    steered,
    /policy 9 is not there/,
    make.attachment('lan', { policy: 9, priority: 1, family: 4 }, true),
  ),
  'deleting a policy that is attached': stopped(steered, /still attached/, make.policyPaths('1', 'one', policy.paths, false)),
  'deleting a policy that is attached: a plan detaches first': () =>
    assert.deepEqual(planned(steered, { ...steered, policies: {}, lists: {}, interfaces: { lan: port(), wan: port() } }), [
      'abf_itf_attach_add_del -',
      'abf_policy_add_del -',
      'acl_del',
    ]),
  'mapping an outside that is larger than its inside': found(mapped('10.0.0.0/30 203.0.113.0/24'), /of which VPP dies/),
  'mapping an outside that is larger, from any plan': stopped(
    nothing,
    /outside is larger/,
    make.det44Map('10.0.0.0/30 203.0.113.0/24', true),
  ),
  'mapping 0.0.0.0/0': found(mapped('0.0.0.0/0 203.0.113.0/24'), /translates everything/),
  'mapping more than the heap holds': () => {
    const needed = heapFor(nothing, mapped('10.0.0.0/16 203.0.113.0/24'))
    assert.deepEqual([fits(needed, 512 << 20), fits(needed, 2 ** 31)], [false, true])
  },
  'disabling det44': stopped(nothing, /VPP dies/, { ...make.enableDet44(), fields: { enable: false } }),
}

const silent: Readonly<Record<string, () => void>> = {
  'a name in use': stopped(steered, /there is another lan/, {
    ...make.rename('lan'),
    fields: { sw_if_index: { interface: 'wan' }, name: 'lan' },
  }),
  'a twin that another interface has': found(having({ lan: port({ twin: 'a' }), wan: port({ twin: 'a' }) }), /is that of lan as well/),
  'a twin that another interface has, from any plan': stopped(
    having({ lan: port({ twin: 'a' }), wan: port() }),
    /lan has the Linux interface a/,
    make.pair('wan', 'a', true),
  ),
  'a policy of an access list that is not there': found({ ...steered, lists: {} }, /its access list one is not there/),
  'another path of a policy, which is added: a plan takes the old one away': () =>
    assert.deepEqual(planned(steered, { ...steered, policies: { 1: { ...policy, paths: ['192.0.2.2 lan'] } } }), [
      'abf_policy_add_del +',
      'abf_policy_add_del -',
    ]),
  'overlapping maps': found(mapped('10.0.0.0/24 203.0.113.0/30', '10.0.0.0/25 203.0.113.4/30'), /overlaps/),
  'a map with host bits': found(mapped('10.0.0.9/24 203.0.113.0/30'), /host bits/),
  'a map before det44 is on: a plan switches it on first': () =>
    assert.deepEqual(planned(nothing, { ...mapped('10.0.0.0/24 203.0.113.0/30'), services: { det44: {} } }), [
      'det44_plugin_enable_disable',
      'det44_add_del_map +',
    ]),
  'an address in a bridge': found(
    having({ lan: port({ addresses: ['10.0.0.1/24'], bridge: { id: 1, routed: false } }) }, { bridges: { 1: {} } }),
    /useless, since it is bridged/,
  ),
  'a member of a bridge that was not made': found(having({ lan: port({ bridge: { id: 7, routed: false } }) }), /there is no bridge 7/),
  'a socket in a directory that is not there: ours are beside the sockets of the API': () => {
    const around = { have: nothing, links: [], outside: [], directory: '/run/elsewhere' }
    const desired = { things: { ...nothing, sockets: { 1: { path: '/run/vpp/memif-nat-int.sock' } } }, paths: {} }
    assert.deepEqual(settle(desired, { cards: {}, optional: [] }, around).want.sockets, {
      1: { path: '/run/elsewhere/memif-nat-int.sock' },
    })
  },
  'a socket without an absolute path': found({ ...nothing, sockets: { 1: { path: 'memif.sock' } } }, /no path of a socket/),
  'deleting an interface that is steered': stopped(steered, /wan is still steered/, make.destroy('wan', port().making) ?? assert.fail()),
  'deleting an interface that is steered: a plan detaches first': () =>
    assert.deepEqual(planned(steered, without(steered, 'wan')), ['abf_itf_attach_add_del -', 'af_packet_delete']),
  'deleting an interface with a side of det44': stopped(
    having({ lan: port({ side: 'inside' }) }),
    /side of NAT/,
    make.destroy('lan', port().making) ?? assert.fail(),
  ),
  'taking a side of det44 away': stopped(having({ lan: port({ side: 'inside' }) }), /the feature stays/, {
    ...make.det44Side('lan', 'inside'),
    fields: { is_add: false },
  }),
  'two policies of one priority': found(
    {
      ...steered,
      policies: { 1: policy, 2: policy },
      interfaces: { lan: port({ attachments: [1, 2].map((each) => ({ policy: each, priority: 5, family: 4 as const })) }) },
    },
    /have one priority/,
  ),
  'an attachment with another priority: a plan detaches first': () => {
    const want = { ...steered, interfaces: { lan: port(), wan: port({ attachments: [{ policy: 1, priority: 2, family: 4 as const }] }) } }
    assert.deepEqual(planned(steered, want), ['abf_itf_attach_add_del -', 'abf_itf_attach_add_del +'])
  },
  'a lifetime without a default router': () => {
    const told = soundAdvertisements('lan', null, { ...ra, lifetime: 900 }).find(({ fields }) => 'lifetime' in fields)
    assert.partialDeepStrictEqual(told?.fields, { default_router: 1, lifetime: 900 })
  },
  'a sub-interface twice': found(having({ lan: port(), 'lan.4': vlan(4), 'lan.5': vlan(5, {}, 4) }), /has the tags of lan\.4/),
  'tags out of range': found(having({ lan: port(), 'lan.4095': vlan(4095) }), /is none/),
  'an empty access list': found(having({}, { lists: { one: { rules: [] } } }), /has no rule/),
  'a tag over 63 characters': found(
    having({}, { lists: { ['x'.repeat(64)]: { rules: ['permit 10.0.0.0/8 0.0.0.0/0'] } } }),
    /longer than 63/,
  ),
  'an access list of two families': found(rule('permit 2001:db8::/32 0.0.0.0/0'), /not a rule/),
  'an access list for no prefix': found(rule('permit banana 0.0.0.0/0'), /not a rule/),
  'an access list for a prefix that is too long': found(rule('permit 10.0.0.0/40 0.0.0.0/0'), /not a rule/),
  'an access list for an address without a length': found(rule('permit 10.0.0.1 0.0.0.0/0'), /not a rule/),
  'an access list with host bits': found(rule('permit 10.0.0.1/8 0.0.0.0/0'), /not a rule/),
  'a next hop on no interface': found({ ...steered, policies: { 1: { ...policy, paths: ['192.0.2.1 gone'] } } }, /is on no interface/),
  'a route to a prefix that has one, which is added: ours replaces': () => {
    const message = make.route('10.0.0.0/24', '192.0.2.1 lan', true)
    assert.notEqual(message.fields['is_multipath'], true)
  },
  'a port that is in a bridge and in a cross-connect': found(
    having({ lan: port({ bridge: { id: 1, routed: false }, crossConnect: 'wan' }), wan: port() }, { bridges: { 1: {} } }),
    /in a bridge and in a cross-connect/,
  ),
  'a shortest interval of advertisements that does not fit': found(advertising({ maximum: 30, minimum: 29 }), /shortest interval/),
  'a lifetime that ends before the next advertisement': found(advertising({ maximum: 600, lifetime: 600 }), /ends before the next/),
  'one endless lifetime of a prefix': found(advertising({ prefixes: [{ ...advertised, valid: infinite }] }), /one endless lifetime/),
  'advertisements without IPv6': found(having({ lan: port({ advertisements: ra }) }), /without an IPv6 address/),
  'a name of a twin that Linux cannot have': found(having({ lan: port({ twin: 'customers-west.100' }) }), /cannot name a Linux interface/),
}

suite('requests of which VPP dies', () => {
  for (const [what, prove] of Object.entries(fatal)) test(what, prove)
})
suite('requests that VPP takes in silence', () => {
  for (const [what, prove] of Object.entries(silent)) test(what, prove)
})
