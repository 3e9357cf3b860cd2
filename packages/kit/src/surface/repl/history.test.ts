import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fakeHost } from '../../host/fake.ts'
import { localFiles } from '../../host/files.ts'
import { registry } from '../fake-router.ts'
import { holdsSecret, openHistory, shortHistory } from './history.ts'
import { vocabularyOf } from './menu.ts'

const path = '/home/anna/.local/state/router/history'

test('lines are kept, newest first, without repetitions and what begins with a blank', async () => {
  const { files, contents } = fakeHost({ files: { [path]: 'status\n' } })
  const history = await openHistory(files, path)
  for (const line of ['nat', 'nat', ' check x', '', 'list']) await history.add(line)
  assert.deepEqual(history.lines(), ['list', 'nat', 'status'])
  assert.equal(contents.get(path), 'status\nnat\nlist\n')
})

test('sessions side by side keep the lines of each other', async () => {
  const { files, contents } = fakeHost()
  const [one, other] = [await openHistory(files, path), await openHistory(files, path)]
  await one.add('status')
  await other.add('nat')
  assert.equal(contents.get(path), 'status\nnat\n')
  assert.deepEqual(other.lines(), ['nat'])
})

test('the file stays short, and what steers a terminal is not read from it', async () => {
  const { files, contents } = fakeHost({ files: { [path]: `${'x\ny\n'.repeat(600)}\u001b[2Jboo\n` } })
  const history = await openHistory(files, path)
  await history.add('status')
  const lines = (contents.get(path) ?? '').trimEnd().split('\n')
  assert.deepEqual([lines.length, lines.at(-1), lines.includes('\u001b[2Jboo')], [1000, 'status', false])
})

test('only its user may read the file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'history-'))
  try {
    const file = join(directory, 'state', 'history')
    await (await openHistory(localFiles, file)).add('status')
    assert.equal(readFileSync(file, 'utf8'), 'status\n')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal(statSync(join(directory, 'state')).mode & 0o777, 0o700)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('lines that may hold a secret are known by their words and by the fields that they fill', async () => {
  const vocabulary = await vocabularyOf(registry)
  for (const line of ['check x --password y', 'set bgp.peers.a.md5 y', 'stauts secret y', 'login anna xyz'])
    assert.equal(holdsSecret(vocabulary, [], line), true, line)
  for (const line of ['check x', 'status', 'login', 'nat mappings add web', `check 'x`])
    assert.equal(holdsSecret(vocabulary, [], line), false, line)
})

test('a history of one session needs no file', async () => {
  const history = shortHistory()
  for (const line of ['a', 'a', 'b', ' c']) await history.add(line)
  assert.deepEqual(history.lines(), ['b', 'a'])
})
