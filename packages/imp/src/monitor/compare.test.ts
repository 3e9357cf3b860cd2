import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Commit } from '../commit/model.ts'
import { compareCommits, compareNat, compareSessions, type SeenSession } from './compare.ts'
import { drawEvent } from './event.ts'

const family = 'ipv4Unicast'
const session = (peer: string, state: string, dropped = 0): SeenSession => ({ peer, family, state, dropped })
const commit = (number: number, outcome: Commit['outcome'], more: Partial<Commit> = {}): Commit => ({
  number,
  base: number - 1,
  who: 'anna',
  when: '2026-11-22T12:00:00.000Z',
  outcome,
  ...more,
})

suite('what is different', () => {
  const sessions: [what: string, before: SeenSession[], after: SeenSession[], expected: string[]][] = [
    ['nothing', [session('a', 'Established')], [session('a', 'Established')], []],
    ['fell', [session('a', 'Established')], [session('a', 'Idle', 1)], ['a down']],
    ['rose', [session('a', 'Active')], [session('a', 'Established')], ['a up']],
    ['tries', [session('a', 'Idle')], [session('a', 'Connect')], ['a changed']],
    ['fell and rose between two looks', [session('a', 'Established', 1)], [session('a', 'Established', 2)], ['a reset']],
    ['came and went', [session('a', 'Idle')], [session('b', 'Idle')], ['a removed', 'b added']],
  ]
  for (const [what, before, after, expected] of sessions)
    test(`a session: ${what}`, () =>
      assert.deepEqual(
        compareSessions(before, after).map(({ subject, change }) => `${subject} ${change}`),
        expected,
      ))

  test('commits are made and decided', () => {
    const happened = compareCommits(
      [commit(1, 'applied'), commit(2, 'awaiting')],
      [commit(1, 'applied'), commit(2, 'rolled-back', { reason: 'nobody confirmed' }), commit(3, 'pending', { comment: 'new upstream' })],
    )
    assert.deepEqual(
      happened.map(({ subject, change, before = '', after = '', detail }) => [subject, change, before, after, detail].join('|')),
      ['commit 2|decided|awaiting|rolled-back|anna: nobody confirmed', 'commit 3|made||pending|anna: new upstream'],
    )
  })

  test('losses of NAT are told when they grow, not when the counters begin anew', () => {
    assert.deepEqual(
      compareNat({ insertFailed: 1, untranslatable: 5 }, { insertFailed: 4, untranslatable: 0 }).map(({ subject, after }) => [
        subject,
        after,
      ]),
      [['flows', '3']],
    )
  })

  test('a line for people', () => {
    const event = { topic: 'bgp', subject: '192.0.2.1', change: 'down', before: 'Established', after: 'Idle', detail: family } as const
    assert.equal(
      drawEvent({ at: '2026-11-22T20:15:01.000Z', ...event }),
      '20:15:01  bgp         192.0.2.1  down  Established -> Idle  ipv4Unicast',
    )
  })
})
