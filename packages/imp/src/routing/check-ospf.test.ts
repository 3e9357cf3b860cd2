import { suite, test } from 'node:test'
import { assertFound, lan, ports, wan, titleOf, type Case } from '../config/sample.ts'

const cases: readonly Case[] = [
  {
    rule: 'OSPF on an interface only',
    changes: { ospf: undefined },
    path: 'interfaces[1].ospf',
    message: /not on/,
  },
  { rule: 'OSPF without a router id', changes: { ...ports(wan, { ...lan, ospf: {} }), ospf: {} }, path: 'ospf', message: /no routerId/ },
  {
    rule: 'OSPFv3 without a router id',
    changes: { ...ports(wan, { ...lan, ospf6: {} }), ospf6: {} },
    path: 'ospf6',
    message: /no routerId/,
  },
  {
    rule: 'OSPF without interfaces',
    severity: 'warning',
    changes: { ...ports(wan, lan), ospf: { routerId: '192.0.2.1' } },
    path: 'ospf',
    message: /no interface takes part/,
  },
  {
    rule: 'OSPF without an address',
    changes: { ...ports(wan, { ...lan, addresses: [], ospf: {} }), ospf: { routerId: '192.0.2.1' } },
    path: 'interfaces[1].ospf',
    message: /no IPv4 address/,
  },
  {
    rule: 'a dead interval that is too short',
    changes: { ...ports(wan, { ...lan, ospf: { helloInterval: 10, deadInterval: 10 } }), ospf: { routerId: '192.0.2.1' } },
    path: 'interfaces[1].ospf.deadInterval',
    message: /helloInterval 10/,
  },
  {
    rule: 'an announcement of the other family',
    changes: { ospf: { announced: ['2001:db8:10::/48'] } },
    path: 'ospf.announced[0]',
    message: /not of IPv4/,
  },
  {
    rule: 'an announced default route',
    changes: { ospf: { announced: ['0.0.0.0/0'] } },
    path: 'ospf.announced[0]',
    message: /default route/,
  },
  {
    rule: 'an announcement of what nobody has',
    severity: 'warning',
    changes: { ospf: { announced: ['10.77.0.0/16'] } },
    path: 'ospf.announced[0]',
    message: /neither a static route/,
  },
  {
    rule: 'a loopback that signs',
    changes: { loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'], ospf: { authentication: { key: { secret: 'core' } } } }] },
    path: 'loopbacks[0].ospf',
    message: /no neighbours/,
  },
  {
    rule: 'neighbours on a loopback',
    changes: { loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'], ospf: { network: 'point-to-point' } }] },
    path: 'loopbacks[0].ospf',
    message: /no neighbours/,
  },
  {
    rule: 'OSPF with the upstream',
    severity: 'warning',
    changes: { ...ports({ ...wan, ospf: {} }), ospf: { routerId: '192.0.2.1' } },
    path: 'interfaces[0].ospf',
    message: /speaks OSPF with the upstream/,
  },
  {
    rule: 'loopbacks that differ',
    changes: {
      loopbacks: [
        { instance: 0, addresses: ['203.0.113.1/32'], ospf: {} },
        { instance: 1, addresses: ['203.0.113.2/32'], ospf: { area: 1 } },
      ],
    },
    path: 'loopbacks[1].ospf',
    message: /differs from loopbacks\[0\]\.ospf/,
  },
]

suite('rules of OSPF', () => {
  for (const each of cases) test(titleOf(each), () => assertFound(each))
})
