import assert from 'node:assert/strict'
import { mkdtemp, open, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { makeDirectories } from './directories.ts'

async function placeFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kitdirs'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

test('directories come with those above them, once and again, by several at a time', async (t) => {
  const path = join(await placeFor(t), 'a', 'b', 'c')
  await Promise.all([makeDirectories(path, 0o700), makeDirectories(path, 0o700), makeDirectories(join(path, 'd'), 0o700)])
  await makeDirectories(path)
  assert.ok((await stat(join(path, 'd'))).isDirectory())
  assert.equal((await stat(path)).mode & 0o777, 0o700)
})

test('nobody else may write there, also where no umask says so', async (t) => {
  const path = join(await placeFor(t), 'a', 'b')
  const before = process.umask(0)
  t.after(() => process.umask(before))
  await makeDirectories(path)
  assert.deepEqual([(await stat(path)).mode & 0o777, (await stat(join(path, '..'))).mode & 0o777], [0o755, 0o755])
})

test('a file in the way is said', async (t) => {
  const file = join(await placeFor(t), 'file')
  await writeFile(file, '')
  await assert.rejects(makeDirectories(join(file, 'a')), { code: 'ENOTDIR' })
  await assert.rejects(makeDirectories(file), { code: 'EEXIST' })
})

test('below a directory that was deleted nothing comes, and that is said', async (t) => {
  const gone = join(await placeFor(t), 'gone')
  await makeDirectories(gone)
  const handle = await open(gone)
  try {
    await rmdir(gone)
    await assert.rejects(makeDirectories(`/proc/self/fd/${handle.fd}/a/b`), { code: 'ENOENT' })
  } finally {
    await handle.close()
  }
})
