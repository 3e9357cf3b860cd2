import { suite, test } from 'node:test'
import { assertFound, lan, ports, wan, titleOf, type Case } from '../config/sample.ts'

const cases: readonly Case[] = [
  {
    rule: 'a network address',
    changes: ports(wan, { ...lan, addresses: ['192.168.0.0/24'] }),
    path: 'interfaces[1].addresses[0]',
    message: /address of the network 192\.168\.0\.0\/24 itself/,
  },
  {
    rule: 'a broadcast address',
    changes: ports(wan, { ...lan, addresses: ['192.168.0.255/24'] }),
    path: 'interfaces[1].addresses[0]',
    message: /broadcast/,
  },
  {
    rule: 'an anycast address',
    changes: ports(wan, { ...lan, addresses: ['2001:db8::/64'] }),
    path: 'interfaces[1].addresses[0]',
    message: /anycast/,
  },
  {
    rule: 'a multicast address',
    changes: ports(wan, { ...lan, addresses: ['224.0.0.5/24'] }),
    path: 'interfaces[1].addresses[0]',
    message: /multicast/,
  },
  {
    rule: 'a link-local address',
    changes: ports(wan, { ...lan, addresses: ['fe80::1/64'] }),
    path: 'interfaces[1].addresses[0]',
    message: /come by themselves/,
  },
  {
    rule: 'an address without a network',
    changes: ports(wan, { ...lan, addresses: ['10.0.0.1/0'] }),
    path: 'interfaces[1].addresses[0]',
    message: /length is 0/,
  },
  {
    rule: 'an address twice',
    changes: {
      loopbacks: [
        { instance: 0, addresses: ['203.0.113.1/32'] },
        { instance: 1, addresses: ['203.0.113.1/32'] },
      ],
    },
    path: 'loopbacks[1].addresses[0]',
    message: /loopbacks\[0\]\.addresses\[0\] has already/,
  },
  {
    rule: 'overlapping networks',
    changes: ports(wan, lan, { name: 'x', role: 'internal', addresses: ['192.168.0.65/26'] }),
    path: 'interfaces[2].addresses[0]',
    message: /192\.168\.0\.64\/26 overlaps 192\.168\.0\.0\/24 of lan/,
  },
  {
    rule: 'networks that overlap beyond a neighbour',
    changes: ports(wan, { ...lan, addresses: ['10.0.0.1/8', '10.0.0.9/16'] }, { name: 'x', role: 'internal', addresses: ['10.0.0.65/26'] }),
    path: 'interfaces[2].addresses[0]',
    message: /overlaps/,
  },
  {
    rule: 'the network of the containers',
    changes: { ...ports(wan, { ...lan, addresses: ['10.234.0.1/16'] }), container: {} },
    path: 'container.network',
    message: /overlaps 10\.234\.0\.0\/16 of lan/,
  },
  {
    rule: 'a loopback inside a network',
    severity: 'warning',
    changes: {
      loopbacks: [
        { instance: 0, addresses: ['203.0.113.1/32'] },
        { instance: 1, addresses: ['192.168.0.9/32'] },
      ],
    },
    path: 'loopbacks[1].addresses[0]',
    message: /overlaps/,
  },
  {
    rule: 'a management address that is a network',
    changes: { management: { nic: { name: 'eno1' }, mode: 'static', addresses: ['192.0.2.0/25'] } },
    path: 'management.addresses[0]',
    message: /network/,
  },
]

suite('rules of addresses', () => {
  for (const each of cases) test(titleOf(each), () => assertFound(each))
})
