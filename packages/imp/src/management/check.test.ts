import { suite, test } from 'node:test'
import { assertFound, titleOf, type Case } from '../config/sample.ts'

const cases: readonly Case[] = [
  {
    rule: 'static without an address',
    changes: { management: { nic: { name: 'eno1' }, mode: 'static' } },
    path: 'management.addresses',
    message: /needs an address/,
  },
  {
    rule: 'addresses with DHCP',
    changes: { management: { nic: { name: 'eno1' }, addresses: ['192.0.2.9/25'] } },
    path: 'management.addresses',
    message: /no effect with mode dhcp/,
  },
  {
    rule: 'a gateway outside the network',
    changes: { management: { nic: { name: 'eno1' }, mode: 'static', addresses: ['192.0.2.10/25'], gateways: ['192.0.2.129'] } },
    path: 'management.gateways[0]',
    message: /in no network/,
  },
  {
    rule: 'a gateway that is the port itself',
    changes: { management: { nic: { name: 'eno1' }, mode: 'static', addresses: ['192.0.2.10/25'], gateways: ['192.0.2.10'] } },
    path: 'management.gateways[0]',
    message: /port itself/,
  },
  {
    rule: 'two gateways of a family',
    changes: { management: { nic: { name: 'eno1' }, mode: 'static', addresses: ['192.0.2.10/25'], gateways: ['192.0.2.1', '192.0.2.2'] } },
    path: 'management.gateways[1]',
    message: /second gateway for IPv4/,
  },
]

suite('rules of the management port', () => {
  for (const each of cases) test(titleOf(each), () => assertFound(each))
})
