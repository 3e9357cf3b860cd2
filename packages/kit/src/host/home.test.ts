import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { homeDirectory, isOwn, userDirectory, type Environment } from './home.ts'

const directory = mkdtempSync(join(tmpdir(), 'home-'))
after(() => rmSync(directory, { recursive: true }))

describe('directories of the user', () => {
  const table: [string, Environment, string, string][] = [
    ['below the home', { HOME: '/home/a' }, '/home/a/.cache', '/home/a/.local/state'],
    ['as the environment says', { HOME: '/home/a', XDG_CACHE_HOME: '/c', XDG_STATE_HOME: '/s' }, '/c', '/s'],
    ['not where an empty variable would lead', { HOME: '/home/a', XDG_CACHE_HOME: '' }, '/home/a/.cache', '/home/a/.local/state'],
    ['not below the working directory', { HOME: '/home/a', XDG_CACHE_HOME: 'c' }, '/home/a/.cache', '/home/a/.local/state'],
  ]
  for (const [title, environment, cache, state] of table)
    test(title, () => assert.deepEqual([userDirectory('cache', environment), userDirectory('state', environment)], [cache, state]))
})

test('a home that the environment does not name is that of the record, and / where there is none', () => {
  for (const HOME of [undefined, '', 'relative']) {
    assert.equal(
      homeDirectory({ HOME }, () => '/home/b'),
      '/home/b',
    )
    assert.equal(
      homeDirectory({ HOME }, () => undefined),
      '/',
    )
  }
})

test('what is or would be below what belongs to somebody else is not ours', () => {
  const uid = process.geteuid?.() ?? 0
  assert.equal(isOwn(join(directory, 'a/b'), uid), true)
  assert.equal(isOwn(join(directory, 'a/b'), uid + 1), false)
  assert.equal(isOwn(directory, uid + 1), false)
})
