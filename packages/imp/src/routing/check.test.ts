import { suite, test } from 'node:test'
import { assertFound, lan, ports, wan, titleOf, type Case } from '../config/sample.ts'

const cases: readonly Case[] = [
  {
    rule: 'a next hop out of reach',
    changes: { ...ports(wan, lan), routes: [{ prefix: '0.0.0.0/0', via: '198.51.100.9' }] },
    path: 'routes[0].via',
    message: /no connected network and behind no static route/,
  },
  {
    rule: 'a next hop that only BGP may reach',
    severity: 'warning',
    changes: {
      ospf: undefined,
      interfaces: [wan, lan],
      loopbacks: [],
      bridges: [],
      crossConnects: [],
      policyRoutes: [],
      routes: [{ prefix: '10.0.0.0/8', via: '198.51.100.9' }],
    },
    path: 'routes[0].via',
    message: /behind no static route/,
  },
  {
    rule: 'a next hop that is the router itself',
    changes: { routes: [{ prefix: '0.0.0.0/0', via: '198.51.100.2' }] },
    path: 'routes[0].via',
    message: /router itself/,
  },
  {
    rule: 'a next hop that is the broadcast address',
    changes: { routes: [{ prefix: '0.0.0.0/0', via: '198.51.100.3' }] },
    path: 'routes[0].via',
    message: /broadcast address of 198\.51\.100\.0\/30/,
  },
  {
    rule: 'a next hop that is a network',
    changes: { routes: [{ prefix: '0.0.0.0/0', via: '198.51.100.0' }] },
    path: 'routes[0].via',
    message: /network 198\.51\.100\.0\/30 itself/,
  },
  {
    rule: 'a next hop of another interface',
    changes: { routes: [{ prefix: '0.0.0.0/0', via: '198.51.100.1', interface: 'lan' }] },
    path: 'routes[0].via',
    message: /in no network of lan/,
  },
  {
    rule: 'a next hop of another family',
    changes: { routes: [{ prefix: '::/0', via: '198.51.100.1' }] },
    path: 'routes[0].via',
    message: /not an IPv6 address/,
  },
  {
    rule: 'a link-local next hop without an interface',
    changes: { routes: [{ prefix: '::/0', via: 'fe80::1' }] },
    path: 'routes[0].via',
    message: /link-local/,
  },
  {
    rule: 'a route by an unknown interface',
    changes: { routes: [{ prefix: '10.0.0.0/8', interface: 'lam' }] },
    path: 'routes[0].interface',
    message: /not the name of an interface/,
  },
  {
    rule: 'a route twice',
    changes: {
      routes: [
        { prefix: '10.0.0.0/8', interface: 'lan' },
        { prefix: '10.0.0.0/8', interface: 'lan', distance: 9 },
      ],
    },
    path: 'routes[1]',
    message: /same route as routes\[0\]/,
  },
  {
    rule: 'a blackhole over a route',
    changes: {
      routes: [
        { prefix: '10.0.0.0/8', via: '192.168.0.2' },
        { prefix: '10.0.0.0/8', blackhole: true },
      ],
    },
    path: 'routes[1]',
    message: /drops what another route/,
  },
  {
    rule: 'a route to a connected network',
    severity: 'warning',
    changes: { routes: [{ prefix: '192.168.40.0/24', via: '192.168.0.2' }] },
    path: 'routes[0].prefix',
    message: /network of lan\.40/,
  },
  {
    rule: 'no default route',
    severity: 'warning',
    changes: { ...ports(wan, lan), routes: [] },
    path: 'routes',
    message: /no IPv4 default route/,
  },
  {
    rule: 'a policy route twice',
    changes: {
      policyRoutes: [
        { name: 'a', from: ['10.0.0.0/8'], via: '198.51.100.1' },
        { name: 'a', from: ['11.0.0.0/8'], via: '198.51.100.1' },
      ],
    },
    path: 'policyRoutes[1].name',
    message: /has already/,
  },
  {
    rule: 'a policy route from an unknown interface',
    changes: { policyRoutes: [{ name: 'a', from: ['10.0.0.0/8'], via: '198.51.100.1', incoming: 'lam' }] },
    path: 'policyRoutes[0].incoming',
    message: /not the name of an interface/,
  },
  {
    rule: 'a policy route to nowhere',
    changes: { ...ports(wan, lan), policyRoutes: [{ name: 'a', from: ['10.0.0.0/8'], via: '198.51.100.9' }] },
    path: 'policyRoutes[0].via',
    message: /no connected network/,
  },
  {
    rule: 'a policy route of two families',
    changes: { policyRoutes: [{ name: 'a', from: ['2001:db8::/32'], via: '198.51.100.1' }] },
    path: 'policyRoutes[0].from[0]',
    message: /another family/,
  },
  {
    rule: 'overlapping policy routes',
    severity: 'warning',
    changes: {
      policyRoutes: [
        { name: 'a', from: ['10.0.0.0/8'], via: '198.51.100.1' },
        { name: 'b', from: ['10.1.0.0/16'], via: '198.51.100.1', incoming: 'lan' },
      ],
    },
    path: 'policyRoutes[1].from[0]',
    message: /overlaps policyRoutes\[0\]\.from\[0\]/,
  },
]

suite('rules of routes', () => {
  for (const each of cases) test(titleOf(each), () => assertFound(each))
})
