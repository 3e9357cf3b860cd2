/** The bundles say and do what the sources say and do, and run only while they are younger than those. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { bundleCommands } from '../../tools/build/bundle.ts'

const root = join(import.meta.dirname, '../..')
const sources = { imp: join(root, 'packages/imp/src/main.ts'), vmm: join(root, 'packages/vmm/src/main.ts') } as const

interface Said {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

function run(program: string, words: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(program, words, { cwd: root, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

suite('bundles', () => {
  let directory = ''
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'imp-bundle-'))
    await bundleCommands(join(directory, 'one'))
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  const lines: readonly (readonly ['imp' | 'vmm', ...string[]])[] = [
    ['imp', '--version'],
    ['imp', '--help'],
    ['vmm', '--help'],
    ['imp', '__complete', '--', 'show', 'bgp', '--'],
    ['vmm', '__complete', '--', 'image', ''],
    ['imp', 'check', 'examples/demo/edge.router.json', '--json'],
    ['imp', 'nat', 'lookup', 'nonsense'],
    ['imp', 'comit'],
  ]
  for (const [program, ...words] of lines)
    test(`${program} ${words.join(' ')}`, async () => {
      const [ours, theirs] = await Promise.all([
        run(process.execPath, [join(directory, 'one', `${program}.mjs`), ...words]),
        run(process.execPath, ['--disable-warning=ExperimentalWarning', sources[program], ...words]),
      ])
      assert.deepEqual(ours, theirs)
    })

  test('bring every file that the sources name beside themselves', () => {
    const made = new Set(readdirSync(join(directory, 'one'), { recursive: true, encoding: 'utf8' }))
    const named = [...made]
      .filter((name) => name.endsWith('.mjs'))
      .flatMap((name) => [...readFileSync(join(directory, 'one', name), 'utf8').matchAll(/new URL\("\.\/([^"]+)",import\.meta\.url\)/g)])
      .map(([, name = '']) => name)
    assert.ok(named.includes('imp.mjs') && named.includes('vmm.mjs') && named.length > 5, named.join(', '))
    assert.deepEqual(
      named.filter((name) => !made.has(name)),
      [],
    )
  })

  test('are the same bytes when they are made again', async () => {
    const contents = (name: string): [string, string][] =>
      readdirSync(join(directory, name), { recursive: true, withFileTypes: true })
        .filter((each) => each.isFile())
        .map((each): [string, string] => [each.name, readFileSync(join(each.parentPath, each.name), 'utf8')])
        .toSorted(([a], [b]) => a.localeCompare(b))
    await bundleCommands(join(directory, 'two'))
    assert.deepEqual(contents('two'), contents('one'))
  })
})

suite('what bin/imp runs', () => {
  let checkout = ''
  before(() => {
    checkout = mkdtempSync(join(tmpdir(), 'imp-start-'))
    for (const name of ['bin', 'tools/build', 'packages/imp/src', 'dist']) mkdirSync(join(checkout, name), { recursive: true })
    for (const name of ['bin/imp', 'tools/start.sh', 'tools/runtime.sh']) copyFileSync(join(root, name), join(checkout, name))
    symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
    chmodSync(join(checkout, 'bin/imp'), 0o755)
    writeFileSync(join(checkout, 'package-lock.json'), '{}')
    writeFileSync(join(checkout, 'packages/imp/src/main.ts'), 'console.log("sources")')
    writeFileSync(join(checkout, 'dist/imp.mjs'), 'console.log("bundle", ...process.argv.slice(2))')
  })
  after(() => rmSync(checkout, { recursive: true, force: true }))
  const ran = async (...words: string[]): Promise<string> => (await run(join(checkout, 'bin/imp'), words)).stdout.trim()
  /** As if the bundles had been made at that time. */
  const stamp = (time: Date): void => {
    writeFileSync(join(checkout, 'dist/stamp'), '')
    utimesSync(join(checkout, 'dist/stamp'), time, time)
  }

  test('the bundle while it is younger than the sources, with the words as they are', async () => {
    stamp(new Date(Date.now() + 60_000))
    assert.equal(await ran('a b', '*'), 'bundle a b *')
  })

  test('the sources when one of them is younger, whatever its time was set to', async () => {
    stamp(new Date(Date.now() - 60_000))
    utimesSync(join(checkout, 'packages/imp/src/main.ts'), new Date(0), new Date(0))
    assert.equal(await ran(), 'sources')
  })

  test('the sources when there is no bundle', async () => {
    rmSync(join(checkout, 'dist'), { recursive: true })
    assert.equal(await ran(), 'sources')
  })
})
