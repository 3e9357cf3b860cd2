/** What `diff` prints can be said to `set` and `delete`, and makes the candidate: for any two of the golden configurations. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { differences, type Change } from './difference.ts'
import type { RouterConfigInput } from './model.ts'
import { deleteAt, getAt, parsePath, setAt } from './paths.ts'

const { files } = localHost()
const directory = join(import.meta.dirname, 'golden')

/** Those with hundreds of members show nothing that the others do not. */
const small = 10_000

async function documents(): Promise<readonly (readonly [string, RouterConfigInput])[]> {
  const names = await files.list(directory)
  const texts = await Promise.all(names.map(async (name) => [name, await files.read(join(directory, name, 'router.json'))] as const))
  return texts.filter(([, text]) => text.length < small).map(([name, text]) => [name, JSON.parse(text) as RouterConfigInput])
}

function said({ after }: Change): string {
  return typeof after === 'string' ? after : JSON.stringify(after)
}

/** The order of members is no part of this: what is new comes last. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => JSON.stringify(unordered(each))).toSorted()
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).map(([key, each]): [string, unknown] => [key, unordered(each)])
  return Object.fromEntries(fields.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function follow(document: RouterConfigInput, changes: readonly Change[]): RouterConfigInput {
  const kept = changes.filter(({ order }) => order === undefined)
  const added = kept.filter(({ after }) => after !== undefined)
  // From the end, since members without a name are called by their places.
  const gone = kept.filter(({ after }) => after === undefined).toReversed()
  const grown = added.reduce((each, change) => setAt(each, parsePath(change.path), [said(change)]), document)
  return gone.reduce((each, { path }) => deleteAt(each, parsePath(path)), grown)
}

suite('the words of a difference', async () => {
  const all = await documents()
  for (const [name, before] of all)
    test(`lead from ${name} to every other`, () => {
      for (const [, after] of all) {
        const changes = differences(before, after)
        assert.deepEqual(unordered(follow(before, changes)), unordered(after))
        for (const { path, after: value, order } of changes)
          if (value !== undefined && order === undefined) assert.deepEqual(getAt(after, parsePath(path)), value)
      }
    })

  test('there are enough of them', () => assert.ok(all.length >= 8))
})
