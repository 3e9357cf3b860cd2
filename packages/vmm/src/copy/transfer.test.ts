import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { copyOut } from './transfer.ts'

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'vmm-copy-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

test('a machine cannot write through a link that it sent before', async (t) => {
  const [guest, here, other] = [scratch(t), scratch(t), scratch(t)]
  // The machine is a directory of this computer: what it is told to run, runs here.
  const copy = (): Promise<string> =>
    copyOut(localHost(), (words) => ['env', ...words], join(guest, 'log'), here, new AbortController().signal)
  writeFileSync(join(other, 'keys'), 'ours')
  mkdirSync(join(guest, 'log'))
  symlinkSync(join(other, 'keys'), join(guest, 'log', 'a'))
  symlinkSync(other, join(guest, 'log', 'd'))
  assert.equal(await copy(), join(here, 'log'))
  assert.ok(lstatSync(join(here, 'log', 'a')).isSymbolicLink())

  rmSync(join(guest, 'log', 'a'))
  writeFileSync(join(guest, 'log', 'a'), 'theirs')
  await copy()
  assert.equal(readFileSync(join(here, 'log', 'a'), 'utf8'), 'theirs')
  assert.equal(readFileSync(join(other, 'keys'), 'utf8'), 'ours')

  rmSync(join(guest, 'log', 'd'))
  mkdirSync(join(guest, 'log', 'd'))
  writeFileSync(join(guest, 'log', 'd', 'keys'), 'theirs')
  await assert.rejects(copy(), { code: 'exec' })
  assert.equal(readFileSync(join(other, 'keys'), 'utf8'), 'ours')
  assert.deepEqual(readdirSync(here), ['log'])
})
