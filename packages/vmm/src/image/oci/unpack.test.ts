import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { localHost } from '@imp/kit/host/local.ts'
import { defaultLimits } from './layer.ts'
import { mergeLayers } from './merge.ts'
import { file, layerOf, tarOf } from './sample.ts'
import { unpackFile, unpackLayers } from './unpack.ts'

const skip = existsSync('/usr/bin/xz') ? false : 'needs xz'
const context = { host: localHost(), signal: new AbortController().signal }
const archive = tarOf([file('etc/motd', 'welcome '.repeat(5000))])
const xz = (bytes: Buffer): Buffer => execFileSync('xz', ['--compress', '--stdout', '-0'], { input: bytes })

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'unpack-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

test('an archive is unpacked beside, whatever it was compressed with; one that is not stays', { skip }, async (t) => {
  const directory = scratch(t)
  const [path, output] = [join(directory, 'archive'), join(directory, 'output')]
  for (const bytes of [gzipSync(archive), zstdCompressSync(archive), xz(archive)]) {
    writeFileSync(path, bytes)
    assert.equal(await unpackFile(context, path, output), true)
    assert.deepEqual(readFileSync(output), archive)
  }
  writeFileSync(path, archive)
  assert.equal(await unpackFile(context, path, join(directory, 'none')), false)
  assert.ok(!existsSync(join(directory, 'none')))
})

test('layers in xz become files, and keep what their content is checked by; others pass', { skip }, async (t) => {
  const directory = scratch(t)
  const layers = await unpackLayers(context, [layerOf(archive), layerOf(archive, xz(archive))], directory)
  assert.deepEqual(readdirSync(directory), ['layer-1.tar'])
  assert.equal((await mergeLayers(layers, ['etc/motd'])).contents.get('etc/motd')?.length, 40_000)
  const wrong = { ...layerOf(archive, xz(archive)), diffId: `sha256:${'0'.repeat(64)}` }
  await assert.rejects(mergeLayers(await unpackLayers(context, [wrong], directory)), /its content differs/)
})

test('what is broken, cut off, or grows too much is refused, and nothing of it stays', { skip }, async (t) => {
  const directory = scratch(t)
  const refused = (bytes: Buffer, words: RegExp, limits = defaultLimits) =>
    assert.rejects(unpackLayers(context, [layerOf(archive, bytes)], directory, limits), (error) => words.test(String(error)))
  const whole = xz(archive)
  await refused(whole.subarray(0, whole.length - 20), /cut off or broken/)
  await refused(Buffer.concat([whole.subarray(0, 30), Buffer.alloc(40, 7)]), /cut off or broken/)
  await refused(xz(Buffer.alloc(4 * 2 ** 20)), /is larger than 1048576 bytes/, { ...defaultLimits, bytes: 2 ** 20 })
  assert.deepEqual(readdirSync(directory), [])
})
