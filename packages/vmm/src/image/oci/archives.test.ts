import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { localHost } from '@imp/kit/host/local.ts'
import { openDockerArchive } from './docker-archive.ts'
import { openLayout, openLayoutArchive } from './layout.ts'
import { mergeLayers } from './merge.ts'
import { file, sha256, symlink, tarOf, type Entry } from './sample.ts'
import type { Source } from './source.ts'

const base = tarOf([file('a', 'below'), file('b')])
const top = tarOf([file('a', 'above')])
const config = JSON.stringify({
  architecture: 'amd64',
  os: 'linux',
  config: { Entrypoint: ['/run'] },
  rootfs: { type: 'layers', diff_ids: [base, top].map(sha256) },
})

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'archives-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

async function holds(source: Source): Promise<unknown[]> {
  const { contents } = await mergeLayers(source.layers, ['a', 'b'])
  return [source.config?.config?.Entrypoint, contents.get('a')?.toString(), contents.get('b')?.toString()]
}

function saved(t: TestContext, tags: readonly string[] = ['web:1']): string {
  const path = join(scratch(t), 'saved.tar')
  const images = tags.map((tag) => ({ Config: 'c0ffee.json', RepoTags: [tag], Layers: ['one/layer.tar', 'two/layer.tar'] }))
  const entries = [
    file('store/base.tar', base.toString('latin1')),
    symlink('one/layer.tar', '../store/base.tar'),
    file('two/layer.tar', top.toString('latin1')),
    file('c0ffee.json', config),
    file('manifest.json', JSON.stringify(images)),
  ]
  writeFileSync(path, tarOf(entries))
  return path
}

test('an archive of docker save is read in place, shared layers included', async (t) => {
  const source = await openDockerArchive(saved(t), undefined, 'amd64')
  assert.equal(source.name, 'web:1')
  assert.deepEqual(await holds(source), [['/run'], 'above', 'b'])
})

test('of several images in an archive one must be named', async (t) => {
  const path = saved(t, ['web:1', 'web:2'])
  await assert.rejects(openDockerArchive(path, undefined, 'amd64'), { message: `docker-archive:${path} has several images` })
  await assert.rejects(openDockerArchive(path, 'web:3', 'amd64'), { code: 'not-found' })
  assert.equal((await openDockerArchive(path, 'web:2', 'amd64')).name, 'web:2')
})

test('an archive for another machine, or without what it names, is refused', async (t) => {
  await assert.rejects(openDockerArchive(saved(t), undefined, 'arm64'), /is for linux\/amd64, this machine is linux\/arm64/)
  const path = join(scratch(t), 'saved.tar')
  writeFileSync(path, tarOf([file('manifest.json', JSON.stringify([{ Config: 'no.json', Layers: [] }]))]))
  await assert.rejects(openDockerArchive(path, undefined, 'amd64'), { message: `${path} has no no.json, which it names` })
})

function layout(t: TestContext): string {
  const directory = scratch(t)
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true })
  const put = (bytes: Buffer): { digest: string; size: number } => {
    writeFileSync(join(directory, 'blobs/sha256', sha256(bytes).slice('sha256:'.length)), bytes)
    return { digest: sha256(bytes), size: bytes.length }
  }
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, config: put(Buffer.from(config)), layers: [gzipSync(base), top].map(put) }),
  )
  const inner = put(
    Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...put(manifest), platform: { os: 'linux', architecture: 'amd64' } }] })),
  )
  const tagged = (tag: string): unknown => ({ ...inner, annotations: { 'org.opencontainers.image.ref.name': tag } })
  writeFileSync(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [tagged('1'), tagged('2')] }))
  return directory
}

test('an OCI directory is read by tag and platform', async (t) => {
  const directory = layout(t)
  assert.deepEqual(await holds(await openLayout(localHost(), directory, '2', 'amd64')), [['/run'], 'above', 'b'])
  await assert.rejects(openLayout(localHost(), directory, undefined, 'amd64'), { hint: `it has 1, 2: oci:${directory}:1` })
  await assert.rejects(openLayout(localHost(), directory, '1', 'arm64'), { hint: 'it is there for amd64' })
})

/** The files of a directory as an archive. */
function packed(t: TestContext, directory: string, more: readonly Entry[] = []): string {
  const path = join(scratch(t), 'image.tar')
  const names = ['index.json', ...readdirSync(join(directory, 'blobs/sha256')).map((name) => `blobs/sha256/${name}`)]
  writeFileSync(path, tarOf([...names.map((name) => file(`./${name}`, readFileSync(join(directory, name)))), ...more]))
  return path
}

test('an archive of an OCI directory is read in place, by tag and platform', async (t) => {
  const path = packed(t, layout(t))
  const open = (tag: string | undefined, architecture: string) => openLayoutArchive(path, `oci-archive:${path}`, tag, architecture)
  const source = await open('2', 'amd64')
  assert.equal(source.name, `oci-archive:${path}:2`)
  assert.deepEqual(await holds(source), [['/run'], 'above', 'b'])
  await assert.rejects(open(undefined, 'amd64'), { hint: `it has 1, 2: oci-archive:${path}:1` })
  await assert.rejects(open('1', 'arm64'), { hint: 'it is there for amd64' })
})

test('an archive of something else is refused with what it may be, one without its blobs with their names', async (t) => {
  const other = saved(t)
  await assert.rejects(openLayoutArchive(other, 'x', undefined, 'amd64'), { hint: 'write docker-archive:FILE' })
  const path = join(scratch(t), 'index.tar')
  writeFileSync(path, tarOf([file('index.json', readFileSync(join(layout(t), 'index.json')))]))
  await assert.rejects(openLayoutArchive(path, 'x', '1', 'amd64'), /has no blobs\/sha256\/[0-9a-f]{64}, which it names/)
})

test('a document that is not what its digest says is refused', async (t) => {
  const directory = layout(t)
  const name = readdirSync(join(directory, 'blobs/sha256')).find(
    (each) => readFileSync(join(directory, 'blobs/sha256', each), 'utf8') === config,
  )
  writeFileSync(join(directory, 'blobs/sha256', name ?? ''), config.replace('/run', '/bin'))
  await assert.rejects(openLayout(localHost(), directory, '1', 'amd64'), /has the digest/)
})

test('a blob that is not what its name says is refused', async (t) => {
  const directory = layout(t)
  writeFileSync(join(directory, 'blobs/sha256', sha256(top).slice('sha256:'.length)), base)
  await assert.rejects(holds(await openLayout(localHost(), directory, '1', 'amd64')), /its digest differs/)
})

test('a directory whose files are devices or lead nowhere is refused, not read', async (t) => {
  const blobs = (directory: string): string => join(directory, 'blobs/sha256')
  const index = layout(t)
  rmSync(join(index, 'index.json'))
  symlinkSync('/dev/zero', join(index, 'index.json'))
  await assert.rejects(openLayout(localHost(), index, '1', 'amd64'), { code: 'input', message: /is no OCI directory/ })
  const document = layout(t)
  for (const each of readdirSync(blobs(document))) {
    rmSync(join(blobs(document), each))
    symlinkSync('/dev/zero', join(blobs(document), each))
  }
  await assert.rejects(openLayout(localHost(), document, '1', 'amd64'), { code: 'input', message: /has no file blobs\/sha256\// })
  const layered = layout(t)
  const layer = join(blobs(layered), sha256(top).slice('sha256:'.length))
  rmSync(layer)
  symlinkSync('nowhere', layer)
  const source = await openLayout(localHost(), layered, '1', 'amd64')
  await assert.rejects(mergeLayers(source.layers), { code: 'input', message: /has no file blobs/ })
})
