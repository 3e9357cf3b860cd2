import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { changed } from '../config/sample.ts'
import { RouterConfig } from '../config/model.ts'
import { answersOf } from './existing.ts'
import { exampleAnswers } from './example.ts'
import { identify, merge } from './merge.ts'
import { Answers } from './model.ts'
import { findingsOf } from './question.ts'
import { fresh, nic, nics, situationOf } from './sample.ts'

suite('answers and configurations', () => {
  test('the answers that a configuration gives already change nothing in it', () => {
    const config = changed({})
    assert.deepEqual(merge(config, answersOf(config), nics), config)
  })

  test('sections that are left out stay, and none takes one away', () => {
    const config = changed({})
    assert.deepEqual(merge(config, Answers.parse({}), nics), config)
    const without = RouterConfig.parse(merge(config, Answers.parse({ bgp: 'none', nat: 'none', management: 'none' }), nics))
    assert.deepEqual([without.bgp, without.nat, without.management], [undefined, undefined, undefined])
  })

  test('settings of peers that are not asked about stay with the peer', () => {
    const config = changed({
      bgp: { asn: 64500, routerId: '203.0.113.1', peers: [{ name: 'a', address: '198.51.100.1', asn: 64496, bfd: true }] },
    })
    const bgp = { asn: 64500, routerId: '203.0.113.1', peers: [{ name: 'b', address: '198.51.100.1', asn: 64497 }] }
    const [peer] = RouterConfig.parse(merge(config, Answers.parse({ bgp }), nics)).bgp?.peers ?? []
    assert.deepEqual([peer?.name, peer?.asn, peer?.bfd], ['b', 64497, true])
  })

  test('a link-local gateway says by which interface', () => {
    const external = [{ nic: 'enp2s0', name: 'wan', addresses: ['2001:db8::2/64'], gateways: ['fe80::1'] }]
    assert.deepEqual(merge(fresh, Answers.parse({ external }), nics).routes, [{ prefix: '::/0', via: 'fe80::1', interface: 'wan' }])
  })

  test('a card is found by what stays', () => {
    const cards = [...nics, nic('veth0', 4, { virtual: true, onPci: false }), nic('dual0', 5), nic('dual1', 6, { pci: '0000:05:00.0' })]
    const table: [reference: string, found: object][] = [
      ['enp2s0', { pci: '0000:02:00.0' }],
      ['enp3s0', { mac: '02:00:5e:00:53:03' }],
      ['veth0', { name: 'veth0' }],
      ['dual1', { mac: '02:00:5e:00:53:06' }],
      ['absent0', { name: 'absent0' }],
      ['02:00:5E:00:53:77', { mac: '02:00:5e:00:53:77' }],
      ['0000:77:00.0', { pci: '0000:77:00.0' }],
    ]
    for (const [reference, found] of table) assert.deepEqual(identify(cards, reference), found)
  })

  test('cards that are not there, or have two roles, are found', () => {
    const port = { name: 'wan', nic: 'enp9s0' }
    const answers = Answers.parse({ external: [port], internal: [{ nic: 'eno1', name: 'lan' }], management: { nic: '0000:01:00.0' } })
    assert.deepEqual(
      findingsOf(situationOf(), answers).map(({ path, message }) => `${path} ${message}`),
      [
        'external[0].nic is no network card of this machine',
        'internal[0].nic is the card of management.nic already',
        'internal[0].nic is the network card that management.nic takes already',
      ],
    )
  })

  test('what is wrong is said where it was answered', () => {
    const answers = Answers.parse({
      external: [{ nic: 'enp2s0', name: 'wan', addresses: ['192.0.2.0/30'], gateways: ['198.51.100.1'] }],
      internal: [{ nic: 'enp3s0', name: 'lan', addresses: ['192.168.0.1/24'] }],
      nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.112.0/22' }] },
    })
    const errors = findingsOf(situationOf(), answers).filter(({ severity }) => severity === 'error')
    assert.deepEqual(
      errors.map(({ path }) => path),
      ['external[0].addresses[0]', 'external[0].gateways[0]', 'nat.mappings[0].outside'],
    )
  })

  test('the example fits its own schema and has nothing wrong', () => {
    const answers = Answers.parse(exampleAnswers('edge1', nics, 'eno1'))
    const { rules: _rules, ...situation } = situationOf()
    assert.deepEqual(findingsOf({ ...situation, rules: situationOf().rules }, answers), [])
    assert.ok(Answers.safeParse(exampleAnswers('edge1', [], undefined)).success)
  })
})
