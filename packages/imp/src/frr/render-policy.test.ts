/** What route maps say where several parts of a policy meet. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bgp, type ImportPolicy } from '../routing/model.ts'
import { renderCommunityLists, renderRouteMaps } from './render-policy.ts'
import type { z } from 'zod'

function importing(...policies: z.input<typeof ImportPolicy>[]): Bgp {
  return Bgp.parse({
    asn: 64500,
    routerId: '192.0.2.1',
    peers: policies.map((policy, index) => ({ name: `peer${index}`, address: `192.0.2.${index + 2}`, asn: 64496, import: policy })),
  })
}

function clauses(bgp: Bgp): (readonly unknown[])[] {
  return renderRouteMaps(bgp)
    .filter(({ first }) => first.startsWith('route-map peer0-in '))
    .map(({ first, entries }) => [first.split(' ')[2], ...entries])
}

const accept = [{ prefix: '198.51.100.0/24' }]

test('a preference by community goes before that of the peer, for every list of what is taken', () => {
  const communities = [
    { community: '64496:70', localPreference: 70 },
    { community: '64496:666', reject: true as const },
  ]
  assert.deepEqual(clauses(importing({ accept, acceptDefault: true, localPreference: 120, communities })), [
    ['deny', 'match community community-64496:666'],
    ['permit', 'match ip address prefix-list default4', 'match community community-64496:70', 'set local-preference 70'],
    ['permit', 'match ip address prefix-list peer0-accept', 'match community community-64496:70', 'set local-preference 70'],
    ['permit', 'match ip address prefix-list default4', 'set local-preference 120'],
    ['permit', 'match ip address prefix-list peer0-accept', 'set local-preference 120'],
  ])
})

test('a community never lets in what the policy does not take', () => {
  const communities = [{ community: '64496:70', localPreference: 70 }]
  assert.deepEqual(clauses(importing({ accept: [], communities })), [['deny', 'match ip address prefix-list default4']])
})

test('peers share the list of a community', () => {
  const tagged = (community: string): z.input<typeof ImportPolicy> => ({ communities: [{ community, localPreference: 0 }] })
  assert.deepEqual(renderCommunityLists(importing(tagged('no-export'), tagged('64496:70'), tagged('no-export'))), [
    'bgp community-list standard community-64496:70 seq 5 permit 64496:70',
    'bgp community-list standard community-no-export seq 5 permit no-export',
  ])
})
