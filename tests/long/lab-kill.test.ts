/** Commands of labs, killed at each of their events. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bench, failing, frr, missing, succeeds } from '../real/lab-fixture.ts'
import { smallWithDelay } from '../real/lab-small.ts'

suite('labs whose commands are killed', { skip: missing(frr) ?? false }, () => {
  // A whole up has 16 events: the beginning and the end of each step and of each node.
  for (let events = 1; events <= 16; events += 1) {
    test(`down after up was killed at event ${events} leaves nothing`, async (t) => {
      const lab = await bench(t, smallWithDelay)
      await lab.killedAt(events, 'lab', 'up', lab.file)
      await succeeds(lab, 'lab', 'down', lab.name)
      assert.deepEqual(await lab.remains(), [])
    })
  }

  test('up after a killed change undoes it first', async (t) => {
    const lab = await bench(t, smallWithDelay)
    await succeeds(lab, 'lab', 'up', lab.file)
    await lab.edit('lab.yaml', (text) =>
      text.replace('198.51.100.10/24', '198.51.100.20/24').replaceAll('address: 198.51.100.10', 'address: 198.51.100.20'),
    )
    await lab.killedAt(5, 'lab', 'up', lab.file)
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
    await succeeds(lab, 'lab', 'down', lab.file)
    assert.deepEqual(await lab.remains(), [])
  })
})
