import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parseTime } from './time.ts'

const now = new Date('2026-11-22T12:00:30Z')
const at = (text: string): string => parseTime(text, now).toISOString()

suite('the time of a scheduled commit', () => {
  test('is a while from now, or a time with its zone', () => {
    assert.equal(at('+2h'), '2026-11-22T14:00:30.000Z')
    assert.equal(at('2026-11-23T03:00:00+01:00'), '2026-11-23T02:00:00.000Z')
    assert.equal(at('2026-11-23T03:00Z'), '2026-11-23T03:00:00.000Z')
  })

  test('is the next one by the clock of the machine', () => {
    for (const text of ['3:00', '03:00', '23:59', '00:00']) {
      const time = parseTime(text, now)
      const [hours = 0, minutes = 0] = text.split(':').map(Number)
      assert.deepEqual([time.getHours(), time.getMinutes(), time.getSeconds()], [hours, minutes, 0])
      const ahead = time.getTime() - now.getTime()
      assert.ok(ahead > 0 && ahead <= 25 * 3_600_000, text)
    }
  })

  const wrong = ['soon', '24:00', '+2', '2026-11-23T03:00:00', '2026-13-01T00:00:00Z', '2026-11-22T12:00:30Z', '+400d']
  for (const text of wrong) test(`is not ${text}`, () => assert.throws(() => at(text), { code: 'input' }))
})
