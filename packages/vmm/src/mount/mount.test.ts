import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { localHost } from '@imp/kit/host/local.ts'
import { applyChanges } from './apply.ts'
import { readDisk, sizeFor, writeDisk } from './disk.ts'
import { MountTag, MountWord, readMount } from './model.ts'
import { compareTrees } from './sync.ts'
import { readTree, type Entry, type Tree } from './tree.ts'

const host = localHost()

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'vmm-mount-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return directory
}

const absolute = (path: string): string => (path.startsWith('/') ? path : `/work/${path}`)

test('words of mounts', () => {
  assert.deepEqual(readMount('/srv/a:a', absolute), { path: '/srv/a', tag: 'a', readOnly: false })
  assert.deepEqual(readMount('/srv/a:a:ro', absolute), { path: '/srv/a', tag: 'a', readOnly: true })
  assert.deepEqual(readMount('/srv/a:a:rw', absolute), { path: '/srv/a', tag: 'a', readOnly: false })
  assert.deepEqual(readMount('site:with:colons:tag:ro', absolute), { path: '/work/site:with:colons', tag: 'tag', readOnly: true })
  for (const word of ['/srv/a', ':a', '/srv/a:', '/srv/a:a/b', '/srv/a\n:a', ''])
    assert.equal(MountWord.safeParse(word).success, false, word)
  for (const tag of ['a b', '..', '.a', '', 'a/b', '-a', 'ä']) assert.equal(MountTag.safeParse(tag).success, false, tag)
})

suite('disks of mounts', { concurrency: false }, () => {
  test('hold any names, links and empty directories, and give them back', async (t) => {
    const [source, work] = [scratch(t), scratch(t)]
    const names = ['plain', 'with blank', 'quote\'"', 'new\nline', 'ünïcode', '-dash', 'colon:']
    for (const name of names) writeFileSync(join(source, name), name)
    mkdirSync(join(source, 'deep/er/est'), { recursive: true })
    symlinkSync('/etc/passwd', join(source, 'link'))
    const path = join(work, 'disk.ext4')
    const base = await writeDisk(host, source, path, 'vmm-mount-1', true)
    const back = await readTree(host, await readDisk(host, path, join(work, 'read')))
    assert.deepEqual([...back.keys()].toSorted(), [...base.keys()].toSorted())
    assert.deepEqual(compareTrees(base, back, base), { copy: [], remove: [], conflicts: [] })
    for (const name of names) assert.equal(readFileSync(join(work, 'read', 'tree', name), 'utf8'), name)
    assert.equal(execFileSync('e2label', [path], { encoding: 'utf8' }).trim(), 'vmm-mount-1')
  })

  test('have room for many small files', async (t) => {
    const [source, work] = [scratch(t), scratch(t)]
    for (let index = 0; index < 3000; index += 1) writeFileSync(join(source, `${'long-name-'.repeat(10)}${index}`), 'x')
    const base = await writeDisk(host, source, join(work, 'disk.ext4'), 'vmm-mount-1', true)
    assert.equal(base.size, 3000)
  })

  test('bring back what the machine did, without its rights', async (t) => {
    const [ours, theirs, work] = [scratch(t), scratch(t), scratch(t)]
    writeFileSync(join(ours, 'gone'), 'x')
    writeFileSync(join(ours, 'kept'), 'ours')
    mkdirSync(join(ours, 'folder'))
    writeFileSync(join(ours, 'folder', 'inside'), 'x')
    const base = await readTree(host, ours)
    mkdirSync(join(theirs, 'tree'))
    const tree = join(theirs, 'tree')
    writeFileSync(join(tree, 'kept'), 'ours')
    const { mtime } = lstatSync(join(ours, 'kept'))
    utimesSync(join(tree, 'kept'), mtime, mtime)
    mkdirSync(join(tree, 'new'))
    writeFileSync(join(tree, 'new', 'tool'), '#!/bin/sh\n')
    chmodSync(join(tree, 'new', 'tool'), 0o4755)
    symlinkSync('/etc', join(tree, 'etc'))
    const found = await readTree(host, tree)
    const changes = compareTrees(base, found, base)
    assert.deepEqual(changes, { copy: ['etc', 'new', 'new/tool'], remove: ['folder', 'folder/inside', 'gone'], conflicts: [] })
    await applyChanges(host, tree, found, ours, changes)
    assert.equal(existsSync(join(ours, 'gone')) || existsSync(join(ours, 'folder')), false)
    assert.equal(readFileSync(join(ours, 'kept'), 'utf8'), 'ours')
    assert.equal(lstatSync(join(ours, 'new', 'tool')).mode & 0o7777, 0o755)
    assert.ok(lstatSync(join(ours, 'etc')).isSymbolicLink())
    assert.ok(existsSync(work))
  })

  test('that are broken are told', async (t) => {
    const work = scratch(t)
    writeFileSync(join(work, 'disk'), 'nothing of a file system')
    await assert.rejects(readDisk(host, join(work, 'disk'), join(work, 'read')), { message: /is broken$/ })
    await assert.rejects(writeDisk(host, join(work, 'none'), join(work, 'd'), 'l', true), { code: 'not-found' })
    assert.equal(existsSync(join(work, 'd.tmp')), false)
  })
})

test('what both sides did is a conflict, unless they did the same', () => {
  const file = (modified: number): Entry => ({ kind: 'file', size: 1, modified })
  const tree = (all: Record<string, Entry>): Tree => new Map(Object.entries(all))
  const base = tree({ a: file(1), b: file(1), c: file(1), d: file(1) })
  const theirs = tree({ a: file(5), b: file(1), d: file(7), e: file(2), f: file(3) })
  const ours = tree({ a: file(9), b: file(8), c: file(1), d: file(7), e: file(2), f: file(4) })
  assert.deepEqual(compareTrees(base, theirs, ours), { copy: [], remove: ['c'], conflicts: ['a', 'f'] })
})

test('what we made a link of is no directory to write into', async (t) => {
  const [ours, theirs, elsewhere] = [scratch(t), scratch(t), scratch(t)]
  const tree = join(theirs, 'tree')
  for (const each of [ours, tree]) mkdirSync(join(each, 'd', 'e'), { recursive: true })
  const base = await readTree(host, ours)
  rmSync(join(ours, 'd'), { recursive: true })
  symlinkSync(elsewhere, join(ours, 'd'))
  writeFileSync(join(tree, 'd', 'e', 'new'), 'theirs')
  const found = await readTree(host, tree)
  const changes = compareTrees(base, found, await readTree(host, ours))
  assert.deepEqual(changes, { copy: ['d/e/new'], remove: [], conflicts: ['d'] })
  // As --force does.
  await applyChanges(host, tree, found, ours, { ...changes, copy: ['d', 'd/e/new'], conflicts: [] })
  assert.equal(readFileSync(join(ours, 'd', 'e', 'new'), 'utf8'), 'theirs')
  assert.deepEqual([existsSync(join(elsewhere, 'e')), lstatSync(join(ours, 'd')).isDirectory()], [false, true])
})

test('a file system is never smaller than its files, and never has fewer inodes than names', () => {
  const entry = fc.record({ kind: fc.constantFrom('file', 'directory', 'link'), size: fc.nat(10_000_000), modified: fc.nat() })
  fc.assert(
    fc.property(fc.dictionary(fc.string(), entry), fc.boolean(), (entries, readOnly) => {
      const tree = new Map(Object.entries(entries)) as Tree
      const { bytes, inodes } = sizeFor(tree, readOnly)
      const content = [...tree.values()].reduce((sum, { kind, size }) => sum + (kind === 'file' ? size : 0), 0)
      assert.ok(bytes > content + inodes * 256 && inodes > tree.size)
    }),
  )
})
