import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { assert as assertProperty, asyncProperty, constantFrom, double } from 'fast-check'
import { Fault } from '@imp/kit/base/fault.ts'
import { fakeHost } from '@imp/kit/host/fake.ts'
import type { Commit } from '../commit/model.ts'
import { historyOf } from './history.ts'
import type { RouterConfigInput } from './model.ts'

const document: RouterConfigInput = { schema: 'imp.router', version: 1, hostname: 'edge1', interfaces: [{ name: 'wan', role: 'external' }] }
const commit = (number: number): Commit => ({ number, base: number - 1, who: 'anna', when: new Date(0).toISOString(), outcome: 'applied' })
const files = ['commit.json', 'router.json', 'before.json', 'before-overrides.json'] as const

async function twoCommits() {
  const host = fakeHost()
  const history = historyOf({ host, directory: '/state' })
  for (const number of [1, 2]) await history.add(commit(number), document, document, [])
  return { host, history }
}

function toldAsDamage(directory: string) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof Fault)
    assert.match(error.message, new RegExp(`^${directory}/`))
    assert.equal(error.hint, `move ${directory} away: imp history goes on without it, and what runs stays as it is`)
    return error.code === 'state'
  }
}

suite('the history of commits', () => {
  test('tells a file that was cut anywhere, with the way to go on without it', async () => {
    const cut = asyncProperty(constantFrom(...files), double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (file, part) => {
      const { host, history } = await twoCommits()
      const path = `/state/commits/0002/${file}`
      const text = await host.files.read(path)
      await host.files.write(path, text.slice(0, Math.floor((text.trimEnd().length - 1) * part)))
      const read = async () => {
        await history.list()
        await history.document(2)
        await history.before(2)
        await history.overridesBefore(2)
      }
      await assert.rejects(read(), toldAsDamage('/state/commits/0002'))
      // Moved away, as the hint says.
      for (const each of files) await host.files.remove(`/state/commits/0002/${each}`)
      assert.deepEqual(await history.list(), [commit(1)])
    })
    await assertProperty(cut, { numRuns: 40 })
  })

  test('refuses records of newer versions, and does not know commits without a record', async () => {
    const { host, history } = await twoCommits()
    const path = '/state/commits/0002/commit.json'
    await host.files.write(path, (await host.files.read(path)).replace('"version": 1', '"version": 9'))
    await assert.rejects(history.list(), { code: 'unsupported', hint: 'upgrade this program' })
    await host.files.remove(path)
    assert.deepEqual(await history.list(), [commit(1)])
    await assert.rejects(history.document(2), { code: 'not-found', message: 'there is no commit 2' })
  })
})
