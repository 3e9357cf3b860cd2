import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import * as fc from 'fast-check'
import { parse } from 'yaml'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { fatVolume, type VolumeFile } from './fat.ts'
import { checkCloudInit, seedFiles, seedLabel } from './model.ts'
import { readCloudInit } from './seed.ts'

const instance = { id: '0badcafe', hostname: 'web1' }
const directory = mkdtempSync(join(tmpdir(), 'vmm-seed-'))
after(() => rmSync(directory, { recursive: true }))

function written(name: string, files: readonly VolumeFile[]): string {
  const path = join(directory, name)
  writeFileSync(path, fatVolume(seedLabel, files))
  return path
}

const contents = (...sizes: number[]): VolumeFile[] =>
  sizes.map((size, index) => ({ name: `a-long-name-of-file-${index}`, content: Buffer.alloc(size, 65 + index) }))

function available(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined
}

suite('fatVolume', () => {
  test('is found by its label', { skip: available('blkid') ? false : 'needs blkid' }, () => {
    const { stdout } = spawnSync('blkid', ['--probe', '--output', 'export', written('label', contents(10))], { encoding: 'utf8' })
    assert.match(stdout, /^LABEL=CIDATA$/m)
    assert.match(stdout, /^TYPE=vfat$/m)
  })

  test('has nothing that fsck complains of', { skip: available('fsck.vfat') ? false : 'needs dosfstools' }, () => {
    for (const sizes of [[], [0, 1, 2048, 2049], [1 << 20, 1 << 20, 3000]]) {
      const { status, stdout } = spawnSync('fsck.vfat', ['-n', written('checked', contents(...sizes))], { encoding: 'utf8' })
      assert.equal(status, 0, stdout)
    }
  })

  test('gives back what is in it', { skip: available('mtype') ? false : 'needs mtools' }, () => {
    const files = contents(0, 1, 2048, 5000, 100_000)
    const path = written('read', files)
    for (const { name, content } of files) {
      assert.deepEqual(spawnSync('mtype', ['-i', path, `::${name}`]).stdout, content)
    }
  })

  test('is the same for the same files, and refuses more than fits', () => {
    assert.deepEqual(fatVolume(seedLabel, contents(5)), fatVolume(seedLabel, contents(5)))
    assert.throws(() => fatVolume(seedLabel, contents(9 << 20)), { code: 'input' })
  })
})

suite('documents of cloud-init', () => {
  test('have an instance, and leave the network alone, unless told', () => {
    const names = Object.fromEntries(seedFiles({ userData: '#!/bin/sh\n' }, instance).map(({ name, content }) => [name, content]))
    assert.equal(names['meta-data'], 'instance-id: vmm-0badcafe\nlocal-hostname: web1\n')
    assert.match(names['network-config'] ?? '', /config: disabled/)
    assert.equal(names['user-data'], '#!/bin/sh\n')
    const [told] = seedFiles({ metaData: 'instance-id: mine\nregion: x' }, instance)
    assert.equal(told?.content, 'instance-id: mine\nregion: x\nlocal-hostname: web1\n')
    // Written in other ways that YAML has.
    for (const metaData of [
      '{"instance-id": "mine"}',
      '{ instance-id: mine, }\n',
      '"instance-id": mine',
      '---\ninstance-id: mine\n...\n',
      '# ours\n',
      '',
    ]) {
      const [{ content } = { content: '' }] = seedFiles({ metaData }, instance)
      const id = metaData.includes('mine') ? 'mine' : 'vmm-0badcafe'
      assert.deepEqual(parse(content), { 'instance-id': id, 'local-hostname': 'web1' }, metaData)
    }
    const whole = '{instance-id: a, local-hostname: b}'
    assert.equal(seedFiles({ metaData: whole }, instance)[0]?.content, whole)
  })

  const refused = [
    [{ userData: 'packages: [nginx]\n' }, /which cloud-init ignores/],
    [{ userData: '#cloud-config\na: [\n' }, /is not YAML/],
    [{ networkConfig: 'version: 2\n\tethernets: {}\n' }, /is not YAML/],
    [{ metaData: '{' }, /is not YAML/],
    [{ metaData: 'hello' }, /is not a mapping/],
    [{ metaData: 'a: *b' }, /has nothing that \*b means/],
    [{ userData: '#cloud-config\n- packages\n' }, /is not a mapping/],
    [{ userData: '\ufeff#cloud-config\n' }, /which cloud-init ignores/],
  ] as const
  for (const [documents, reason] of refused) {
    test(`that cloud-init would leave aside are refused: ${JSON.stringify(documents)}`, () => {
      assert.match(checkCloudInit(documents)[0]?.message ?? '', reason)
    })
  }

  test('of every kind that cloud-init knows are taken', () => {
    for (const userData of [
      '#!/bin/sh\n',
      '#cloud-config\nusers: []\n',
      '#include\nhttp://h/\n',
      'Content-Type: multipart/mixed; boundary=a\n',
    ])
      assert.deepEqual(checkCloudInit({ userData }), [])
  })

  test('whatever they hold are findings, never errors', () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(checkCloudInit({ userData: `#cloud-config\n${text}`, metaData: text }))))
  })

  test('whatever is taken as meta data keeps what it says, and has what every instance must have', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.dictionary(fc.string(), fc.string()).map((told) => JSON.stringify(told)),
    )
    fc.assert(
      fc.property(texts, (metaData) => {
        if (checkCloudInit({ metaData }).length > 0) return
        const [{ content } = { content: '' }] = seedFiles({ metaData }, instance)
        assert.deepEqual(parse(content), { 'instance-id': 'vmm-0badcafe', 'local-hostname': 'web1', ...(parse(metaData) as object) })
      }),
    )
  })

  test('are read from the files that are named, and none when none is', async () => {
    const host = fakeHost({ files: { '/u': '#!/bin/sh\n' } })
    assert.equal(await readCloudInit(host, {}), undefined)
    assert.deepEqual(await readCloudInit(host, { userData: '/u' }), { userData: '#!/bin/sh\n' })
    await assert.rejects(readCloudInit(host, { userData: '/missing' }), { code: 'not-found' })
  })
})
