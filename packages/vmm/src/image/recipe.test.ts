import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { OperationEvent } from '@imp/kit/base/events.ts'
import { phasesOf } from './phases.ts'
import { digestOf, mmdebstrapArguments, packagesOf, recipeFor, recipeNames, sqfstarArguments, type Order } from './recipe.ts'

const order: Order = {
  recipe: 'router',
  release: 'bookworm',
  architecture: 'amd64',
  mirrors: { archive: 'http://mirror.example.net/debian', security: 'http://mirror.example.net/debian-security' },
  packages: ['nginx-light', 'frr'],
  files: [{ source: '/home/me/site', target: '/var/www/html', digest: 'abc' }],
}
const paths = { archives: "/var/lib/it's/archives", log: '/work/log', status: '/work/status' }

suite('recipes', () => {
  test('are chosen by the name of the image', () => {
    assert.equal(recipeFor('router'), 'router')
    assert.equal(recipeFor('web'), 'debian')
    for (const name of recipeNames) assert.equal(recipeFor(name), name)
  })

  test('add packages once', () => {
    const packages = packagesOf(order)
    assert.deepEqual(packages, [...new Set(packages)].toSorted())
    assert.ok(packages.includes('nginx-light') && packages.includes('iproute2'))
    assert.equal(packages.filter((name) => name === 'frr').length, 1)
  })

  test('become the arguments of mmdebstrap', (t) => {
    const lines = mmdebstrapArguments(order, { ...paths, files: '/work/files.tar' }, true, { http: 'http://proxy:3128' })
    t.assert.fileSnapshot(`${lines.join('\n')}\n`, join(import.meta.dirname, 'golden/router.mmdebstrap.txt'), {
      serializers: [(value: string) => value],
    })
  })

  test('need user namespaces without root', () => {
    assert.ok(mmdebstrapArguments(order, paths, false, {}).includes('--mode=unshare'))
    assert.ok(!mmdebstrapArguments(order, paths, true, {}).some((word) => word.includes('tar-in')))
  })

  test('leave the root to root', () => assert.match(sqfstarArguments('/out').join(' '), /-root-mode 755 -root-uid 0 -root-gid 0 \/out$/))
})

suite('the digest of an order', () => {
  const digest = digestOf(order)
  const same: Readonly<Record<string, Partial<Order>>> = {
    'the order of packages': { packages: ['frr', 'nginx-light'] },
    'another mirror': { mirrors: { archive: 'http://far.example.net/debian', security: 'http://far.example.net/debian-security' } },
    'files from another place': { files: [{ source: '/tmp/site', target: '/var/www/html', digest: 'abc' }] },
  }
  const other: Readonly<Record<string, Partial<Order>>> = {
    'another package': { packages: ['nginx-light', 'curl'] },
    'another release': { release: 'trixie' },
    'another architecture': { architecture: 'arm64' },
    'other content': { files: [{ source: '/home/me/site', target: '/var/www/html', digest: 'abd' }] },
    'another place in the guest': { files: [{ source: '/home/me/site', target: '/srv', digest: 'abc' }] },
  }
  for (const [what, change] of Object.entries(same))
    test(`does not depend on ${what}`, () => assert.equal(digestOf({ ...order, ...change }), digest))
  for (const [what, change] of Object.entries(other))
    test(`changes with ${what}`, () => assert.notEqual(digestOf({ ...order, ...change }), digest))
})

test('phases follow what mmdebstrap says', () => {
  const events: OperationEvent[] = []
  const phases = phasesOf((event) => events.push(event))
  const lines = [
    'I: chroot architecture amd64 is equal',
    'I: running apt-get update...',
    'Get:1 http://x',
    'I: extracting archives...',
    'E: no space',
  ]
  lines.forEach((line) => phases.line(line))
  phases.end('failed')
  phases.end('failed')
  assert.deepEqual(
    events.map((event) => (event.event === 'step' ? `${event.state} ${event.title}` : event.event)),
    [
      'started read the package lists',
      'done read the package lists',
      'started extract the essential packages',
      'failed extract the essential packages',
    ],
  )
})
