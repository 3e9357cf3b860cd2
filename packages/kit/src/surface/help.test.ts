import assert from 'node:assert/strict'
import { stripVTControlCharacters } from 'node:util'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { displayWidth } from '../base/width.ts'
import { operation, type OperationContext } from '../op/operation.ts'
import { room } from '../op/registry.ts'
import { helpFor, usage, withUsage } from './help.ts'
import { operations, registry } from './sample.ts'

const plain = { width: 80, colour: false }
const golden = (name: string): string => join(import.meta.dirname, 'golden', `${name}.txt`)
const asText = { serializers: [(value: unknown) => String(value)] }

const cases: [string, string[]][] = [
  ['help-root', []],
  ['help-group', ['image']],
  ['help-create', ['create']],
  ['help-exec', ['exec']],
]
for (const [name, words] of cases)
  test(`${name} is as written down, and fits`, async (t) => {
    const text = await helpFor(registry, words, plain)
    t.assert.fileSnapshot(text, golden(name), asText)
    for (const width of [40, 60, 80]) {
      const lines = (await helpFor(registry, words, { width, colour: false })).split('\n')
      if (width === 80) assert.ok(lines.every((line) => displayWidth(line) <= width))
    }
    assert.equal(stripVTControlCharacters(await helpFor(registry, words, { width: 80, colour: true })), text)
  })

test('words behind the command do not matter', async () => {
  assert.equal(await helpFor(registry, ['create', 'web1', '--cpus', '2'], plain), await helpFor(registry, ['create'], plain))
  assert.equal(await helpFor(registry, ['rm'], plain), await helpFor(registry, ['delete'], plain))
})

test('an unknown command is refused with the nearest one', async () => {
  await assert.rejects(helpFor(registry, ['craete'], plain), { code: 'input', hint: 'did you mean "sample create"?' })
  await assert.rejects(helpFor(registry, ['image', 'biuld'], plain), { code: 'input', hint: 'did you mean "sample image build"?' })
})

test('hidden commands are explained when asked for and not listed', async () => {
  assert.match(await helpFor(registry, ['image', 'secret'], plain), /Hidden from people/)
  assert.doesNotMatch(await helpFor(registry, ['image'], plain), /secret/)
})

test('a command tells of those whose words go on from its own', async () => {
  const define = (...path: [string, ...string[]]) =>
    operation<OperationContext>()({
      path,
      summary: `Do ${path.join(' ')}`,
      effect: 'read',
      args: ['name'],
      input: z.strictObject({ name: z.string().optional() }),
      output: z.strictObject({}),
      examples: [`sample ${path.join(' ')}`],
      run: () => Promise.resolve({}),
      view: () => '',
    })
  const shells = [define('shell'), define('shell', 'core')]
  const own = { ...registry, rooms: [room('Shells', ['shell'], () => Promise.resolve({ operations: shells }))] }
  assert.match(await helpFor(own, ['shell'], plain), /Do shell\n[^]*\nFurther commands\n {2}shell core \[NAME\] {2}Do shell core\n/)
  assert.doesNotMatch(await helpFor(own, ['shell', 'web1'], plain), /Further/)
  assert.doesNotMatch(await helpFor(own, ['shell', 'core'], plain), /Further/)
})

test('usage', () => {
  assert.equal(usage('sample', operations.create), 'sample create NAME [flags]')
  assert.equal(usage('sample', operations.remove), 'sample delete NAMES...')
  assert.equal(usage('sample', operations.build), 'sample image build [NAME]')
})

test('a fault about words without a hint of its own gets the usage', () => {
  assert.equal(withUsage(new Fault('input', 'x'), 'sample', operations.remove).hint, 'usage: sample delete NAMES...')
  for (const fault of [new Fault('state', 'x'), new Fault('input', 'x', { hint: 'y' })])
    assert.equal(withUsage(fault, 'sample', operations.remove), fault)
})
