/** The start order, walked over the texts of the units, together with what the units of Debian's packages say of theirs. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { enabledUnits, maskedUnits } from './chain.ts'
import { renderUnits } from './render.ts'

interface Parsed {
  readonly settings: ReadonlyMap<string, readonly string[]>
}

function parse(text: string): Parsed {
  const lines = text.split('\n').filter((line) => line.includes('=') && !line.startsWith('#'))
  const pairs = lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const)
  return { settings: new Map([...Map.groupBy(pairs, ([key]) => key)].map(([key, all]) => [key, all.map(([, value]) => value)])) }
}

function names({ settings }: Parsed, key: string): string[] {
  return (settings.get(key) ?? []).flatMap((value) => value.split(' '))
}

/** What other units say that the order of ours depends on (systemd 252, frr 8.4.4, incus 6.0 of Debian). */
const packaged: Readonly<Record<string, string>> = {
  'systemd-networkd.service':
    'DefaultDependencies=no\nAfter=systemd-udevd.service network-pre.target systemd-sysctl.service\nBefore=network.target',
  'frr.service': 'After=network-pre.target systemd-sysctl.service\nBefore=network.target',
  'incus.service': 'After=network-online.target',
  'network-online.target': 'DefaultDependencies=no\nAfter=network.target',
  'network.target': 'DefaultDependencies=no\nAfter=network-pre.target',
  'sysinit.target': 'DefaultDependencies=no\nAfter=local-fs.target systemd-udevd.service systemd-sysctl.service',
  'basic.target': 'DefaultDependencies=no\nAfter=sysinit.target',
}

const files = renderUnits().map(({ path, text }) => ({ name: path.split('/')[4]?.replace(/\.d$/, '') ?? '', text }))
const units = new Map<string, Parsed>()
for (const { name, text } of files) units.set(name, parse(`${text}\n${packaged[name] ?? ''}`))
for (const [name, text] of Object.entries(packaged)) if (!units.has(name)) units.set(name, parse(text))

/** From a unit to those that start before it. */
function before(): Map<string, Set<string>> {
  const edges = new Map<string, Set<string>>()
  const add = (later: string, earlier: string): unknown => edges.set(later, (edges.get(later) ?? new Set()).add(earlier))
  for (const [name, unit] of units) {
    for (const earlier of names(unit, 'After')) add(name, earlier)
    for (const later of names(unit, 'Before')) add(later, name)
    if (!names(unit, 'DefaultDependencies').includes('no')) add(name, 'basic.target')
  }
  return edges
}

const edges = before()

/** Everything that must have started before this unit. */
function reach(name: string, seen = new Set<string>()): Set<string> {
  for (const earlier of edges.get(name) ?? [])
    if (!seen.has(earlier)) {
      seen.add(earlier)
      reach(earlier, seen)
    }
  return seen
}

suite('start chain', () => {
  const chain = [
    'imp-generate.service',
    'netns-dataplane.service',
    'netns-move-interfaces.service',
    'vpp-core.service',
    'vpp-core-config.service',
    'vpp-nat.service',
    'frr.service',
    'imp-recover.service',
    'imp-apply.service',
    'incus-dataplane.service',
  ]
  for (const [place, name] of chain.entries()) {
    const earlier = chain.slice(0, place)
    test(`${name} starts after ${earlier.at(-1) ?? 'nothing of ours'}`, () => {
      const reached = reach(name)
      assert.deepEqual(
        chain.filter((each) => reached.has(each)),
        earlier,
      )
    })
  }

  test('there is no circle', () => {
    for (const name of units.keys()) assert.ok(!reach(name).has(name), name)
  })

  test('networkd finds its files, and the cards of the dataplane are gone when it starts', () => {
    const reached = reach('systemd-networkd.service')
    assert.ok(reached.has('imp-generate.service') && reached.has('netns-move-interfaces.service'))
  })

  test('nothing that the chain needs is left to be enabled while the machine starts', () => {
    const started = new Set([...enabledUnits, 'incus.service', 'imp-confirm.service'])
    for (const [name, unit] of units) {
      if (packaged[name] !== undefined && name !== 'frr.service') continue
      assert.ok(started.has(name), name)
      for (const needed of [...names(unit, 'Requires'), ...names(unit, 'Wants')])
        assert.ok(started.has(needed) || needed.endsWith('.target'), `${name} needs ${needed}`)
    }
    assert.deepEqual(maskedUnits, ['vpp.service', 'tayga.service'])
  })

  test('nothing happens on a machine that is not configured', () => {
    for (const { name, text } of files)
      assert.match(text, /^ConditionPathExists=\/(persistent\/config\/router\.json|etc\/vpp\/|usr\/local\/bin\/)/m, name)
  })

  test('a VPP that does not come up holds nobody back: no restart queues anew what waits for it', () => {
    for (const [name, unit] of units) {
      if (!(unit.settings.get('Restart') ?? []).includes('always')) continue
      for (const wanted of [...names(unit, 'Wants'), ...names(unit, 'Requires')])
        assert.ok(!wanted.startsWith('vpp-'), `${name} starts ${wanted}`)
    }
  })

  test('what a crash of VPP takes along is brought back with it', () => {
    for (const name of ['vpp-core-config.service', 'incus-dataplane.service']) {
      const unit = units.get(name)
      assert.ok(unit !== undefined && names(unit, 'PartOf').includes('vpp-core.service'), name)
    }
    for (const name of ['vpp-core.service', 'vpp-nat.service']) {
      const unit = units.get(name)
      assert.deepEqual([unit?.settings.get('Restart'), unit?.settings.get('StartLimitIntervalSec')], [['always'], ['0']], name)
      assert.notEqual(unit?.settings.get('RestartSec'), undefined)
    }
  })

  test('a second start of the namespace or a stop of VPP takes nothing away from the others', () => {
    for (const { text } of files) assert.doesNotMatch(text, /^(ExecStop|PrivateNetwork)=/m)
    for (const name of ['vpp-core.service', 'vpp-nat.service']) {
      assert.deepEqual(units.get(name)?.settings.get('RuntimeDirectoryPreserve'), ['yes'])
    }
  })

  test('the texts', (t) => {
    const text = renderUnits().map(({ path, text: unit }) => `==> ${path}\n${unit}`)
    t.assert.fileSnapshot(text.join('\n'), `${import.meta.dirname}/golden/units.txt`, { serializers: [(value: unknown) => String(value)] })
  })
})
