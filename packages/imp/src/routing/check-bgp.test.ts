import { suite, test } from 'node:test'
import { assertFound, changedPeer, lan, transit, wan, titleOf, type Case } from '../config/sample.ts'

const cases: readonly Case[] = [
  {
    rule: 'a peer name twice',
    changes: {
      bgp: { asn: 64500, routerId: '203.0.113.1', announced: ['203.0.113.0/24'], peers: [transit, { ...transit, address: '192.168.0.3' }] },
    },
    path: 'bgp.peers[1].name',
    message: /has already/,
  },
  {
    rule: 'a peer address twice',
    changes: {
      bgp: { asn: 64500, routerId: '203.0.113.1', announced: ['203.0.113.0/24'], peers: [transit, { ...transit, name: 'other' }] },
    },
    path: 'bgp.peers[1].address',
    message: /bgp\.peers\[0\] already/,
  },
  {
    rule: 'a peer out of reach',
    changes: changedPeer({ address: '198.51.100.77' }),
    path: 'bgp.peers[0].address',
    message: /no connected network/,
  },
  {
    rule: 'a distant peer without a route',
    severity: 'warning',
    changes: {
      ...changedPeer({ address: '198.51.100.77', multihop: 2 }),
      ospf: undefined,
      interfaces: [wan, lan],
      loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'] }],
      bridges: [],
      crossConnects: [],
      policyRoutes: [],
    },
    path: 'bgp.peers[0].address',
    message: /behind no static route/,
  },
  {
    rule: 'a peer that is the router itself',
    changes: changedPeer({ address: '192.168.0.1' }),
    path: 'bgp.peers[0].address',
    message: /router itself/,
  },
  { rule: 'a link-local peer', changes: changedPeer({ address: 'fe80::1' }), path: 'bgp.peers[0].address', message: /link-local/ },
  {
    rule: 'an unknown update source',
    changes: changedPeer({ updateSource: 'lo9' }),
    path: 'bgp.peers[0].updateSource',
    message: /neither an address nor/,
  },
  {
    rule: 'a foreign update source',
    changes: changedPeer({ updateSource: '203.0.113.2' }),
    path: 'bgp.peers[0].updateSource',
    message: /not an address of this router/,
  },
  {
    rule: 'an update source of another family',
    changes: changedPeer({ updateSource: '2001:db8:10::1' }),
    path: 'bgp.peers[0].updateSource',
    message: /no IPv4 address/,
  },
  {
    rule: 'a keepalive that is too long',
    changes: changedPeer({ keepalive: 31 }),
    path: 'bgp.peers[0].keepalive',
    message: /third of holdTime 90/,
  },
  {
    rule: 'an accepted prefix of another family',
    changes: changedPeer({ import: { accept: [{ prefix: '2001:db8::/32' }] } }),
    path: 'bgp.peers[0].import.accept[0].prefix',
    message: /family of the peer/,
  },
  {
    rule: 'a range that ends before it begins',
    changes: changedPeer({ import: { reject: [{ prefix: '10.0.0.0/8', maximumLength: 7 }] } }),
    path: 'bgp.peers[0].import.reject[0].maximumLength',
    message: /no length inside/,
  },
  {
    rule: 'a range that is longer than addresses',
    changes: changedPeer({ import: { reject: [{ prefix: '10.0.0.0/8', maximumLength: 33 }] } }),
    path: 'bgp.peers[0].import.reject[0].maximumLength',
    message: /no length inside/,
  },
  {
    rule: 'a default route that is listed and refused',
    changes: changedPeer({ import: { accept: [{ prefix: '0.0.0.0/0' }] } }),
    path: 'bgp.peers[0].import.accept[0]',
    message: /acceptDefault/,
  },
  {
    rule: 'a peer that may tell nothing',
    severity: 'warning',
    changes: changedPeer({ import: { accept: [] } }),
    path: 'bgp.peers[0].import.accept',
    message: /takes nothing/,
  },
  {
    rule: 'an export that is not announced',
    changes: changedPeer({ export: { announced: ['198.18.0.0/15'] } }),
    path: 'bgp.peers[0].export.announced[0]',
    message: /not among the announced/,
  },
  {
    rule: 'an export of another family',
    changes: changedPeer({ export: { announced: ['2001:db8:10::/48'] } }),
    path: 'bgp.peers[0].export.announced[0]',
    message: /family of the peer/,
  },
  {
    rule: 'a peer that hears nothing',
    severity: 'warning',
    changes: { ...changedPeer({}, ['2001:db8:10::/48']), nat: undefined },
    path: 'bgp.peers[0].export',
    message: /nothing of IPv4/,
  },
  {
    rule: 'an announcement twice',
    changes: { ...changedPeer({}, ['203.0.113.0/24', '203.0.113.0/24']) },
    path: 'bgp.announced[1]',
    message: /bgp\.announced\[0\] already/,
  },
  {
    rule: 'an announced default route',
    changes: { ...changedPeer({}, ['203.0.113.0/24', '0.0.0.0/0']) },
    path: 'bgp.announced[1]',
    message: /export\.default|default route/,
  },
  {
    rule: 'a foreign router id',
    severity: 'warning',
    changes: { bgp: { asn: 64500, routerId: '203.0.113.9', announced: ['203.0.113.0/24'] } },
    path: 'bgp.routerId',
    message: /not an address of this router/,
  },
  {
    rule: 'no router id at all',
    changes: { bgp: { asn: 64500, routerId: '0.0.0.0', announced: ['203.0.113.0/24'] } },
    path: 'bgp.routerId',
    message: /no identity/,
  },
  {
    rule: 'hops to a peer of our own AS',
    changes: changedPeer({ asn: 64500, multihop: 3 }),
    path: 'bgp.peers[0].multihop',
    message: /another AS/,
  },
  {
    rule: 'a client of another AS',
    changes: changedPeer({ reflectorClient: true }),
    path: 'bgp.peers[0].reflectorClient',
    message: /for iBGP/,
  },
  { rule: 'a next hop of another AS', changes: changedPeer({ nextHopSelf: false }), path: 'bgp.peers[0].nextHopSelf', message: /for iBGP/ },
  {
    rule: 'two ways to say how far away a peer is',
    changes: changedPeer({ multihop: 3, ttlSecurity: 3 }),
    path: 'bgp.peers[0].ttlSecurity',
    message: /beside multihop/,
  },
  {
    rule: 'communities that are not sent',
    changes: changedPeer({ export: { communities: ['64500:1'], sendCommunities: false } }),
    path: 'bgp.peers[0].export.communities',
    message: /not sent/,
  },
  {
    rule: 'a cluster without clients',
    severity: 'warning',
    changes: { bgp: { asn: 64500, routerId: '203.0.113.1', clusterId: '203.0.113.1', announced: ['203.0.113.0/24'], peers: [transit] } },
    path: 'bgp.clusterId',
    message: /no effect/,
  },
  {
    rule: 'very long prefix lists',
    severity: 'warning',
    changes: { ...changedPeer({ import: { reject: Array.from({ length: 200 }, (_, index) => ({ prefix: `5.${index}.0.0/16` })) } }) },
    path: 'bgp',
    message: /2\d\d entries/,
  },
]

suite('rules of BGP', () => {
  for (const each of cases) test(titleOf(each), () => assertFound(each))
})
