import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import assert from 'node:assert/strict'
import { parseRouterConfig } from '../../config/load.ts'
import { RouterConfig } from '../../config/model.ts'
import { batchLine } from './change.ts'
import { nothingMade } from './desired.ts'
import { requiredFeatures } from './features.ts'
import { nothingObserved, type ObservedLink } from './observe.ts'
import { planLinux } from './plan.ts'
import { renderLinux } from './render.ts'

const configurations = join(import.meta.dirname, '../../config/golden')
const golden = join(import.meta.dirname, 'golden')
const names = readdirSync(configurations)

function read(name: string): RouterConfig {
  const path = join(configurations, name, 'router.json')
  return parseRouterConfig(readFileSync(path, 'utf8'), path)
}

/** A machine that has all cards that a configuration asks for. */
function cardsOf(config: RouterConfig): ObservedLink[] {
  return config.interfaces.map((port, index) => ({
    name: port.nic?.name ?? `eth${index}`,
    alternativeNames: [],
    mac: port.nic?.mac ?? `02:00:5e:00:53:f${index}`,
    ...(port.nic?.pci === undefined ? {} : { pci: port.nic.pci }),
    mtu: 1500,
    up: false,
    carrier: true,
    addresses: [],
    ...(port.nic === undefined ? { name: port.name } : {}),
  }))
}

/** Everything that a fresh machine is told, as text: the lines for `ip -batch`, sysctl settings and tables without the NAT map. */
function script(config: RouterConfig): string {
  const desired = renderLinux(config)
  const plan = planLinux(desired, { ...nothingObserved, links: [...nothingObserved.links, ...cardsOf(config)] }, nothingMade)
  return [
    ...plan.prepare.map(batchLine),
    ...plan.sysctls.map(({ key, after }) => `sysctl ${key}=${after}`),
    ...plan.activate.map(batchLine),
    ...desired.tables.map((table) => (table.name === 'imp_nat' ? `table ${table.name}` : table.text)),
    '',
  ].join('\n')
}

suite('the Linux dataplane of', () => {
  for (const name of names) {
    test(name, (t) => t.assert.fileSnapshot(script(read(name)), join(golden, `${name}.txt`), { serializers: [(value: string) => value] }))
  }

  test('a configuration with an outer tag that nobody asked for by itself', () => {
    const config = RouterConfig.parse({
      schema: 'imp.router',
      version: 1,
      hostname: 'r1',
      interfaces: [
        { name: 'wan', role: 'external' },
        { name: 'lan', role: 'internal', subinterfaces: [{ vlan: 100, innerVlan: 7, protocol: 'dot1ad', addresses: ['10.0.7.1/24'] }] },
      ],
      crossConnects: [{ from: 'wan', to: 'lan', vlan: 200, innerVlan: 9 }],
    })
    const links = renderLinux(config).links.map(({ name, parent, vlan, protocol, master }) => [name, parent, vlan, protocol, master])
    assert.deepEqual(links.slice(3), [
      ['cross200-9', undefined, undefined, undefined, undefined],
      ['lan.100', 'lan', 100, '802.1ad', undefined],
      ['wan.200', 'wan', 200, '802.1Q', undefined],
      ['lan.200', 'lan', 200, '802.1Q', undefined],
      ['lan.100.7', 'lan.100', 7, '802.1Q', undefined],
      ['wan.200.9', 'wan.200', 9, '802.1Q', 'cross200-9'],
      ['lan.200.9', 'lan.200', 9, '802.1Q', 'cross200-9'],
    ])
    assert.deepEqual(requiredFeatures(config), ['802.1Q', '802.1ad', 'bridge'])
  })
})

suite('requiredFeatures', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['no-nat', []],
    ['single-uplink', ['nat']],
    ['bridge-tagged', ['802.1Q', 'bridge', 'nat']],
  ]
  for (const [name, features] of cases) {
    test(`${name}: ${features.join(', ') || 'none'}`, () => {
      const required = requiredFeatures(read(name))
      assert.deepEqual(
        required.filter((feature) => feature !== 'policy-routing'),
        features,
      )
    })
  }
})
