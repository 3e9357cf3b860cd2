import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { operations } from '../surface/sample.ts'
import { operation, type AnyOperation, type OperationContext } from './operation.ts'
import { inputOf, wordsOf } from './words.ts'

const { create, execute, remove } = operations

function sample(input: z.ZodObject, args: string[] = [], rest: Partial<AnyOperation> = {}): AnyOperation {
  return operation<OperationContext>()({
    path: ['sample'],
    summary: 'Try',
    effect: 'read',
    args,
    input,
    output: z.unknown(),
    examples: ['sample'],
    run: async () => null,
    ...rest,
  })
}

function faultOf(each: AnyOperation, words: readonly string[]): Fault {
  try {
    inputOf(each, words)
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  throw new Error(`accepted: ${words.join(' ')}`)
}

describe('words become input', () => {
  const table: [string, AnyOperation, string[], Record<string, unknown>][] = [
    ['a positional word', create, ['web1'], { name: 'web1' }],
    ['flags before and behind it', create, ['--cpus', '2', 'web1', '--memory=512'], { name: 'web1', cpus: 2, memoryMib: 512 }],
    ['short flags', create, ['-fc', '4', 'web1'], { name: 'web1', force: true, cpus: 4 }],
    ['a short flag joined to its value', create, ['-c4', 'web1'], { name: 'web1', cpus: 4 }],
    ['a short flag joined by =', create, ['-c=4', 'web1'], { name: 'web1', cpus: 4 }],
    ['a switch turned off', create, ['web1', '--no-autostart'], { name: 'web1', autostart: false }],
    ['a switch with a value', create, ['web1', '--autostart=false'], { name: 'web1', autostart: false }],
    ['a repeated flag', create, ['web1', '--dns', 'a', '--dns=b'], { name: 'web1', dns: ['a', 'b'] }],
    ['a list of numbers', create, ['web1', '--ports', '80', '--ports', '443'], { name: 'web1', ports: [80, 443] }],
    ['a choice', create, ['web1', '--engine', 'qemu'], { name: 'web1', engine: 'qemu' }],
    ['a value with = in it', create, ['web1', '--dns=a=b'], { name: 'web1', dns: ['a=b'] }],
    ['an empty value', create, ['web1', '--dns='], { name: 'web1', dns: [''] }],
    [
      'the rest behind --',
      execute,
      ['web1', '-u', 'root', '--', 'ls', '-l', '--', '--all'],
      { name: 'web1', user: 'root', words: ['ls', '-l', '--', '--all'] },
    ],
    ['everything behind --', execute, ['--', 'web1', 'true'], { name: 'web1', words: ['true'] }],
    ['a list of positional words', remove, ['a', 'b', 'c'], { names: ['a', 'b', 'c'] }],
    ['a single dash is a word', execute, ['web1', '-'], { name: 'web1', words: ['-'] }],
  ]
  for (const [title, each, words, expected] of table) test(title, () => assert.deepEqual(inputOf(each, words), expected))

  test('a negative number is a value where a number is expected', () => {
    const each = sample(z.strictObject({ offset: z.number() }))
    assert.deepEqual(inputOf(each, ['--offset', '-1.5']), { offset: -1.5 })
  })
  test('unions, literals and JSON', () => {
    const each = sample(
      z.strictObject({ size: z.union([z.int(), z.literal('auto')]), family: z.literal([4, 6]), labels: z.record(z.string(), z.string()) }),
    )
    const input = { size: 'auto', family: 6, labels: { a: 'b' } }
    assert.deepEqual(inputOf(each, ['--size=auto', '--family=6', '--labels={"a":"b"}']), input)
  })
  test('a required list that may be empty is empty when nothing is said', () => {
    assert.deepEqual(inputOf(sample(z.strictObject({ words: z.array(z.string()) }), ['words']), []), { words: [] })
  })
  test('a switch whose own name begins with no- is not turned around', () => {
    const each = sample(z.strictObject({ noDefaultRoute: z.boolean().default(false) }))
    assert.deepEqual(inputOf(each, ['--no-default-route']), { noDefaultRoute: true })
    assert.deepEqual(inputOf(each, ['--no-no-default-route']), { noDefaultRoute: false })
  })
  test('a schema with an id is looked up', () => {
    const each = sample(z.strictObject({ count: z.int().meta({ id: 'words.test.count' }).optional() }))
    assert.deepEqual(inputOf(each, ['--count', '3']), { count: 3 })
  })
})

describe('words that are wrong', () => {
  const table: [string, AnyOperation, string[], RegExp, RegExp?][] = [
    ['a missing word', create, [], /^create: NAME is missing$/],
    ['a missing list', remove, [], /^delete: NAMES is missing$/],
    ['an unknown flag', create, ['web1', '--cpu', '2'], /--cpu is not a flag/, /did you mean --cpus\?/],
    ['an unknown short flag', create, ['web1', '-x'], /-x is not a flag/],
    ['an unknown flag with a value', create, ['web1', '--colour=red'], /--colour is not a flag/],
    ['a list cannot be turned off', create, ['web1', '--no-dns'], /--no-dns is not a flag/],
    ['a missing value', create, ['web1', '--cpus'], /--cpus needs a value/],
    ['a flag in place of a value', create, ['web1', '--dns', '--force'], /--dns needs a value/, /--dns=-/],
    ['no number', create, ['web1', '--cpus', 'two'], /--cpus "two": must be a number/],
    ['an empty number', create, ['web1', '--cpus='], /--cpus "": must be a number/],
    ['a hexadecimal number', create, ['web1', '--cpus=0x2'], /must be a number/],
    ['a number with a unit', create, ['web1', '--cpus=2k'], /must be a number/],
    ['an unknown choice', create, ['web1', '--engine', 'qem'], /--engine "qem": is not one of the choices/, /did you mean qemu\?/],
    ['a far choice', create, ['web1', '--engine', 'xen'], /is not one of the choices/, /one of: firecracker, qemu/],
    ['a flag given twice', create, ['web1', '--cpus=1', '--cpus=2'], /--cpus is given twice/],
    ['a word too many', create, ['web1', 'web2'], /"web2" is one word too many/],
    ['what the schema refuses', create, ['web1', '--cpus=99'], /^create: --cpus 99: /],
    ['a list member that the schema refuses', create, ['web1', '--ports=80', '--ports=0'], /^create: --ports\[1\] 0: /],
    ['a switch with a wrong value', create, ['web1', '--force=maybe'], /--force "maybe": must be true or false/],
    ['a name that climbs', create, ['../x'], /^create: NAME "..\/x": must be lower case/],
  ]
  for (const [title, each, words, message, hint] of table)
    test(title, () => {
      const fault = faultOf(each, words)
      assert.equal(fault.code, 'input')
      assert.match(fault.message, message)
      if (hint !== undefined) assert.match(fault.hint ?? '', hint)
    })

  test('everything wrong is told at once', () => {
    const fault = faultOf(create, ['--cpu', '2', '--memory=x', '--engine', 'xen'])
    assert.match(fault.message, /^create: \d errors$/)
    assert.deepEqual(
      fault.findings.map((finding) => finding.path),
      ['--cpu', '--memory', '--engine'],
    )
    // The 2 behind the mistyped flag took the place of NAME, and the schema is asked only when the words are right.
  })
  test('JSON that is none', () => {
    assert.match(
      faultOf(sample(z.strictObject({ labels: z.record(z.string(), z.string()) })), ['--labels', '{oops']).message,
      /must be a JSON object/,
    )
  })
})

test('input becomes words and back', () => {
  const input = z.strictObject({
    first: z.string(),
    rest: z.array(z.string()).min(1),
    text: z.string().optional(),
    many: z.array(z.string()).min(1).optional(),
    whole: z.int().optional(),
    real: z.number().optional(),
    on: z.boolean().optional(),
    kind: z.enum(['a', '-b', 'c d']).optional(),
    labels: z.record(z.string(), z.string()).optional(),
    mixed: z
      .array(z.union([z.int(), z.literal('auto')]))
      .min(1)
      .optional(),
  })
  const each = sample(input, ['first', 'rest'], { short: { on: 'o', whole: 'w' } })
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const word = fc.oneof(fc.string(), fc.constantFrom('-', '--', '--text', '-o', '--no-on', '-5', '', '='))
  const inputs = fc.record({
    first: word,
    rest: fc.array(word, { minLength: 1 }),
    text: optional(word),
    many: optional(fc.array(word, { minLength: 1 })),
    whole: optional(fc.maxSafeInteger()),
    real: optional(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)),
    on: optional(fc.boolean()),
    kind: optional(fc.constantFrom('a', '-b', 'c d')),
    labels: optional(
      fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        fc.string(),
        { noNullPrototype: true },
      ),
    ),
    mixed: optional(fc.array(fc.oneof(fc.maxSafeInteger(), fc.constant('auto')), { minLength: 1 })),
  })
  fc.assert(
    fc.property(inputs, (value) => {
      const expected = Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined))
      assert.deepEqual(inputOf(each, wordsOf(each, value)), expected)
    }),
    { numRuns: 300 },
  )
})

test('no words whatever make anything but input or an input fault', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('--cpus', '--dns', '--force', '--no-force', '-c', '-f', '-fc', '--', '-', '--cpus=3', '2', 'web1'),
  )
  fc.assert(
    fc.property(fc.array(word), (words) => {
      try {
        const input = inputOf(create, words)
        assert.ok(create.input.safeParse(input).success)
      } catch (error) {
        assert.ok(error instanceof Fault && error.code === 'input', String(error))
      }
    }),
    { numRuns: 300 },
  )
})
