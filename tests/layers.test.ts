/** Reads every import of the packages and fails on one that points the wrong way (ARCHITECTURE.md, Layers). */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

interface Place {
  /** `kit`, `imp`, `vmm`. */
  readonly package: string
  /** Folder under src, empty for files beside main.ts. */
  readonly room: string
  /** Path below src. */
  readonly path: string
  /** File name. */
  readonly name: string
}

interface Import {
  readonly from: Place
  /** A place in this repository, or the name of a module from outside. */
  readonly to: Place | string
  readonly typeOnly: boolean
  /** Whether it is loaded by a call when it is needed. */
  readonly called: boolean
}

/** Imports against the rules that have a reason to stay; a test below fails when one is no longer needed. */
const exceptions: readonly { readonly from: string; readonly to: string; readonly reason: string }[] = [
  { from: 'imp/config/check.ts', to: '**/check*.ts', reason: 'a configuration is checked by the checks of all its rooms' },
  {
    from: 'imp/dataplane/linux/render.ts',
    to: 'nat/render.ts',
    reason: 'the dataplane carries the translation table, whose text is of the nat room',
  },
]

function place(file: string): Place {
  const [, name = '', , ...rest] = file.split('/')
  const path = rest.join('/')
  return { package: name, room: rest.length > 1 ? (rest[0] ?? '') : '', path, name: rest.at(-1) ?? '' }
}

function target(file: string, specifier: string): Place | string {
  if (specifier.startsWith('.')) return place(posix.join(dirname(file), specifier))
  const own = /^@imp\/(\w+)\/(.+)$/.exec(specifier)
  return own === null ? specifier : place(`packages/${own[1]}/src/${own[2]}`)
}

const statement = /^\s*(?:import|export)\s+(type\s)?(?:[^'"`;()]*?\sfrom\s+)?['"]([^'"]+)['"]/gm
const dynamic = /\bimport\(\s*['"]([^'"]+)['"]/g

function importsOf(file: string): Import[] {
  // Of comments only whole lines matter: they are where an example would stand.
  const text = readFileSync(join(root, file), 'utf8').replaceAll(/^\s*(?:\/\/|\*|\/\*).*$/gm, '')
  const from = place(file)
  const stated = [...text.matchAll(statement)].map((match) => ({
    specifier: match[2] ?? '',
    typeOnly: match[1] !== undefined,
    called: false,
  }))
  const called = [...text.matchAll(dynamic)].map((match) => ({ specifier: match[1] ?? '', typeOnly: false, called: true }))
  return [...stated, ...called].map(({ specifier, ...how }) => ({ from, to: target(file, specifier), ...how }))
}

const files = globSync('packages/*/src/**/*.ts', { cwd: root }).toSorted()
const imports = files.flatMap(importsOf)

/** Tests and what only they need: samples, fakes of programs, suites that several drivers pass. */
function isTest({ name }: Place): boolean {
  return /\.test\.ts$|^(sample|fake(-[a-z]+)?|contract)\.ts$/.test(name)
}

const kitLayers = ['base', 'host', 'store', 'plan', 'op', 'surface']

function kitRule({ from, to }: Import): string | undefined {
  if (from.package !== 'kit' || typeof to === 'string') return undefined
  if (to.package !== 'kit') return 'the kit knows no product'
  const allowed = kitLayers.indexOf(to.room) <= kitLayers.indexOf(from.room)
  return allowed || isTest(from) ? undefined : `${from.room} stands below ${to.room}`
}

function productRule({ from, to }: Import): string | undefined {
  if (from.package === 'kit' || typeof to === 'string' || to.package === from.package) return undefined
  if (to.package !== 'kit') return 'imp and vmm never import each other'
  if (to.room === 'surface' && !['main.ts', 'package.json'].includes(from.path)) return 'surfaces are for main.ts'
  return undefined
}

/** A room sees of another its model only; ops.ts and imp/pipeline combine rooms, registry.ts loads their operations. */
function roomRule({ from, to }: Import): string | undefined {
  if (from.package === 'kit' || typeof to === 'string' || to.package !== from.package || isTest(from)) return undefined
  if (from.room === '') {
    const loads = from.name === 'registry.ts' && to.name === 'ops.ts'
    const reads = from.name === 'context.ts' && to.path === 'config/load.ts'
    return to.room === '' || loads || reads ? undefined : 'only registry.ts loads rooms, and context.ts reads the settings'
  }
  if (to.room === from.room || to.path === 'context.ts') return undefined
  if (to.room === '') return 'a room sees of the files above it only context.ts'
  const combines = from.name === 'ops.ts' || (from.package === 'imp' && from.room === 'pipeline')
  return combines || to.name === 'model.ts' ? undefined : 'of another room only its model.ts is open'
}

function testRule({ from, to }: Import): string | undefined {
  return typeof to !== 'string' && isTest(to) && !isTest(from) ? 'it is for tests' : undefined
}

/** model.ts, check*.ts and render*.ts outside of the kit. */
function isPure({ package: name, name: file }: Place): boolean {
  return name !== 'kit' && /^(model|check|render)(-[a-z-]+)?\.ts$/.test(file)
}

const pureModules = new Set(['zod', 'yaml', 'node:path', 'node:util'])

function pureRule({ from, to, typeOnly }: Import): string | undefined {
  if (!isPure(from) || typeOnly) return undefined
  if (typeof to === 'string') return pureModules.has(to) ? undefined : `${from.name} is pure`
  return to.package === 'kit' && to.room !== 'base' ? `${from.name} is pure` : undefined
}

const homes: Readonly<Record<string, (from: Place) => boolean>> = {
  'node:child_process': (from) => from.package === 'kit' && from.path === 'host/exec.ts',
  'node:fs': (from) => from.package === 'kit' && (from.room === 'host' || from.path === 'store/journal.ts'),
  'node:fs/promises': (from) => from.package === 'kit' && (from.room === 'host' || from.path === 'store/journal.ts'),
  'node:sqlite': (from) => from.package === 'kit' && from.path === 'host/lock.ts',
}

function homeRule({ from, to }: Import): string | undefined {
  if (typeof to !== 'string' || isTest(from)) return undefined
  return homes[to]?.(from) === false ? `${to} has another home` : undefined
}

function isCommonJs(library: string): boolean {
  const { type } = JSON.parse(readFileSync(join(root, 'node_modules', library, 'package.json'), 'utf8')) as { type?: string }
  return type !== 'module'
}

/** The bundler loses the names of a library in CommonJS that is loaded by a call: a file of ours imports it, and is loaded by the call. */
function calledRule({ to, called }: Import): string | undefined {
  if (!called || typeof to !== 'string' || to.startsWith('node:')) return undefined
  return isCommonJs(to) ? 'load by a call a file of ours that imports the library' : undefined
}

const rules = [kitRule, productRule, roomRule, testRule, pureRule, homeRule, calledRule]

function write(each: Place | string): string {
  return typeof each === 'string' ? each : `${each.package}/${each.path}`
}

function isExcepted(exception: (typeof exceptions)[number], each: Import): boolean {
  if (exception.from !== write(each.from) || typeof each.to === 'string') return false
  return posix.matchesGlob(each.to.path, exception.to)
}

interface Violation {
  readonly import: Import
  readonly text: string
}

const violations: readonly Violation[] = imports.flatMap((each) =>
  rules.flatMap((rule) => {
    const reason = rule(each)
    return reason === undefined ? [] : [{ import: each, text: `${write(each.from)} -> ${write(each.to)}: ${reason}` }]
  }),
)

test('imports are read', () => {
  assert.ok(files.length > 50 && imports.length > files.length)
  const read = (from: string, to: string) => imports.some((each) => write(each.from) === from && write(each.to) === to)
  assert.ok(read('kit/host/exec.ts', 'node:child_process'), 'a module from outside')
  assert.ok(read('kit/plan/apply.ts', 'kit/plan/step.ts'), 'a neighbour, over several names')
  assert.ok(read('imp/main.ts', 'kit/surface/cli.ts'), 'another package, when called')
})

test('no import points the wrong way', () => {
  const unexcused = violations.filter((each) => !exceptions.some((exception) => isExcepted(exception, each.import)))
  assert.deepEqual(
    unexcused.map((each) => each.text),
    [],
  )
})

test('every exception is needed', () => {
  for (const exception of exceptions)
    assert.ok(
      violations.some((each) => isExcepted(exception, each.import)),
      `${exception.from} -> ${exception.to} is no longer needed`,
    )
})

test('pure files ask neither clock nor chance nor process', () => {
  const impure = /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\brandom(UUID|Bytes|Int)\(|\bperformance\.now\(|\bprocess\./
  const found = files.filter((file) => isPure(place(file)) && impure.test(readFileSync(join(root, file), 'utf8')))
  assert.deepEqual(found, [])
})

/** Who may hold the terminal, and why. */
const terminals: Readonly<Record<string, string>> = {
  'kit/surface/print.ts': 'results and events are written there',
  'kit/surface/repl/terminal.ts': 'the line that is typed is edited there',
  'imp/show/ops.ts': '--watch draws on a screen of its own until it is interrupted',
  'vmm/console/ops.ts': "the serial console of a guest takes over the person's terminal",
  'vmm/devices/ops.ts': "a guest that is talked to by vsock has the person's standard input and output",
}

test('only print.ts writes to the terminal', () => {
  const writes = /\bconsole\.(log|error|warn|info|debug|table)\(|\bprocess\.(stdout|stderr)\b/
  const found = files.filter((file) => !isTest(place(file)) && writes.test(readFileSync(join(root, file), 'utf8')))
  assert.deepEqual(found.map((file) => write(place(file))).toSorted(), Object.keys(terminals).toSorted())
})
