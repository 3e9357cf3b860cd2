import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameOf, Reference } from './reference.ts'

const digest = `sha256:${'a'.repeat(64)}`

test('names mean what other programs take them for', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['debian', 'docker.io', 'library/debian', 'latest'],
    ['debian:12', 'docker.io', 'library/debian', '12'],
    ['grafana/grafana:11.0', 'docker.io', 'grafana/grafana', '11.0'],
    ['docker.io/debian:12', 'docker.io', 'library/debian', '12'],
    ['localhost:5000/web', 'localhost:5000', 'web', 'latest'],
    ['localhost/web:1', 'localhost', 'web', '1'],
    ['ghcr.io/owner/name:v1.2_3', 'ghcr.io', 'owner/name', 'v1.2_3'],
    [`ghcr.io/owner/name:v1@${digest}`, 'ghcr.io', 'owner/name', digest],
    ['[::1]:5000/a/b', '[::1]:5000', 'a/b', 'latest'],
  ]
  for (const [text, registry, repository, version] of cases) {
    assert.deepEqual(Reference.parse(text), { registry, repository, version }, text)
  }
})

test('names are written as people write them', () => {
  for (const text of ['debian:12', 'grafana/grafana:11.0', 'localhost:5000/web:1', `ghcr.io/owner/name@${digest}`]) {
    assert.equal(nameOf(Reference.parse(text)), text)
  }
})

test('what is no name is refused', () => {
  for (const text of [
    '',
    ':12',
    'Debian',
    'a//b',
    '../etc',
    'a b',
    'a:',
    'debian:-1',
    'a@sha256:1',
    'http://a/b',
    '-x',
    `${'a/'.repeat(130)}a`,
    'a\nb',
  ]) {
    assert.equal(Reference.safeParse(text).success, false, text)
  }
})
