import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { registry } from '../surface/sample.ts'
import { allOperations, findOperation, room, spellings, type Registry } from './registry.ts'
import type { OperationContext } from './operation.ts'

describe('words find their operation', () => {
  const table: [string, string, string[]][] = [
    ['create web1 --cpus 2', 'create', ['web1', '--cpus', '2']],
    ['rm a b', 'delete', ['a', 'b']],
    ['image build', 'image build', []],
    ['image build build', 'image build', ['build']],
  ]
  for (const [line, path, rest] of table)
    test(line, async () => {
      const found = await findOperation(registry, line.split(' '))
      assert.deepEqual([found.operation.path.join(' '), found.rest], [path, rest])
    })
})

describe('words that find none get a hint', () => {
  const table: [string, string, string][] = [
    ['delte web1', 'sample has no command "delte"', 'did you mean "sample delete"?'],
    ['nonsense', 'sample has no command "nonsense"', 'sample --help lists them'],
    ['image', 'sample image needs another word', 'one of: build, list'],
    ['image lst', 'sample image has no command "lst"', 'did you mean "sample image list"?'],
  ]
  for (const [line, message, hint] of table)
    test(line, () => assert.rejects(findOperation(registry, line.split(' ')), { code: 'input', message, hint }))
})

test('only the room whose word is used is loaded', async () => {
  const loaded: string[] = []
  const lazy = (word: string) =>
    room<OperationContext>(word, [word], async () => {
      loaded.push(word)
      return { operations: [] }
    })
  const rooms: Registry<OperationContext> = { program: 'p', summary: '', rooms: [lazy('a'), lazy('b')] }
  await assert.rejects(findOperation(rooms, ['b']))
  assert.deepEqual(loaded, ['b'])
})

test('all operations, with every way to say them', async () => {
  const all = await allOperations(registry)
  assert.deepEqual(
    all.map((each) => each.room.title),
    ['Machines', 'Images'],
  )
  const words = all.flatMap(({ operations }) => operations.flatMap((each) => spellings(each).map((path) => path.join(' '))))
  assert.ok(words.includes('rm') && words.includes('image build'))
})
