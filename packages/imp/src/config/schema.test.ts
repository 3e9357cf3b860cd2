import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { routerJsonSchema } from './schema.ts'

interface Node {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Node>>
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  readonly required?: readonly string[]
  readonly default?: unknown
  readonly const?: unknown
  readonly additionalProperties?: unknown
}

const schema = routerJsonSchema() as unknown as Node & { $id: string; title: string; $schema: string }

/** Every schema inside, with the path of keys that leads to it. */
function* nodes(node: Node, path = ''): Generator<readonly [string, Node]> {
  yield [path, node]
  for (const [key, inner] of Object.entries(node.properties ?? {})) yield* nodes(inner, `${path}.${key}`)
  if (node.items !== undefined) yield* nodes(node.items, `${path}[]`)
  for (const inner of node.anyOf ?? []) yield* nodes(inner, path)
}

suite('JSON Schema of router.json', () => {
  test('says what document it describes', () => {
    assert.equal(schema.$id, 'urn:imp:schema:imp.router:1')
    assert.equal(schema.$schema, 'http://json-schema.org/draft-07/schema#')
    assert.equal(schema.title, 'IMP router configuration')
    assert.equal(schema.properties?.['schema']?.const, 'imp.router')
    assert.equal(schema.properties?.['version']?.const, 1)
  })

  test('wants only what has no default', () => {
    assert.deepEqual(schema.required, ['schema', 'version', 'hostname'])
  })

  test('describes every field, so that editors can explain it', () => {
    const bare = [...nodes(schema)].filter(([path, node]) => path.includes('.') && !path.endsWith('[]') && node.description === undefined)
    assert.deepEqual(
      bare.map(([path]) => path),
      [],
    )
  })

  test('refuses unknown keys everywhere but in the settings of modules', () => {
    const open = [...nodes(schema)].filter(([, node]) => node.type === 'object' && node.additionalProperties !== false)
    assert.deepEqual(
      open.map(([path]) => path),
      ['.modules[].config'],
    )
  })

  test('tells the defaults', () => {
    const peer = schema.properties?.['bgp']?.properties?.['peers']?.items
    assert.equal(peer?.properties?.['holdTime']?.default, 90)
    assert.equal(schema.properties?.['dataplane']?.default, 'linux')
    assert.equal(schema.properties?.['interfaces']?.items?.properties?.['mtu']?.default, 1500)
  })
})
