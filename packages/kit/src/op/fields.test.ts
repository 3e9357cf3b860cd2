import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operations } from '../surface/sample.ts'
import { fieldsOf, kebabCase } from './fields.ts'

test('kebab case', () => {
  const table = { name: 'name', memoryMib: 'memory-mib', ssh2Key: 'ssh2-key', noDefaultRoute: 'no-default-route' }
  for (const [key, expected] of Object.entries(table)) assert.equal(kebabCase(key), expected)
})

test('fields say what a word can become', () => {
  const fields = Object.fromEntries(fieldsOf(operations.create).map((field) => [field.key, field]))
  const brief = (key: string) => {
    const { label, short, kinds, many, required, choices, path } = fields[key] ?? assert.fail(key)
    return { label, short, kinds, many, required, choices, path }
  }
  const plain = { short: undefined, many: false, required: false, choices: [], path: false }
  assert.deepEqual(brief('name'), { ...plain, label: 'NAME', kinds: ['text'], required: true })
  assert.deepEqual(brief('cpus'), { ...plain, label: '--cpus', short: 'c', kinds: ['number'] })
  assert.deepEqual(brief('memoryMib'), { ...plain, label: '--memory', kinds: ['number'] })
  assert.deepEqual(brief('engine'), { ...plain, label: '--engine', kinds: ['text'], choices: ['firecracker', 'qemu'] })
  assert.deepEqual(brief('ports'), { ...plain, label: '--ports', kinds: ['number'], many: true })
  assert.deepEqual(brief('kernel'), { ...plain, label: '--kernel', kinds: ['text'], path: true })
  assert.deepEqual(brief('force'), { ...plain, label: '--force', short: 'f', kinds: ['boolean'] })
})

test('positional fields come first, in their order', () => {
  assert.deepEqual(
    fieldsOf(operations.execute).map((field) => field.label),
    ['NAME', 'WORDS', '--user'],
  )
})
