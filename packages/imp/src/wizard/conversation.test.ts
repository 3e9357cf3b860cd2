import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeHost, type FakeHost } from '@imp/kit/host/fake.ts'
import { checkConfig } from '../config/check.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import { back, cancel, enter, type Line } from './fake-ask.ts'
import { hold, menu } from './fake-conversation.ts'
import { fresh } from './sample.ts'

/** The answers on the disk. */
function answersIn(host: FakeHost): string | undefined {
  const text = host.contents.get('/state/drafts/anna.json')
  return text === undefined ? undefined : JSON.stringify((JSON.parse(text) as { answers: unknown }).answers)
}

const begin: readonly Line[] = [[menu, enter]]
const cards: readonly Line[] = [
  [/all network cards/, enter],
  [/Name of this router/, 'bad name'],
  [/Name of this router/, 'edge1'],
]
const roles: readonly Line[] = [
  [/for management/, enter],
  [/external/, enter],
  [/internal/, enter],
]
const management: readonly Line[] = [
  [/get its address/, 'static'],
  [/^IPv4 address of the management port/, '198.51.100.10'],
  [/^IPv4 address of the management port/, '198.51.100.10/25'],
  [/^IPv4 gateway/, '203.0.113.1'],
  [/^IPv4 gateway/, enter],
  [/^IPv6 address/, enter],
  [/^Name servers/, 'ns.example.net'],
  [/^Name servers/, '198.51.100.53, 2001:db8::53'],
]
const external: readonly Line[] = [
  [/^Name for enp2s0/, '1wan'],
  [/^Name for enp2s0/, enter],
  [/^IPv4 address of wan/, '192.0.2.0/30'],
  [/^IPv4 address of wan/, '192.0.2.2/30'],
  [/^IPv4 gateway behind wan \(Enter for 192\.0\.2\.1, /, '192.0.2.9'],
  [/^IPv4 gateway/, enter],
  [/^IPv6 address of wan/, '192.0.2.9/30'],
  [/^IPv6 address of wan/, '2001:db8:ffff::2/64'],
  [/^IPv6 gateway/, enter],
]
const internal: readonly Line[] = [
  [/^Name for enp3s0/, 'wan'],
  [/^Name for enp3s0/, enter],
  [/^IPv4 address of lan/, '192.0.2.1/29'],
  [/^IPv4 address of lan/, '192.168.0.1/24'],
  [/^IPv6 address of lan/, '2001:db8:10::1/64'],
  [/router advertisements on lan/, enter],
]
const bgp: readonly Line[] = [
  [/speak BGP/, true],
  [/own autonomous system/, '23456'],
  [/own autonomous system/, '64500'],
  [/^Router id.*192\.0\.2\.2/, '192.0.2.300'],
  [/^Router id/, enter],
  [/announce.*2001:db8:10::\/48/, '203.0.113.0'],
  [/announce/, enter],
  [/Whom/, enter],
  [/address of the peer \(Enter for 192\.0\.2\.1\)/, '192.0.2.2'],
  [/address of the peer/, enter],
  [/its autonomous system/, 'x'],
  [/its autonomous system/, '64496'],
  [/^Name for the peer \(Enter for upstream4\)/, enter],
  [/^Peers/, enter],
  [/address of the peer \(Enter for 2001:db8:ffff::1\)/, enter],
  [/its autonomous system \(Enter for 64496\)/, enter],
  [/^Name for the peer \(Enter for upstream6\)/, enter],
  [/^Peers/, enter],
]
const nat: readonly Line[] = [
  [/NAT/, enter],
  [/translated to which pool/, enter],
  [/^Inside network \(Enter for 192\.168\.0\.0\/24\)/, '192.0.2.0/30'],
  [/^Inside network/, enter],
  [/^Pool/, '203.0.112.0/23'],
  [/^Pool/, '203.0.113.96/30'],
  [/^Announce 203\.0\.113\.0\/24/, enter],
  [/^Mappings/, enter],
  [/nothing is translated/, 'add'],
  [/^Packets from \(Enter for 192\.168\.0\.0\/24\)/, enter],
  [/keep their source address/, '198.51.100.0'],
  [/keep their source address/, '198.51.100.0/24'],
  [/nothing is translated/, enter],
]
const nat64: readonly Line[] = [
  [/NAT64/, true],
  [/which IPv6 prefix/, 'own'],
  [/^Own prefix.*Enter for 2001:db8:10:ffff::\/96/, '2001:db8:10::/64'],
  [/^Own prefix/, '2001:db8:10:64::/95'],
  [/^Own prefix/, enter],
  [/^Public IPv4 addresses.*Enter for 203\.0\.113\.240\/28/, '203.0.113.96/32'],
  [/^Public IPv4 addresses/, '198.51.100.64/29'],
  [/^Announce 198\.51\.100\.0\/24/, back],
  [/^Public IPv4 addresses/, '203.0.113.64/29'],
]
const all = [...begin, ...cards, ...roles, ...management, ...external, ...internal, ...bgp, ...nat, ...nat64]
const finish: readonly Line[] = [
  [menu, enter],
  [/^Commit now/, enter],
]

suite('all seven phases', () => {
  test('make a configuration in which nothing is wrong, and refuse what is', async () => {
    const { ending, ask, config } = await hold([...all, ...finish])
    assert.ok(config !== undefined && ending.ending === 'finished')
    assert.equal(ending.commit, 'confirm')
    assert.deepEqual(ask.left, [])
    assert.deepEqual(checkConfig(config), [])
    assert.deepEqual(
      ask.refused.map((text) => text.slice(0, 40)),
      [
        '"bad name" must be DNS labels joined by ',
        '"198.51.100.10" is not an address with p',
        'is in no network of the management port:',
        '"ns.example.net" is not an IPv4 or IPv6 ',
        '"1wan" must start with a letter and hold',
        'is the address of the network 192.0.2.0/',
        'is in no connected network and behind no',
        '"192.0.2.9" is not an IPv6 address',
        'is a name that interfaces[0].name has al',
        'external[0].addresses[0]: 192.0.2.0/30 o',
        '"23456" is reserved (RFC 7607, RFC 7300,',
        '"192.0.2.300" is not an IPv4 address',
        '"203.0.113.0" is not a network prefix (a',
        'is an address of this router itself: use',
        '"x" is not a whole number',
        'overlaps the network of the external int',
        'is larger than the inside network 192.16',
        '"198.51.100.0" is not a network prefix (',
        'overlaps the network of lan: use a prefi',
        'has a length that RFC 6052 does not know',
        'overlaps 203.0.113.96/30 of nat.mappings',
      ],
    )
    assert.deepEqual(
      config.interfaces.map(({ name, nic, role, addresses }) => ({ name, nic, role, addresses })),
      [
        { name: 'wan', nic: { pci: '0000:02:00.0' }, role: 'external', addresses: ['192.0.2.2/30', '2001:db8:ffff::2/64'] },
        { name: 'lan', nic: { mac: '02:00:5e:00:53:03' }, role: 'internal', addresses: ['192.168.0.1/24', '2001:db8:10::1/64'] },
      ],
    )
    assert.deepEqual(config.routes, [
      { prefix: '0.0.0.0/0', via: '192.0.2.1' },
      { prefix: '::/0', via: '2001:db8:ffff::1' },
    ])
    assert.deepEqual(config.management, {
      nic: { pci: '0000:01:00.0' },
      mode: 'static',
      addresses: ['198.51.100.10/25'],
      gateways: ['198.51.100.1'],
      dns: ['198.51.100.53', '2001:db8::53'],
      ntp: [],
    })
    assert.deepEqual(
      [config.hostname, config.bgp?.asn, config.bgp?.routerId, config.bgp?.announced],
      ['edge1', 64500, '192.0.2.2', ['2001:db8:10::/48', '203.0.113.0/24']],
    )
    assert.deepEqual(
      config.bgp?.peers.map(({ name, address, asn }) => [name, address, asn]),
      [
        ['upstream4', '192.0.2.1', 64496],
        ['upstream6', '2001:db8:ffff::1', 64496],
      ],
    )
    assert.deepEqual(config.nat, {
      mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.96/30' }],
      bypass: [{ source: '192.168.0.0/24', destination: '198.51.100.0/24' }],
    })
    assert.deepEqual(config.nat64, { prefix: '2001:db8:10:ffff::/96', pool: '203.0.113.64/29' })
  })

  test('ended by ^C, nothing is lost', async () => {
    const host = fakeHost()
    const kept: (string | undefined)[] = []
    await hold([...all, ...finish], fresh, host, () => void kept.push(answersIn(host)))
    const questions = all.length
    assert.ok(kept.length > questions)
    for (let at = 0; at < questions; at += 16) {
      const { ending, host: left } = await hold([...all.slice(0, at), [/./, cancel]])
      assert.equal(ending.ending, 'cancelled')
      assert.equal(answersIn(left), kept[at], `question ${at}`)
    }
  })

  test('ended by ^C, they go on in the same phase with the same answers', async () => {
    const { host } = await hold([...begin, ...cards, ...roles, ...management, ...external.slice(0, 5), [/gateway/, cancel]])
    const rest: readonly Line[] = [
      [/Name for enp2s0/, enter],
      [/IPv4 address of wan/, enter],
      [/IPv4 gateway/, enter],
      [/IPv6 address of wan/, enter],
    ]
    const { config } = await hold(
      [[/not finished/, enter], ...begin, ...rest, ...internal, [/speak BGP/, false], [/NAT/, false], [/NAT64/, false], ...finish],
      fresh,
      host,
    )
    assert.deepEqual(
      config?.interfaces.map(({ name, addresses }) => [name, addresses]),
      [
        ['wan', ['192.0.2.2/30']],
        ['lan', ['192.168.0.1/24', '2001:db8:10::1/64']],
      ],
    )
    assert.deepEqual(config.routes, [{ prefix: '0.0.0.0/0', via: '192.0.2.1' }])
  })
})

suite('back', () => {
  test('goes from any question to the one before, over phases by the menu', async () => {
    const { ending, ask } = await hold([
      ...begin,
      ...cards,
      [/for management/, enter],
      [/external/, enter],
      [/internal/, back],
      [/external/, back],
      [/for management/, back],
      [menu, 'nics'],
      [/all network cards/, enter],
      [/Name of this router/, enter],
      [menu, 'roles'],
      ...roles,
      [/get its address/, back],
      [menu, back],
    ])
    assert.deepEqual([ending.ending, ask.left], ['kept', []])
  })

  test('of an added peer comes to the list, from which it can be removed', async () => {
    const { config } = await hold([
      ...begin,
      ...cards,
      ...roles,
      ...management,
      ...external,
      ...internal,
      ...bgp.slice(0, 7),
      [/Whom/, 'add'],
      [/address of the peer/, back],
      [/^Peers/, 'remove 0'],
      [/Whom/, 'on'],
      [/NAT/, false],
      [/NAT64/, false],
      ...finish,
    ])
    assert.deepEqual(config?.bgp?.peers, [])
  })
})

suite('what is there already', () => {
  const document: RouterConfigInput = {
    ...fresh,
    interfaces: [
      { name: 'transit', role: 'external', nic: { pci: '0000:02:00.0' }, mtu: 9000, addresses: ['192.0.2.2/30'] },
      { name: 'home', role: 'internal', nic: { mac: '02:00:5e:00:53:03' }, subinterfaces: [{ vlan: 7, addresses: ['192.168.7.1/24'] }] },
    ],
    loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'] }],
    routes: [
      { prefix: '0.0.0.0/0', via: '192.0.2.1', distance: 5 },
      { prefix: '10.0.0.0/8', via: '192.168.7.2' },
    ],
  }

  test('is the default of every question, and stays where nothing is asked', async () => {
    const { config, ask } = await hold(
      [
        [menu, 'external'],
        [/IPv4 address of transit/, enter],
        [/IPv4 gateway/, enter],
        [/IPv6/, enter],
        [menu, 'review'],
        [/^Commit now/, 'candidate'],
      ],
      document,
    )
    assert.deepEqual(config, RouterConfig.parse(document))
    assert.deepEqual(ask.left, [])
    assert.ok(ask.told.includes('No question is about these, which stay as they are: 1 VLAN, 1 loopback, 1 static route.'), ask.told.join())
  })

  test('follows an answer that changes it: the gateway, not the other routes', async () => {
    const { config } = await hold(
      [
        [menu, 'external'],
        [/IPv4 address of transit/, '198.51.100.2/30'],
        [/IPv4 gateway/, '198.51.100.1'],
        [/IPv6/, enter],
        [menu, 'review'],
        [/^Commit now/, 'commit'],
      ],
      document,
    )
    assert.deepEqual(config?.routes, [
      { prefix: '10.0.0.0/8', via: '192.168.7.2' },
      { prefix: '0.0.0.0/0', via: '198.51.100.1' },
    ])
    assert.deepEqual([config.interfaces[0]?.mtu, config.loopbacks.length, config.interfaces[1]?.subinterfaces.length], [9000, 1, 1])
  })

  test('goes with the card that loses its role', async () => {
    const { ending, config } = await hold(
      [
        [menu, 'roles'],
        [/for management/, 'none'],
        [/external/, ['enp2s0']],
        [/internal/, []],
        [menu, 'review'],
        [/^Commit now|errors/, 'candidate'],
      ],
      document,
    )
    assert.equal(ending.ending, 'finished')
    assert.deepEqual(
      config?.interfaces.map(({ name }) => name),
      ['transit'],
    )
  })

  test('with an error it is not offered to be committed', async () => {
    const script: readonly Line[] = [
      [menu, 'review'],
      [/There are errors/, enter],
      [menu, 'drop'],
    ]
    const { ending } = await hold(script, { ...document, routes: [{ prefix: '10.0.0.0/8', via: '203.0.113.200' }] })
    assert.equal(ending.ending, 'dropped')
  })
})
