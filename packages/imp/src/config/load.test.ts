import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { formatRouterConfig, loadRouterConfig, parseRouterConfig } from './load.ts'
import { changed } from './sample.ts'

const envelope = { schema: 'imp.router', version: 1, hostname: 'edge1' }

const refused: readonly (readonly [what: string, document: unknown, path: string, message: RegExp])[] = [
  ['an array', [], '', /expected object/i],
  ['no envelope', { hostname: 'a' }, 'schema', /imp\.router/],
  ['the schema of something else', { ...envelope, schema: 'vmm.vm' }, 'schema', /imp\.router/],
  ['a newer version', { ...envelope, version: 2, novelty: true }, 'version', /newer program/],
  ['an unknown key', { ...envelope, interfeces: [] }, 'interfeces', /unknown key/],
  ['an unknown key inside', { ...envelope, interfaces: [{ name: 'a', role: 'internal', vlan: 3 }] }, 'interfaces[0].vlan', /unknown key/],
  ['a missing field', { ...envelope, interfaces: [{ name: 'a' }] }, 'interfaces[0].role', /./],
  ['a keyword as a name', { ...envelope, interfaces: [{ name: 'up', role: 'internal' }] }, 'interfaces[0].name', /keyword/],
  [
    'a pipe in a description',
    { ...envelope, interfaces: [{ name: 'a', role: 'internal', description: 'a | b' }] },
    'interfaces[0].description',
    /"\|"/,
  ],
  [
    'a card found in two ways',
    { ...envelope, interfaces: [{ name: 'a', role: 'internal', nic: { name: 'b', pci: '0000:01:00.0' } }] },
    'interfaces[0].nic',
    /exactly one/,
  ],
  ['a card found in no way', { ...envelope, interfaces: [{ name: 'a', role: 'internal', nic: {} }] }, 'interfaces[0].nic', /exactly one/],
  [
    'an address without a length',
    { ...envelope, interfaces: [{ name: 'a', role: 'internal', addresses: ['192.0.2.1'] }] },
    'interfaces[0].addresses[0]',
    /prefix length/,
  ],
  ['a route to nowhere', { ...envelope, routes: [{ prefix: '0.0.0.0/0' }] }, 'routes[0]', /next hop/],
  ['a route to everywhere', { ...envelope, routes: [{ prefix: '0.0.0.0/0', via: '192.0.2.1', blackhole: true }] }, 'routes[0]', /next hop/],
  [
    'a prefix with host bits',
    { ...envelope, routes: [{ prefix: '192.0.2.1/24', blackhole: true }] },
    'routes[0].prefix',
    /the network is 192\.0\.2\.0\/24/,
  ],
  [
    'IPv6 in NAT',
    { ...envelope, nat: { mappings: [{ inside: '2001:db8::/64', outside: '192.0.2.0/30' }] } },
    'nat.mappings[0].inside',
    /IPv4/,
  ],
  [
    'a community that is none',
    {
      ...envelope,
      bgp: { asn: 1, routerId: '192.0.2.1', peers: [{ name: 'a', address: '192.0.2.2', asn: 2, export: { communities: ['70000:1'] } }] },
    },
    'bgp.peers[0].export.communities[0]',
    /65535/,
  ],
]

suite('loading a configuration', () => {
  for (const [what, document, path, message] of refused) {
    test(`${what} is refused`, () => {
      const { config, findings } = loadRouterConfig(JSON.stringify(document), 'router.json')
      assert.equal(config, undefined)
      const found = findings.find((finding) => finding.path === path)
      assert.ok(found !== undefined && message.test(found.message), JSON.stringify(findings))
    })
  }

  test('what is not JSON is one finding about the whole document', () => {
    const { config, findings } = loadRouterConfig('{"schema": "imp.router",}', 'router.json')
    assert.equal(config, undefined)
    assert.deepEqual(
      findings.map(({ path, severity }) => [path, severity]),
      [['', 'error']],
    )
    assert.match(findings[0]?.message ?? '', /is not JSON: .*position 24/)
  })

  test('all findings of all fields come at once', () => {
    const document = { ...envelope, hostname: '-', interfaces: [{ name: '1', role: 'wan', mtu: 9 }] }
    const paths = loadRouterConfig(JSON.stringify(document), 'router.json').findings.map((finding) => finding.path)
    assert.deepEqual(new Set(paths), new Set(['hostname', 'interfaces[0].name', 'interfaces[0].role', 'interfaces[0].mtu']))
  })

  test('an unknown key does not hide errors between fields', () => {
    const interfaces = [
      { name: 'a', role: 'internal', adresses: [] },
      { name: 'a', role: 'internal', nic: { name: 'b' } },
    ]
    const { config, findings } = loadRouterConfig(JSON.stringify({ ...envelope, interfaces }), 'router.json')
    assert.equal(config, undefined)
    assert.deepEqual(
      findings.map((finding) => finding.path),
      ['interfaces[0].adresses', 'interfaces[1].name'],
    )
  })

  test('errors between fields do not hide the configuration', () => {
    const config = changed({ policyRoutes: [], interfaces: [] })
    const loaded = loadRouterConfig(formatRouterConfig(config), 'router.json')
    assert.deepEqual(loaded.config, config)
    assert.ok(loaded.findings.some((finding) => finding.severity === 'error'))
  })

  test('parsing throws all findings as one fault, and takes warnings', () => {
    const warned = changed({ routes: [] })
    assert.ok(loadRouterConfig(formatRouterConfig(warned), 'router.json').findings.length > 0)
    assert.deepEqual(parseRouterConfig(formatRouterConfig(warned), 'router.json'), warned)
    const wrong = formatRouterConfig(changed({ cpu: { workers: '5-2' }, modules: [{ name: 'a' }, { name: 'a' }] }))
    assert.throws(
      () => parseRouterConfig(wrong, 'router.json'),
      (error) =>
        error instanceof Fault && error.code === 'input' && error.message === 'router.json: 2 errors' && error.findings.length >= 2,
    )
    assert.throws(() => parseRouterConfig('', 'router.json'), { code: 'input' })
  })
})
