/** Whatever stands in a file, reading, checking and rendering it end with findings or a result; nothing else is ever thrown. */
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { array, assert as holds, constantFrom, integer, jsonValue, property, string, tuple, type Arbitrary } from 'fast-check'
import { loadRouterConfig } from '../../packages/imp/src/config/load.ts'
import { renderLinux } from '../../packages/imp/src/dataplane/linux/render.ts'
import { renderFrr } from '../../packages/imp/src/frr/render.ts'
import { detectLayout } from '../../packages/imp/src/migrate/detect.ts'
import { importInterfaces } from '../../packages/imp/src/migrate/reference-interfaces.ts'
import { importRoles } from '../../packages/imp/src/migrate/reference-roles.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'

const rooms = join(import.meta.dirname, '../../packages/imp/src')
const golden = join(rooms, 'config/golden')
const documents = await Promise.all(
  (await readdir(golden)).map(async (name) => JSON.parse(await readFile(join(golden, name, 'router.json'), 'utf8')) as unknown),
)
const old = await Promise.all(
  ['roles', 'interfaces'].map(
    async (name) => JSON.parse(await readFile(join(rooms, `migrate/golden/${name}.old.json`), 'utf8')) as unknown,
  ),
)

/** What `work` throws must be a fault that a person can act on. */
function civil(work: () => void): void {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof Fault && error.code !== 'bug', error instanceof Error ? error.stack : String(error))
  }
}

/** Reads a text; what is sound enough is rendered too. */
function readAndRender(text: string): void {
  const { config, findings } = loadRouterConfig(text, 'router.json')
  for (const { path, message } of findings) assert.ok(typeof path === 'string' && message !== '')
  if (config === undefined) assert.ok(findings.some(({ severity }) => severity === 'error'))
  else if (!findings.some(({ severity }) => severity === 'error')) civil(() => [renderFrr(config), renderLinux(config)])
}

/** Words that mean something somewhere, so that mutations get further than the schema. */
const words = constantFrom<unknown>(
  'wan',
  'lan',
  '192.0.2.1',
  '192.0.2.0/24',
  '0.0.0.0/0',
  '203.0.113.1/32',
  '2001:db8::1/64',
  'fe80::1',
  '::',
  '255.255.255.255/32',
  'external',
  'vpp',
  '',
  ' ',
  '\n',
  'ä',
  0,
  1,
  4094,
  -1,
  1.5,
  2 ** 53,
  true,
  null,
  [],
  {},
)

const value: Arbitrary<unknown> = tuple(integer({ min: 0, max: 9 }), words, jsonValue({ maxDepth: 2 }), string()).map(
  ([choice, word, json, text]) => (choice < 7 ? word : choice < 9 ? json : text),
)

type Mutation = readonly [steps: readonly number[], kind: 'replace' | 'remove' | 'repeat', value: unknown]

const mutation: Arbitrary<Mutation> = tuple(
  array(integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 7 }),
  constantFrom('replace', 'remove', 'repeat'),
  value,
)

/** Changes one place of a document: the steps choose a member of each object or list on the way. */
function mutate(document: unknown, [[step = 0, ...steps], kind, fresh]: Mutation): unknown {
  if (typeof document !== 'object' || document === null) return fresh
  const members = Object.entries(document)
  const [key, member] = members[step % Math.max(1, members.length)] ?? []
  if (key === undefined) return fresh
  const end = steps.length === 0
  const changed: unknown = end ? fresh : mutate(member, [steps, kind, fresh])
  const isRemoved = end && kind === 'remove'
  if (!Array.isArray(document))
    return Object.fromEntries(members.flatMap(([name, each]) => (name !== key ? [[name, each]] : isRemoved ? [] : [[name, changed]])))
  const list: unknown[] = members.flatMap(([name, each]): unknown[] => (name !== key ? [each] : isRemoved ? [] : [changed]))
  return end && kind === 'repeat' ? [...document, member] : list
}

function mutated(from: readonly unknown[]): Arbitrary<unknown> {
  return tuple(constantFrom(...from), array(mutation, { minLength: 1, maxLength: 4 })).map(([document, mutations]) =>
    mutations.reduce<unknown>((each, one) => mutate(each, one), document),
  )
}

suite('random inputs', () => {
  test('any JSON', () => {
    holds(
      property(jsonValue(), (json) => readAndRender(JSON.stringify(json))),
      { numRuns: 100 },
    )
  })

  test('any JSON in our envelope', () => {
    const fields = tuple(
      constantFrom('interfaces', 'bgp', 'nat', 'routes', 'bridges', 'management', 'container', 'ospf', 'cpu'),
      jsonValue(),
    )
    holds(
      property(array(fields, { maxLength: 4 }), (members) =>
        readAndRender(JSON.stringify({ schema: 'imp.router', version: 1, hostname: 'a', ...Object.fromEntries(members) })),
      ),
      { numRuns: 100 },
    )
  })

  test('any text', () => {
    holds(property(string({ unit: 'binary' }), readAndRender), { numRuns: 100 })
  })

  test('sound documents with some places changed, removed or repeated', () => {
    holds(
      property(mutated(documents), (document) => readAndRender(JSON.stringify(document))),
      { numRuns: 250 },
    )
  })

  test('old documents with some places changed, removed or repeated', () => {
    holds(
      property(mutated(old), (document) =>
        civil(() => {
          const layout = detectLayout(document, 'old.json')
          if (layout === 'current') return
          const { config } = layout === 'roles' ? importRoles(document, 'old.json') : importInterfaces(document, 'old.json')
          readAndRender(JSON.stringify(config))
        }),
      ),
      { numRuns: 250 },
    )
  })
})
