import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Commit } from '../commit/model.ts'
import { recordedAt } from './lookup-commits.ts'

function commit(number: number, outcome: Commit['outcome']): Commit {
  return { number, base: number - 1, who: 'ann', when: `2026-03-0${number}T12:00:00.000Z`, outcome }
}

/** `7` is what commit 7 brought, `<7` what ran before it. */
function at(commits: readonly Commit[], time: string): string[] {
  return recordedAt(commits, Date.parse(time)).map((each) => `${each.document === 'before' ? '<' : ''}${each.commit.number}`)
}

suite('configurations in force at a time', () => {
  test('are of the last commit before it, and must agree with what the next one found', () => {
    const commits = [commit(1, 'applied'), commit(2, 'applied'), commit(3, 'awaiting')]
    assert.deepEqual(at(commits, '2026-03-01T11:59:59Z'), [])
    assert.deepEqual(at(commits, '2026-03-01T12:00:00Z'), ['1', '<2'])
    assert.deepEqual(at(commits, '2026-03-02T13:00:00+01:00'), ['2', '<3'])
    assert.deepEqual(at(commits, '2026-03-09T00:00:00Z'), ['3'])
  })

  test('are what ran before a commit that failed, and either of both for one that was taken back', () => {
    assert.deepEqual(at([commit(1, 'applied'), commit(2, 'failed')], '2026-03-03T00:00:00Z'), ['<2'])
    assert.deepEqual(at([commit(1, 'applied'), commit(2, 'rolled-back')], '2026-03-03T00:00:00Z'), ['2', '<2'])
    assert.deepEqual(at([commit(1, 'pending')], '2026-03-03T00:00:00Z'), ['1', '<1'])
    assert.deepEqual(at([], '2026-03-03T00:00:00Z'), [])
  })

  test('are either of both while a commit is applied or taken back, and one before and after', () => {
    const applied = { ...commit(2, 'applied'), inForceAt: '2026-03-02T12:00:09.000Z' }
    assert.deepEqual(at([commit(1, 'applied'), applied], '2026-03-02T12:00:08Z'), ['2', '<2'])
    assert.deepEqual(at([commit(1, 'applied'), applied], '2026-03-02T12:00:09Z'), ['2'])
    const back = { ...commit(2, 'rolled-back'), inForceAt: '2026-03-02T12:00:09.000Z', takenBackAt: '2026-03-02T12:01:00.000Z' }
    assert.deepEqual(at([commit(1, 'applied'), back], '2026-03-02T12:00:30Z'), ['2', '<2'])
    assert.deepEqual(at([commit(1, 'applied'), back], '2026-03-02T12:01:00Z'), ['<2'])
  })
})
