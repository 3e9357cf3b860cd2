/** What every operation of both commands owes to the surfaces that are derived from it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { z } from 'zod'
import { displayWidth } from '@imp/kit/base/width.ts'
import { fieldsOf } from '@imp/kit/op/fields.ts'
import type { AnyOperation } from '@imp/kit/op/operation.ts'
import { allOperations, findOperation, spellings, type Registry } from '@imp/kit/op/registry.ts'
import { inputOf, wordsOf } from '@imp/kit/op/words.ts'
import { globalFlags, splitGlobals } from '@imp/kit/surface/globals.ts'
import { helpFor } from '@imp/kit/surface/help.ts'
import { withCompletion } from '@imp/kit/surface/shells.ts'
import { splitWords } from './words.ts'
import { registry as imp } from '../packages/imp/src/registry.ts'
import { registry as vmm } from '../packages/vmm/src/registry.ts'

// oxlint-disable-next-line typescript/no-explicit-any -- the two commands have contexts of their own
const registries: Registry<any>[] = [withCompletion(imp), withCompletion(vmm)]
const plain = { width: 80, colour: false }

function checkSchemas(operation: AnyOperation): void {
  for (const schema of [operation.input, operation.output])
    assert.equal(typeof z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), 'object')
}

/** One line, imperative, without a full stop; it starts with a capital letter. */
function checkSummary(operation: AnyOperation): void {
  assert.match(operation.summary, /^[A-Z][^\n]{5,71}[^.\s]$/)
}

function checkFields(operation: AnyOperation): void {
  const fields = fieldsOf(operation)
  const flags = fields.filter((field) => field.position === undefined)
  const words = flags.flatMap((field) => [`--${field.name}`, ...(field.short === undefined ? [] : [`-${field.short}`])])
  assert.equal(new Set(words).size, words.length, 'two flags of the same name')
  // `--version` is one of the program only where no command stands before it.
  const reserved = globalFlags.flatMap((flag) => flag.words)
  assert.deepEqual(
    words.filter((word) => reserved.includes(word as never)),
    [],
    'flags of every command',
  )
  for (const field of flags) assert.match(field.name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
  for (const field of fields) assert.ok(field.kinds.length > 0, `nothing can be said for ${field.label}`)
  const positional = fields.filter((field) => field.position !== undefined)
  assert.equal(positional.length, operation.args?.length ?? 0, 'args that are no keys of the input')
  for (const field of positional.slice(0, -1)) assert.ok(!field.many, `only the last positional word may be a list, not ${field.label}`)
  const firstOptional = positional.findIndex((field) => !field.required)
  if (firstOptional >= 0)
    assert.ok(
      positional.slice(firstOptional).every((field) => !field.required),
      'a required word behind an optional one',
    )
  const known = new Set(fields.map((field) => field.key))
  for (const key of Object.keys({ ...operation.flags, ...operation.short, ...operation.complete }))
    assert.ok(known.has(key), `${key} is no key of the input`)
}

/** Examples are whole command lines; of a pipe or redirection only the command counts. */
async function checkExample(registry: Registry<never>, operation: AnyOperation, example: string): Promise<void> {
  const [program, ...argv] = splitWords(example)
  assert.equal(program, registry.program, example)
  const { words } = splitGlobals(argv)
  const found = await findOperation(registry, words)
  assert.equal(found.operation, operation, `${example} is an example of ${found.operation.path.join(' ')}`)
  const input = inputOf(operation, found.rest)
  assert.deepEqual(inputOf(operation, wordsOf(operation, input)), input, example)
}

for (const registry of registries) {
  const rooms = await allOperations(registry)
  const operations = rooms.flatMap((each) => each.operations)

  describe(`${registry.program}: operations`, () => {
    for (const operation of operations)
      test(operation.path.join(' '), async () => {
        checkSummary(operation)
        checkFields(operation)
        checkSchemas(operation)
        assert.ok(operation.examples.length > 0)
        for (const example of operation.examples) await checkExample(registry as never, operation, example)
        const help = await helpFor(registry, operation.path, plain)
        assert.ok(help.includes(operation.summary))
        for (const line of help.split('\n')) assert.ok(displayWidth(line) <= 80 || !line.includes('  ') || line.startsWith('  '), line)
      })
  })

  test(`${registry.program}: every spelling is of one operation, and its room knows its first word`, () => {
    const said = operations.flatMap((operation) => spellings(operation).map((path) => path.join(' ')))
    assert.equal(new Set(said).size, said.length)
    for (const { room, operations: own } of rooms)
      for (const path of own.flatMap(spellings))
        assert.ok(room.words.includes(path[0] ?? ''), `${path.join(' ')} cannot be found in ${room.title}`)
    for (const { room, operations: own } of rooms)
      for (const word of room.words)
        assert.ok(
          own.some((operation) => spellings(operation).some((path) => path[0] === word)),
          `no operation of ${room.title} begins with ${word}`,
        )
  })

  test(`${registry.program}: every word and flag is described`, () => {
    const silent = operations.flatMap((operation) =>
      fieldsOf(operation)
        .filter((field) => (field.schema.description ?? field.schema.items?.description ?? '') === '')
        .map((field) => `${operation.path.join(' ')}: ${field.label}`),
    )
    assert.deepEqual(silent, [])
  })

  test(`${registry.program}: help of everything`, async () => {
    const help = await helpFor(registry, [], plain)
    for (const { room, operations: listed } of await allOperations(registry)) {
      for (const { path } of listed.filter((each) => each.hidden !== true)) {
        const words = room.brief === true ? [path[0]] : path
        assert.ok(help.includes(words.join(' ')), path.join(' '))
      }
    }
    for (const line of help.split('\n')) assert.ok(displayWidth(line) <= 80, line)
  })
}
