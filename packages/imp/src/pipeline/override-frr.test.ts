import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { changed } from '../config/sample.ts'
import { difference, splitByDaemon } from '../frr/difference.ts'
import { parseConfiguration } from '../frr/parse.ts'
import { renderFrr } from '../frr/render.ts'
import type { Override } from '../overrides/model.ts'
import { blameOverrides, checkOverrideFrr } from './override-frr.ts'
import { renderRouter } from './render.ts'

const config = changed({})
const frr = (text: string, name = 'mine'): Override => ({ kind: 'frr', name, text })
const found = (...overrides: Override[]): string[] =>
  checkOverrideFrr(overrides, renderFrr(config)).map(({ path, severity, message }) => `${severity} ${path} ${message}`)

suite('lines of FRR in drop-ins', () => {
  test('come into the contexts that are rendered', () => {
    const mine = frr(
      'router bgp 64500\n neighbor 198.51.100.1 advertisement-interval 7\n!\n address-family ipv4 unicast\n  maximum-paths 4\n exit-address-family\n',
    )
    assert.deepEqual(found(mine), [])
    const { text, daemons } = renderRouter(config, [mine]).frr
    const want = splitByDaemon(parseConfiguration(text), daemons).get('bgpd') ?? []
    const have = splitByDaemon(parseConfiguration(renderFrr(config).text), daemons).get('bgpd') ?? []
    assert.deepEqual(
      difference(want, have).map(({ action, path, line }) => [action, ...path.slice(1), line]),
      [
        ['add', 'address-family ipv4 unicast', 'maximum-paths 4'],
        ['add', 'neighbor 198.51.100.1 advertisement-interval 7'],
      ],
    )
  })

  const cases: readonly (readonly [string, string, RegExp])[] = [
    [
      'replaces a rendered line',
      'router bgp 64500\n neighbor 198.51.100.1 remote-as 65000',
      /^error overrides\/frr\/mine\.conf:2 contradicts "neighbor 198\.51\.100\.1 remote-as 64496"/,
    ],
    ['takes a rendered line back', 'router bgp 64500\n no neighbor 198.51.100.1 remote-as 64496', /contradicts/],
    ['is for another AS', 'router bgp 65001\n', /contradicts "router bgp 64500"/],
    ['is rendered already', 'router bgp 64500\n bgp router-id 203.0.113.1', /^warning .* said by router\.json already/],
    ['belongs to the machine', 'hostname other', /belongs to the machine/],
    ['is for a daemon that does not run', 'bfd\n peer 192.0.2.9\n', /is for bfdd, which this configuration does not start/],
  ]
  for (const [title, text, expected] of cases)
    test(`a line that ${title} is found`, () => assert.match(found(frr(text))[0] ?? '', expected))

  test('two files must not disagree', () => {
    const line = (distance: number): string => `router bgp 64500\n address-family ipv4 unicast\n  maximum-paths ${distance}\n`
    assert.deepEqual(found(frr(line(2)), frr(line(4), 'other')), [
      'error overrides/frr/other.conf:3 contradicts "maximum-paths 2" of overrides/frr/mine.conf:3',
    ])
  })

  test('a line that FRR does not keep is found again in its words', () => {
    const [blamed] = blameOverrides([frr('! mine\nip route 192.0.2.0/24 Null0')], 'staticd does not keep "ip route 192.0.2.0/24 Null0"')
    assert.equal(blamed?.path, 'overrides/frr/mine.conf:2')
  })
})
