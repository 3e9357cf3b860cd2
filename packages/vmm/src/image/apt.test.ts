import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { fakeClock, fakeHost } from '@imp/kit/host/fake.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { VmmContext } from '../context.ts'
import { archiveName, dependencyOf, findOffer, parseRecords } from './apt.ts'
import { aptConfiguration, keyring, Mirror, mirrorsAmong, proxyOptions, sourceLines, type SourceRelease } from './sources.ts'

/** As `apt-cache show` of Debian 12 prints it. */
const text = `Package: linux-image-cloud-amd64
Source: linux-signed-amd64 (6.1.192+2)
Version: 6.1.192-2
Architecture: amd64
Depends: linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)
Description: Linux for x86-64 cloud (meta-package)
Size: 1504

Package: busybox-static
Version: 1:1.35.0-4+deb12u1+b1
Architecture: amd64
Built-Using: glibc (= 2.36-9)
Size: 928188

`

suite('apt', () => {
  const [kernel, busybox] = parseRecords(text)
  assert.ok(kernel !== undefined && busybox !== undefined)

  test('reads records', () => {
    assert.equal(kernel.get('Version'), '6.1.192-2')
    assert.equal(busybox.get('Size'), '928188')
    assert.deepEqual(parseRecords(''), [])
  })

  test('knows what apt calls the files of packages', () => {
    assert.equal(archiveName(kernel), 'linux-image-cloud-amd64_6.1.192-2_amd64.deb')
    assert.equal(archiveName(busybox), 'busybox-static_1%3a1.35.0-4+deb12u1+b1_amd64.deb')
  })

  test('finds the kernel behind a meta package', () => {
    assert.equal(dependencyOf(kernel, /^linux-image-\d/), 'linux-image-6.1.0-56-cloud-amd64')
    assert.equal(dependencyOf(busybox, /^linux-image-\d/), undefined)
  })
})

/** An apt whose releases have each one package, or cannot be fetched at all. */
function aptOf(offers: Partial<Record<SourceRelease, string>>): Host {
  const host = fakeHost({ files: { [keyring]: '' } })
  const answer: Host['query'] = (argv, options) => {
    const [program] = argv
    const offered = Object.entries(offers).find(([release]) => options?.env?.['APT_CONFIG']?.includes(`/${release}-`) === true)?.[1]
    if (argv.includes('update') && offered === undefined) return Promise.reject(new Fault('exec', 'apt-get ended with status 100'))
    const stdout = program === 'apt-cache' && argv.at(-1) === offered ? `Package: ${offered}\n` : ''
    return Promise.resolve({ argv, status: 0, stdout, stderr: '' })
  }
  return { ...host, clock: fakeClock(new Date(86_400_000)), query: answer, run: answer }
}

suite('a package of any release', () => {
  const find = async (offers: Partial<Record<SourceRelease, string>>): Promise<string> => {
    const cache = mkdtempSync(join(tmpdir(), 'apt-'))
    const context = { host: aptOf(offers), paths: { data: cache, run: cache, cache }, signal: new AbortController().signal }
    const repository = {
      release: 'bookworm',
      architecture: 'amd64',
      mirrors: { archive: 'http://a/debian', security: 'http://a/s' },
    } as const
    try {
      const { release } = await findOffer(context as unknown as VmmContext, repository, 'linux-source-5.10', [
        'bookworm',
        'trixie',
        'bullseye',
      ])
      return release
    } catch (error) {
      assert.ok(error instanceof Fault && error.code === 'not-found', String(error))
      return error.detail ?? ''
    } finally {
      rmSync(cache, { recursive: true })
    }
  }
  const old = 'linux-source-5.10'

  test('comes from the first that has it, also when a mirror lacks another', async () => {
    assert.equal(await find({ bookworm: 'linux-source-6.1', trixie: 'linux-source-6.12', bullseye: old }), 'bullseye')
    assert.equal(await find({ bookworm: 'linux-source-6.1', bullseye: old }), 'bullseye')
    assert.equal(await find({ bookworm: old, bullseye: old }), 'bookworm')
  })

  test('is refused with what each of them said', async () => {
    const said = await find({ bookworm: 'linux-source-6.1', trixie: 'linux-source-6.12' })
    assert.match(said, /^bookworm does not have it\ntrixie does not have it\nbullseye cannot be asked: apt-get ended/)
  })
})

suite('sources', () => {
  test('cover the release, its updates and security, each signed', () => {
    const lines = sourceLines('bookworm', {
      archive: 'http://mirror.example.net/debian',
      security: 'http://security.example.net/debian-security',
    })
    const key = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
    assert.deepEqual(lines, [
      `deb ${key} http://mirror.example.net/debian bookworm main`,
      `deb ${key} http://mirror.example.net/debian bookworm-updates main`,
      `deb ${key} http://security.example.net/debian-security bookworm-security main`,
    ])
  })

  test('keep apt away from the configuration of this machine', () => {
    const lines = aptConfiguration('/cache/apt', 'amd64', { http: 'http://proxy:3128' }).split('\n')
    for (const key of ['Dir::Etc', 'Dir::State', 'Dir::State::lists', 'Dir::Cache', 'Dir::Cache::archives'])
      assert.ok(
        lines.some((line) => line.startsWith(`${key} "/cache/apt`)),
        key,
      )
    assert.ok(lines.includes('Acquire::http::Proxy "http://proxy:3128";'))
    assert.deepEqual(proxyOptions({}), [])
  })

  test('come from where apt of this machine fetches', () => {
    const addresses = 'https://download.example.com/\nhttp://near.example.net/debian/\nhttp://near.example.net/debian-security/\n'
    const near = { archive: 'http://near.example.net/debian', security: 'http://near.example.net/debian-security' }
    assert.deepEqual(mirrorsAmong(addresses), near)
    assert.deepEqual(mirrorsAmong(addresses, 'http://far.example.net/debian/'), { ...near, archive: 'http://far.example.net/debian' })
    assert.deepEqual(mirrorsAmong('', 'http://far.example.net/debian'), {
      archive: 'http://far.example.net/debian',
      security: 'http://far.example.net/debian-security',
    })
    assert.equal(mirrorsAmong('https://download.example.com/\n'), undefined)
  })

  test('take no mirror that would add words to a line', () => {
    assert.equal(Mirror.safeParse('http://mirror.example.net/debian').success, true)
    for (const wrong of ['http://a b', 'file:///etc', 'http://a\ndeb x', 'ftp://a/debian', ''])
      assert.equal(Mirror.safeParse(wrong).success, false, wrong)
  })
})
