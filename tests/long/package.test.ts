/** The Debian package works where nothing of this checkout is, and the same commit makes the same package. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { version } from '../../tools/build/bundle.ts'
import { makePackage } from '../../tools/package.ts'

const root = join(import.meta.dirname, '../..')

function run(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const [program = '', ...rest] = words
  return new Promise((resolve, reject) => {
    execFile(program, rest, { env: { PATH: process.env['PATH'], ...env }, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${words.join(' ')}: ${error.message}\n${stdout}\n${stderr}`))
    })
  })
}

function has(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => existsSync(join(directory, program)))
}

function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  return has('dpkg-deb') && has('unshare') ? undefined : 'needs dpkg-deb and unshare'
}

/** What bash would offer after these words. */
const bashCompletion = `source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_imp_complete imp
printf '%s\\n' "\${COMPREPLY[@]}"`

/** Runs a program where an empty file system lies over the checkout. */
const without = ['unshare', '--mount', '--', 'sh', '-c', 'mount -t tmpfs tmpfs "$1" && shift && exec "$@"', 'sh', root] as const

suite('the Debian package', { skip: obstacle() ?? false }, () => {
  let directory = ''
  let file = ''
  let tree = ''
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'imp-deb-'))
    tree = join(directory, 'tree')
    file = await makePackage(join(directory, 'one'))
    await run(['dpkg-deb', '-x', file, tree])
    copyFileSync(join(root, 'examples/demo/edge.router.json'), join(directory, 'router.json'))
  })
  after(() => rmSync(directory, { recursive: true, force: true }))
  const installed = (...words: string[]): Promise<string> =>
    run([...without, ...words], {
      PATH: `${join(tree, 'usr/bin')}:${process.env['PATH']}`,
      HOME: directory,
      VMM_DATA_DIR: join(directory, 'vmm'),
    })

  test('the same commit makes the same package', async () => {
    const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
    assert.equal(digest(await makePackage(join(directory, 'two'))), digest(file))
  })

  test('its commands work without the sources', async () => {
    assert.equal(await installed('imp', '--version'), `imp ${version()}\n`)
    assert.equal(await installed('vmm', '--version'), `vmm ${version()}\n`)
    assert.match(await installed('imp', 'check', join(directory, 'router.json')), /nothing is wrong/)
    assert.match(await installed('imp', 'render', join(directory, 'router.json')), /router bgp \d+/)
    assert.deepEqual((JSON.parse(await installed('vmm', 'list', '--json')) as { machines: unknown }).machines, [])
    for (const name of readdirSync(join(tree, 'usr/bin'))) assert.match(await installed(name, '--help'), /Usage|Examples/)
  })

  test('bash completes its commands', async () => {
    const script = join(tree, 'usr/share/bash-completion/completions/imp')
    const offered = await installed('bash', '-c', bashCompletion, 'bash', script, 'imp', 'show', 'b')
    assert.equal(offered.trim(), 'bgp')
  })

  test('its manual pages are read', async (t) => {
    if (!has('man')) return t.skip('needs man (apt-get install man-db)')
    const page = await run(['man', '-l', join(tree, 'usr/share/man/man1/imp.1.gz')], { MANWIDTH: '80', MAN_DISABLE_SECCOMP: '1' })
    assert.match(page, /^IMP\(1\) +User Commands +IMP\(1\)/)
    assert.match(page, /imp show bgp/)
    assert.match(page, /--dry-run/)
  })

  test('dpkg installs and removes it', async () => {
    const system = join(directory, 'system')
    for (const name of ['info', 'updates', 'triggers']) mkdirSync(join(system, 'var/lib/dpkg', name), { recursive: true })
    writeFileSync(join(system, 'var/lib/dpkg/status'), '')
    const dpkg = (...words: string[]): Promise<string> => run(['dpkg', `--root=${system}`, '--force-depends', ...words])
    await dpkg('--install', file)
    assert.equal(await dpkg('--verify', 'imp'), '')
    assert.equal(await run([join(system, 'usr/bin/imp'), '--version'], { HOME: directory }), `imp ${version()}\n`)
    await dpkg('--purge', 'imp')
    assert.equal(existsSync(join(system, 'usr/lib/imp')), false)
  })
})
