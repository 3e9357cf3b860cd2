import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { archive, padding, type CpioEntry } from './cpio.ts'

const sample: readonly CpioEntry[] = [
  { kind: 'directory', path: 'identity', mode: 0o700 },
  { kind: 'file', path: 'identity/hostname', content: 'web1\n' },
  { kind: 'file', path: 'identity/key', mode: 0o600, content: new Uint8Array([0, 1, 2, 255]) },
  { kind: 'link', path: 'bin/sh', target: 'busybox' },
  { kind: 'device', path: 'dev/console', major: 5, minor: 1 },
]

/** Runs GNU cpio on an archive. */
function cpio(bytes: Buffer, ...words: string[]): string {
  return execFileSync('cpio', ['--quiet', ...words], { input: bytes, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })
}

suite('archive', () => {
  test('writes the bytes of the newc format', (t) => {
    const text = archive(sample).toString('latin1').replaceAll('\0', '.')
    t.assert.fileSnapshot(text.split(/(?=070701)/).join('\n'), join(import.meta.dirname, 'golden/sample.cpio.txt'), {
      serializers: [(value: string) => value],
    })
  })

  test('is read by GNU cpio, devices and modes included', () => {
    const listing = cpio(archive(sample), '--list', '--verbose', '--numeric-uid-gid').trim().split('\n')
    const shown = listing.map((line) => `${line.slice(0, 10)} ${line.split(' ').slice(-1)[0]}`)
    assert.deepEqual(shown, [
      'drwx------ identity',
      '-rw-r--r-- identity/hostname',
      '-rw------- identity/key',
      'drwxr-xr-x bin',
      'lrwxrwxrwx busybox',
      'drwxr-xr-x dev',
      'crw------- dev/console',
    ])
    assert.match(listing.at(-1) ?? '', / 5, +1 /)
  })

  test('unpacks to what went in', () => {
    const directory = mkdtempSync(join(tmpdir(), 'vmm-cpio-'))
    try {
      const plain = sample.filter((entry) => entry.kind !== 'device')
      execFileSync('cpio', ['--quiet', '--extract'], { input: archive(plain), cwd: directory })
      assert.equal(readFileSync(join(directory, 'identity/hostname'), 'utf8'), 'web1\n')
      assert.deepEqual([...readFileSync(join(directory, 'identity/key'))], [0, 1, 2, 255])
      assert.equal(statSync(join(directory, 'identity/key')).mode & 0o7777, 0o600)
      assert.equal(readlinkSync(join(directory, 'bin/sh')), 'busybox')
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test('keeps the last of two entries with one path', () => {
    const twice = archive([
      { kind: 'file', path: 'a', content: 'first' },
      { kind: 'file', path: 'a', content: 'second' },
    ])
    assert.equal(cpio(twice, '--list'), 'a\n')
    assert.ok(twice.includes('second') && !twice.includes('first'))
  })

  for (const path of ['/etc/passwd', '../up', 'a//b', 'a/./b', '', 'a/']) {
    test(`refuses the path ${JSON.stringify(path)}`, () => {
      assert.throws(() => archive([{ kind: 'file', path, content: '' }]), RangeError)
    })
  }

  test('is a multiple of four bytes long and holds every content, whatever the lengths', () => {
    const name = fc.stringMatching(/^[a-z]{1,20}$/)
    const files = fc.uniqueArray(fc.record({ path: name, content: fc.uint8Array({ maxLength: 40 }) }), { selector: (file) => file.path })
    fc.assert(
      fc.property(files, (entries) => {
        const bytes = archive(entries.map((entry) => ({ kind: 'file', ...entry })))
        return bytes.length % 4 === 0 && entries.every(({ content }) => bytes.includes(Buffer.from(content)))
      }),
      { numRuns: 100 },
    )
  })
})

test('padding reaches the next multiple of four', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((length) => padding(length).length),
    [0, 3, 2, 1, 0, 3],
  )
})
