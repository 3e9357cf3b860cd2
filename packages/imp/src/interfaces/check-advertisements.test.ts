import { suite, test } from 'node:test'
import { assertFound, lan, ports, wan, titleOf, type Case } from '../config/sample.ts'

const cases: readonly Case[] = [
  {
    rule: 'a minimum interval over 3/4 of the maximum',
    changes: ports(wan, { ...lan, ra: { minimumInterval: 23 } }),
    path: 'interfaces[1].ra.minimumInterval',
    message: /three quarters of maximumInterval 30/,
  },
  {
    rule: 'a lifetime under the interval',
    changes: ports(wan, { ...lan, ra: { lifetime: 29 } }),
    path: 'interfaces[1].ra.lifetime',
    message: /shorter than maximumInterval/,
  },
  {
    rule: 'an autonomous prefix that is no /64',
    changes: ports(wan, { ...lan, addresses: ['2001:db8::1/48'], ra: { prefixes: [{ prefix: '2001:db8::/48' }] } }),
    path: 'interfaces[1].ra.prefixes[0].prefix',
    message: /not a \/64/,
  },
  {
    rule: 'a preferred lifetime over the valid one',
    changes: ports(wan, { ...lan, addresses: ['2001:db8::1/64'], ra: { prefixes: [{ prefix: '2001:db8::/64', validLifetime: 60 }] } }),
    path: 'interfaces[1].ra.prefixes[0].preferredLifetime',
    message: /longer than validLifetime 60/,
  },
  {
    rule: 'a prefix of another network',
    severity: 'warning',
    changes: ports(wan, { ...lan, addresses: ['2001:db8::1/64'], ra: { prefixes: [{ prefix: '2001:db8:1::/64' }] } }),
    path: 'interfaces[1].ra.prefixes[0].prefix',
    message: /in no network of lan/,
  },
  {
    rule: 'advertisements without IPv6',
    changes: ports(wan, { ...lan, ra: { send: true } }),
    path: 'interfaces[1].ra.send',
    message: /no IPv6 address/,
  },
  {
    rule: 'advertisements to the upstream',
    severity: 'warning',
    changes: ports({ ...wan, addresses: ['2001:db8::1/64'], ra: { send: true } }),
    path: 'interfaces[0].ra.send',
    message: /upstream/,
  },
  {
    rule: 'advertisements on a loopback',
    changes: { loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'], ra: {} }] },
    path: 'loopbacks[0].ra',
    message: /no hosts/,
  },
]

suite('rules of router advertisements', () => {
  for (const each of cases) test(titleOf(each), () => assertFound(each))
})
