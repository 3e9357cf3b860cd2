import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { contextFor, type VmmContext } from '../context.ts'
import { openSource } from './source.ts'
import { checksumsOf, chooseRelease, kernelMirror } from './upstream.ts'

const sum = (digit: string): string => digit.repeat(64)

const list = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

${sum('1')}  linux-6.6.tar.xz
${sum('2')}  linux-6.6.9.tar.xz
${sum('3')}  linux-6.6.30.tar.xz
${sum('4')}  linux-6.6.30.tar.gz
${sum('5')}  patch-6.6.31.xz
${sum('6')}  linux-6.60.1.tar.xz
${sum('7')}  ../../linux-6.6.99.tar.xz
-----BEGIN PGP SIGNATURE-----
`

test('of a series the newest release is taken, of a version itself', () => {
  const address = checksumsOf(kernelMirror, '6.6')
  assert.equal(address, 'https://cdn.kernel.org/pub/linux/kernel/v6.x/sha256sums.asc')
  const directory = 'https://cdn.kernel.org/pub/linux/kernel/v6.x'
  assert.deepEqual(chooseRelease(list, address, '6.6'), { version: '6.6.30', url: `${directory}/linux-6.6.30.tar.xz`, sha256: sum('3') })
  assert.equal(chooseRelease(list, address, '6.6.9').sha256, sum('2'))
  for (const version of ['6.6.3', '6.5', '6.6.99']) assert.throws(() => chooseRelease(list, address, version), { code: 'not-found' })
})

async function scratch(t: TestContext): Promise<{ directory: string; context: VmmContext }> {
  const directory = mkdtempSync(join(tmpdir(), 'vmm-source-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const common = { report: () => undefined, signal: new AbortController().signal, dryRun: false, interactive: false, passthrough: false }
  return {
    directory,
    context: await contextFor({ ...common, host: localHost() }, false, { XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory }),
  }
}

test('what Debian does not have comes from the releases of Linux, once, and both are named when neither has it', async (t) => {
  const { directory, context } = await scratch(t)
  mkdirSync(join(directory, 'linux-6.6.30'))
  for (const each of ['Makefile', 'Kconfig']) writeFileSync(join(directory, 'linux-6.6.30', each), '')
  const tarball = join(directory, 'packed.tar')
  execFileSync('tar', ['--create', `--file=${tarball}`, `--directory=${directory}`, 'linux-6.6.30'])
  const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex')
  const asked: string[] = []
  const parts = {
    kernelMirror: 'http://mirror.example/kernel/',
    unpackSource: (name: string) => Promise.reject(new Fault('not-found', `Debian offers no package ${name}`, { hint: 'give it' })),
    readText: (url: string) => {
      asked.push(url)
      return url.includes('v6.x')
        ? Promise.resolve(`${sha256}  linux-6.6.30.tar.xz\n`)
        : Promise.reject(new Fault('exec', `${url} cannot be reached`))
    },
    download(url: string, wanted: string, into: string) {
      asked.push(url)
      assert.equal(wanted, sha256)
      copyFileSync(tarball, join(into, 'file'))
      return Promise.resolve(join(into, 'file'))
    },
  }
  const open = (version: string) => openSource(context, parts, { from: 'debian', version }, join(directory, 'source'))
  const first = await open('6.6')
  assert.deepEqual([first.origin, existsSync(join(first.tree, 'Kconfig'))], ['mirror.example', true])
  assert.deepEqual(asked, ['http://mirror.example/kernel/v6.x/sha256sums.asc', 'http://mirror.example/kernel/v6.x/linux-6.6.30.tar.xz'])
  assert.deepEqual(await open('6.6'), first)
  assert.equal(asked.length, 2)
  rmSync(join(directory, 'source.upstream'), { recursive: true })
  await assert.rejects(open('7.0'), (error) => {
    assert.ok(error instanceof Fault)
    assert.deepEqual([error.code, error.message, error.hint], ['exec', 'there is no source of Linux 7.0', 'give it'])
    assert.match(error.detail ?? '', /Debian offers no package linux-source-7\.0\n.*v7\.x.*cannot be reached/)
    return true
  })
})
