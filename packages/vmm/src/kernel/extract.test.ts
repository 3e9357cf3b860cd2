/** Kernels wrapped as distributions wrap them, by the programs that distributions use. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Fault } from '@imp/kit/base/fault.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { readConfiguration } from './configuration.ts'
import { extractKernel, releaseOf } from './extract.ts'
import { findText } from './find-text.ts'

const host = localHost()
const directory = mkdtempSync(join(tmpdir(), 'vmm-kernel-'))
const output = join(directory, 'vmlinux')

after(() => rmSync(directory, { recursive: true }))

/** An ELF program for amd64 with a banner and something to compress. */
function kernel(): Buffer {
  const file = Buffer.alloc(300_000)
  file.write('\x7fELF\x02\x01\x01', 'latin1')
  file.writeUInt16LE(2, 16)
  file.writeUInt16LE(62, 18)
  file.writeUInt16LE(1, 56)
  file.write('Linux version %s (%s)\0Linux version 6.1.0-1-cloud-amd64 (debian-kernel@lists.debian.org)\0', 5000)
  for (let at = 10_000; at < file.length; at += 7) file.writeUInt8(at % 251, at)
  return file
}

/** A bzImage around a payload (Linux, arch/x86/boot). */
function bzImage(payload: Buffer): Buffer {
  const head = Buffer.alloc(5 * 512)
  head.writeUInt8(4, 0x1f1)
  head.write('\x55\xaa', 0x1fe, 'latin1')
  head.write('HdrS', 0x202)
  head.writeUInt16LE(0x20f, 0x206)
  head.writeUInt32LE(0, 0x248)
  head.writeUInt32LE(payload.length, 0x24c)
  return Buffer.concat([head, payload, Buffer.alloc(1000, 0xff)])
}

function sized(packed: Buffer, size: number): Buffer {
  const suffix = Buffer.alloc(4)
  suffix.writeUInt32LE(size)
  return Buffer.concat([packed, suffix])
}

/** What a program makes of the input, or undefined when it is not installed. */
function packedBy(program: string, ...words: string[]): Buffer | undefined {
  const { stdout, error, status } = spawnSync(program, words, { input: kernel(), maxBuffer: 1 << 24 })
  return error === undefined && status === 0 ? stdout : undefined
}

function file(name: string, content: Buffer): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

test('text is found wherever it lies in a file', async () => {
  const path = join(directory, 'find-text')
  // Streams bring 64 KiB at a time.
  for (const at of [0, 1, 65_530, 65_536, 131_071, 199_990]) {
    const content = Buffer.alloc(200_000, 0xe4)
    content.write('vmm-01234', at, 'latin1')
    writeFileSync(path, content)
    const found = await findText(path, /vmm-\d{1,5}/)
    assert.deepEqual([found?.offset, found?.match[0]], [at, 'vmm-01234'])
  }
  assert.equal(await findText(path, /other/), undefined)
})

suite('the configuration in a kernel', () => {
  const holding = (content: Buffer): string =>
    file('configured', Buffer.concat([kernel(), Buffer.from('IKCFG_ST'), content, Buffer.from('IKCFG_ED')]))

  test('is read, and missing where there is none', async () => {
    assert.deepEqual(await readConfiguration(holding(gzipSync('CONFIG_PVH=y\n'))), new Map([['PVH', 'y']]))
    assert.equal(await readConfiguration(file('plain', kernel())), undefined)
  })

  test('is refused when it is none, or larger than any', async () => {
    for (const content of [Buffer.from('hello'), gzipSync(Buffer.alloc(9 << 20)), Buffer.alloc(9 << 20)])
      await assert.rejects(readConfiguration(holding(content)), { code: 'input', message: /cannot be read/ })
  })
})

suite('extractKernel', () => {
  const compressors: Readonly<Record<string, readonly [string, ...string[]]>> = {
    gzip: ['gzip', '-c'],
    xz: ['xz', '--check=crc32', '-c'],
    zstd: ['zstd', '-c', '-q'],
    lz4: ['lz4', '-l', '-c', '-q'],
    bzip2: ['bzip2', '-c'],
    lzma: ['xz', '--format=lzma', '-c'],
  }
  for (const [name, [program, ...words]] of Object.entries(compressors)) {
    test(`unpacks a bzImage compressed by ${name}`, async (t) => {
      const packed = packedBy(program, ...words)
      if (packed === undefined) return t.skip(`needs ${program}`)
      const payload = name === 'gzip' ? packed : sized(packed, kernel().length)
      assert.equal(await extractKernel(host, file(name, bzImage(payload)), output), 'amd64')
      assert.deepEqual(readFileSync(output), kernel())
      return undefined
    })
  }

  test('copies an ELF kernel', async () => {
    assert.equal(await extractKernel(host, file('elf', kernel()), output), 'amd64')
    assert.deepEqual(readFileSync(output), kernel())
  })

  test('reads the release from the banner, not from its format', async () => {
    assert.equal(await releaseOf(file('banner', kernel())), '6.1.0-1-cloud-amd64')
    assert.equal(await releaseOf(file('none', Buffer.from('nothing'))), undefined)
  })

  const gzipped = packedBy('gzip', '-c') ?? Buffer.alloc(0)
  const refused: readonly (readonly [string, Buffer, RegExp])[] = [
    ['a payload that is cut', bzImage(gzipped).subarray(0, 3000), /is cut short/],
    ['a payload of an unknown kind', bzImage(Buffer.alloc(500, 7)), /unknown compression/],
    [
      'a payload that is no kernel',
      bzImage(gzipped.length > 0 ? spawnSync('gzip', ['-c'], { input: 'hello' }).stdout : Buffer.alloc(8)),
      /no kernel/,
    ],
    ['text', Buffer.from('hello'), /no kernel/],
  ]
  for (const [what, content, reason] of refused) {
    test(`refuses ${what}`, async () => {
      await assert.rejects(extractKernel(host, file('refused', content), output), { code: 'input', message: reason })
    })
  }

  test('refuses a kernel that does not have the size that it tells', async (t) => {
    const packed = packedBy('lz4', '-l', '-c', '-q')
    if (packed === undefined) return t.skip('needs lz4')
    await assert.rejects(extractKernel(host, file('short', bzImage(sized(packed, 1))), output), { code: 'input', message: /is damaged/ })
    return undefined
  })

  test('refuses a payload that grows beyond all measure, and what is no file', async () => {
    const bomb = file('bomb', bzImage(gzipped))
    await assert.rejects(extractKernel(host, bomb, output, 100_000), (error) => {
      assert.ok(error instanceof Fault)
      assert.deepEqual([error.code, error.detail], ['input', 'its payload has more than 100000 bytes when it is unpacked'])
      return true
    })
    for (const path of [directory, '/dev/zero'])
      await assert.rejects(extractKernel(host, path, output), { code: 'input', message: /is no file/ })
    const sparse = file('sparse', kernel())
    truncateSync(sparse, 2 ** 30 + 1)
    await assert.rejects(extractKernel(host, sparse, output), { code: 'input', message: /is no kernel: it has 1073741825 bytes/ })
  })

  test('tells which file is missing', async () => {
    await assert.rejects(extractKernel(host, join(directory, 'absent'), output), { code: 'not-found' })
  })
})
