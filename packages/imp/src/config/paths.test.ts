import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { differences } from './difference.ts'
import { RouterConfig, type RouterConfigInput } from './model.ts'
import { pathsOf } from './paths-complete.ts'
import { deleteAt, getAt, parsePath, setAt } from './paths.ts'

const document: RouterConfigInput = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge1',
  interfaces: [
    { name: 'wan', role: 'external', addresses: ['198.51.100.2/30'] },
    { name: 'lan', role: 'internal', subinterfaces: [{ vlan: 40 }, { vlan: 41, name: 'guests' }] },
  ],
  loopbacks: [{ instance: 0 }],
  routes: [
    { prefix: '0.0.0.0/0', via: '198.51.100.1' },
    { prefix: '::/0', via: 'fe80::1', interface: 'wan' },
    { prefix: '::/0', via: 'fe80::2', interface: 'wan' },
  ],
  bgp: {
    asn: 64500,
    routerId: '203.0.113.1',
    announced: ['203.0.113.0/24'],
    peers: [{ name: 'transit', address: '198.51.100.1', asn: 64496 }],
  },
  nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.96/28' }] },
  modules: [{ name: 'nat64' }],
}

function set(path: string, ...words: string[]): unknown {
  const after = setAt(document, parsePath(path), words)
  RouterConfig.parse(after)
  return differences(document, after)
}

const settings: readonly { path: string; words: readonly string[]; after: unknown; at?: string }[] = [
  { path: 'hostname', words: ['edge2'], after: 'edge2' },
  { path: 'interfaces.wan.mtu', words: ['9000'], after: 9000 },
  { path: 'interfaces[0].mtu', words: ['9000'], after: 9000, at: 'interfaces.wan.mtu' },
  { path: 'interfaces.wan.enabled', words: ['false'], after: false },
  { path: 'interfaces.wan.addresses', words: ['192.0.2.1/24', '2001:db8::1/64'], after: ['192.0.2.1/24', '2001:db8::1/64'] },
  { path: 'interfaces.wan.addresses', words: ['["192.0.2.1/24"]'], after: ['192.0.2.1/24'] },
  {
    path: 'interfaces.wan.addresses[1]',
    words: ['192.0.2.1/24'],
    after: ['198.51.100.2/30', '192.0.2.1/24'],
    at: 'interfaces.wan.addresses',
  },
  { path: 'interfaces.dmz.role', words: ['internal'], after: { name: 'dmz', role: 'internal' }, at: 'interfaces.dmz' },
  { path: 'interfaces.dmz', words: ['{"role":"internal"}'], after: { name: 'dmz', role: 'internal' } },
  { path: 'interfaces.lan.subinterfaces.40.mtu', words: ['1400'], after: 1400, at: 'interfaces.lan.subinterfaces["40"].mtu' },
  { path: 'interfaces.lan.subinterfaces.guests.mtu', words: ['1400'], after: 1400, at: 'interfaces.lan.subinterfaces["41"].mtu' },
  { path: 'loopbacks.7.addresses', words: ['203.0.113.7/32'], after: { instance: 7, addresses: ['203.0.113.7/32'] }, at: 'loopbacks["7"]' },
  { path: 'routes["0.0.0.0/0"].via', words: ['198.51.100.3'], after: '198.51.100.3', at: 'routes[0].via' },
  { path: 'bgp.peers.transit.description', words: ['Transit, first'], after: 'Transit, first' },
  { path: 'bgp.peers.transit.import', words: ['{"acceptDefault": true}'], after: { acceptDefault: true } },
  { path: 'bgp.peers.transit.import.localPreference', words: ['50'], after: { localPreference: 50 }, at: 'bgp.peers.transit.import' },
  { path: 'nat.mappings[0].outside', words: ['203.0.113.64/28'], after: '203.0.113.64/28' },
  { path: 'modules.nat64.config.pool', words: ['64:ff9b::/96'], after: { pool: '64:ff9b::/96' }, at: 'modules.nat64.config' },
  { path: 'modules.nat64.config.limit', words: ['5'], after: { limit: 5 }, at: 'modules.nat64.config' },
]

suite('set', () => {
  for (const { path, words, after, at = path } of settings) {
    test(`${path} ${words.join(' ')}`, () => {
      const [change, ...more] = set(path, ...words) as { path: string; after: unknown }[]
      assert.deepEqual([change?.path, change?.after, more], [at, after, []])
    })
  }

  test('a new member may be called by another name than its key', () => {
    const named = { instance: 7, name: 'anycast' }
    assert.deepEqual(set('loopbacks.anycast', JSON.stringify(named)), [{ path: 'loopbacks["7"]', after: named }])
  })

  test('a member that is replaced keeps what it was called by', () => {
    const guests = { name: 'guests', vlan: 42 }
    assert.deepEqual(
      getAt(
        setAt(document, parsePath('interfaces.lan.subinterfaces.guests'), ['{"vlan":42}']),
        parsePath('interfaces.lan.subinterfaces.guests'),
      ),
      guests,
    )
    assert.throws(() => set('loopbacks.x', '{"addresses":[]}'), /"x" is not a number/)
  })

  test('leaves the document that it was given', () => {
    const copy = structuredClone(document)
    set('bgp.peers.transit.description', 'x')
    assert.deepEqual(document, copy)
  })
})

const refusals: readonly { path: string; words: readonly string[]; message: RegExp; hint?: RegExp }[] = [
  { path: 'interfaces.wan.mtx', words: ['1'], message: /no field "mtx" in interfaces\.wan/, hint: /did you mean mtu/ },
  { path: 'interfacs.wan', words: ['{}'], message: /no field "interfacs" in the configuration/, hint: /interfaces/ },
  { path: 'interfaces.wan.mtu', words: ['0x10'], message: /interfaces\.wan\.mtu: "0x10" is not a number/ },
  { path: 'interfaces.wan.mtu', words: ['1', '2'], message: /takes one value, not 2/ },
  { path: 'interfaces.wan.enabled', words: ['yes'], message: /not one of: true, false/ },
  { path: 'interfaces.wan.role', words: ['outside'], message: /not one of: external, internal/ },
  { path: 'interfaces.wan.nic', words: ['eth0'], message: /not an object in JSON/ },
  { path: 'interfaces[7].mtu', words: ['1500'], message: /there is no interfaces\[7\]/, hint: /wan, lan/ },
  { path: 'routes["::/0"].via', words: ['fe80::3'], message: /may be several members/, hint: /routes\[1\], routes\[2\]/ },
  { path: 'hostname.first', words: ['x'], message: /no field "first" in hostname/ },
  {
    path: 'interfaces.wam.mtu',
    words: ['1400'],
    message: /there is no interfaces\.wam/,
    hint: /^did you mean wan\? a new one .*"role": /i,
  },
  {
    path: 'bgp.peers.second.description',
    words: ['x'],
    message: /there is no bgp\.peers\.second/,
    hint: /transit; a new one .*"address": .*"asn": /,
  },
  { path: 'loopbacks.x.addresses', words: ['203.0.113.7/32'], message: /"x" is not a number/ },
  { path: '__proto__.x', words: ['1'], message: /no field "__proto__"/ },
  { path: 'interfaces.wan.constructor', words: ['1'], message: /no field "constructor"/ },
]

suite('set refuses', () => {
  for (const { path, words, message, hint } of refusals) {
    test(`${path} ${words.join(' ')}`, () =>
      assert.throws(
        () => set(path, ...words),
        (error: Error & { hint?: string }) => message.test(error.message) && (hint === undefined || hint.test(error.hint ?? '')),
      ))
  }
  for (const path of ['', '.', 'a..b', 'a[', 'a[x]', 'a b', 'a["x]', 'a[1']) {
    test(`the path ${JSON.stringify(path)}`, () => assert.throws(() => parsePath(path), { code: 'input' }))
  }
})

suite('delete', () => {
  const gone: readonly { path: string; at?: string }[] = [
    { path: 'interfaces.lan.subinterfaces.guests', at: 'interfaces.lan.subinterfaces["41"]' },
    { path: 'bgp.peers.transit' },
    { path: 'bgp.announced["203.0.113.0/24"]', at: 'bgp.announced' },
    { path: 'routes[0].via' },
    { path: 'nat' },
  ]
  for (const { path, at = path } of gone) {
    test(path, () =>
      assert.deepEqual(
        differences(document, deleteAt(document, parsePath(path))).map((change) => change.path),
        [at],
      ),
    )
  }

  test('refuses what is not there', () => {
    assert.throws(() => deleteAt(document, parsePath('ospf')), { code: 'not-found' })
    assert.throws(() => deleteAt(document, parsePath('interfaces.wam')), { code: 'not-found', hint: 'did you mean wan?' })
    assert.throws(() => deleteAt(document, parsePath('nat.mappings[1]')), { code: 'not-found' })
  })
})

suite('completion', () => {
  test('knows members by name and every field beside them', () => {
    const paths = pathsOf(document)
    for (const path of [
      'interfaces',
      'interfaces.wan',
      'interfaces.wan.mtu',
      'bgp.peers.transit.description',
      'nat.mappings[0].outside',
      'ospf',
    ])
      assert.ok(paths.includes(path), path)
    assert.ok(!paths.includes('version'))
    assert.equal(new Set(paths).size, paths.length)
  })

  test('every path of it can be looked up in the schema', () => {
    for (const path of pathsOf(document)) assert.ok(parsePath(path).length > 0)
    assert.equal(getAt(document, parsePath('bgp.peers.transit.asn')), 64496)
  })
})
