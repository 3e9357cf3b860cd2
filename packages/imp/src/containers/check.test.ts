import { suite, test } from 'node:test'
import { assertFound, titleOf, type Case } from '../config/sample.ts'

const cases: readonly Case[] = [
  {
    rule: 'a container network that is too small',
    changes: { container: { network: '10.234.116.0/29' } },
    path: 'container.network',
    message: /too few/,
  },
  {
    rule: 'a container network that is too large',
    changes: { container: { network: '10.0.0.0/8' } },
    path: 'container.network',
    message: /too many/,
  },
  {
    rule: 'a gateway outside the container network',
    changes: { container: { gateway: '10.234.117.5' } },
    path: 'container.gateway',
    message: /no host address of 10\.234\.116\.0\/24/,
  },
  {
    rule: 'bridge and gateway with one address',
    changes: { container: { gateway: '10.234.116.1' } },
    path: 'container.gateway',
    message: /bridge as well/,
  },
  {
    rule: 'a DHCP range that ends first',
    changes: { container: { dhcpRange: { first: '10.234.116.20', last: '10.234.116.10' } } },
    path: 'container.dhcpRange',
    message: /ends before/,
  },
  {
    rule: 'a gateway inside the DHCP range',
    changes: { container: { dhcpRange: { first: '10.234.116.2', last: '10.234.116.10' } } },
    path: 'container.gateway',
    message: /inside the DHCP range/,
  },
]

suite('rules of the container network', () => {
  for (const each of cases) test(titleOf(each), () => assertFound(each))
})
