import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { nothing, type Things } from '../desired.ts'
import { refuseFatal } from './guard.ts'
import type { Message } from './message.ts'
import { bare } from '../render-interfaces.ts'
import * as make from './templates.ts'

const lan = { ...bare({ driver: 'loopback', instance: 1 }), twin: 'lan', attachments: [{ policy: 1, priority: 1, family: 4 as const }] }
const have: Things = {
  ...nothing,
  interfaces: { lan, wan: bare({ driver: 'af-packet', link: 'eth0' }) },
  lists: { one: { rules: [] } },
  policies: { 1: { list: 'one', paths: ['192.0.2.1 wan'] } },
}
const attached = { policy: 1, priority: 1, family: 4 } as const

const fatal: readonly (readonly [what: string, why: RegExp, ...messages: Message[]])[] = [
  ['an attachment of a policy that is not there', /policy 2 is not there/, make.attachment('wan', { ...attached, policy: 2 }, true)],
  ['a policy that goes while it is attached', /policy 1 is still attached/, make.policyPaths('1', 'one', ['192.0.2.1 wan'], false)],
  ['a policy of a list that is not there', /access list two is not there/, make.policyPaths('2', 'two', ['192.0.2.1 wan'], true)],
  ['an interface that goes while it is steered', /lan is still steered/, make.destroy('lan', lan.making) ?? assert.fail()],
  ['a map whose outside is larger', /outside is larger/, make.det44Map('10.0.0.0/30 192.0.2.0/24', true)],
  ['a twin that another interface has', /lan has the Linux interface lan/, make.pair('wan', 'lan', true)],
  [
    'a name that another interface has',
    /there is another lan/,
    { ...make.rename('lan'), fields: { sw_if_index: { interface: 'wan' }, name: 'lan' } },
  ],
  ['the end of det44', /VPP dies of it/, { ...make.enableDet44(), fields: { enable: false } }],
  ['a side of det44 that goes', /the feature stays/, { ...make.det44Side('lan', 'inside'), fields: { is_add: false } }],
]

const harmless: readonly (readonly [what: string, ...messages: Message[]])[] = [
  [
    'a policy that goes when it is detached, and its interface after it',
    make.attachment('lan', attached, false),
    make.policyPaths('1', 'one', ['192.0.2.1 wan'], false),
    make.destroy('lan', lan.making) ?? assert.fail(),
    make.pair('wan', 'lan', true),
  ],
  [
    'a policy that comes before its attachment',
    make.accessList('two', ['permit 10.0.0.0/8 0.0.0.0/0'], false),
    make.policyPaths('2', 'two', ['192.0.2.1 wan'], true),
    make.attachment('wan', { ...attached, policy: 2 }, true),
  ],
  [
    'another next hop of a policy',
    make.policyPaths('1', 'one', ['192.0.2.2 wan'], true),
    make.policyPaths('1', 'one', ['192.0.2.1 wan'], false),
  ],
]

suite('the last look before messages are sent', () => {
  for (const [what, why, ...messages] of fatal) {
    test(`stops ${what}`, () => assert.throws(() => refuseFatal(have, [messages]), why))
  }
  for (const [what, ...messages] of harmless) {
    test(`lets pass ${what}`, () => assert.doesNotThrow(() => refuseFatal(have, [messages])))
  }
})
