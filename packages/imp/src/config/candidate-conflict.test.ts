import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { localHost } from '@imp/kit/host/local.ts'
import type { Commit } from '../commit/model.ts'
import { refuseStale } from './candidate-conflict.ts'
import { addCommit, type ConfigStore } from './history.ts'
import type { RouterConfigInput } from './model.ts'
import { parsePath, setAt } from './paths.ts'

let store: ConfigStore
/** Gives every test of a suite a directory of its own. Hooks outside of suites would run for the tests of all files. */
function useDirectory(): void {
  beforeEach(async () => {
    store = { host: localHost(), directory: await mkdtemp(join(tmpdir(), 'imp-conflict-')) }
  })
  afterEach(() => rm(store.directory, { recursive: true, force: true }))
}

const base: RouterConfigInput = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge1',
  interfaces: [
    { name: 'wan', role: 'external', mtu: 1500 },
    { name: 'lan', role: 'internal' },
  ],
  nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.96/28' }] },
}

function put(document: RouterConfigInput, path: string, ...words: string[]): RouterConfigInput {
  return setAt(document, parsePath(path), words)
}

async function commit(number: number, document: RouterConfigInput): Promise<Commit> {
  const record: Commit = { number, base: number - 1, who: 'ben', when: new Date(0).toISOString(), outcome: 'applied' }
  await addCommit(store, record, document, document)
  return record
}

suite('a candidate that was overtaken', () => {
  useDirectory()

  test('is refused with the places that both sides changed first, and what else changed', async () => {
    await commit(1, base)
    const head = await commit(2, put(put(base, 'interfaces.wan.mtu', '1400'), 'interfaces.lan.description', 'offices'))
    const document = put(base, 'interfaces.wan.mtu', '9000')
    await assert.rejects(refuseStale(store, { base: 1, document }, head), (error: unknown) => {
      assert.ok(error instanceof Fault)
      assert.match(error.message, /made from commit 1, and commit 2 of ben is in force now/)
      const [first, ...others] = error.findings
      assert.deepEqual([first?.path, first?.severity], ['interfaces.wan.mtu', 'error'])
      assert.match(first?.message ?? '', /here it is 9000, theirs is 1400; before both it was 1500/)
      assert.deepEqual(
        others.map(({ path, severity }) => `${severity} ${path}`),
        ['warning interfaces.wan.mtu', 'warning interfaces.lan.description'],
      )
      return error.code === 'conflict'
    })
  })

  test('is refused also when its commit is no longer in force', async () => {
    await commit(1, base)
    await assert.rejects(refuseStale(store, { base: 1, document: base }, undefined), { code: 'conflict' })
  })

  test('is accepted when nobody overtook it', async () => {
    const head = await commit(1, base)
    await refuseStale(store, { base: 1, document: put(base, 'interfaces.wan.mtu', '9000') }, head)
  })
})
