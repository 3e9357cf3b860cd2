import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { localFiles as files } from './files.ts'

const directory = mkdtempSync(join(tmpdir(), 'files-'))
const at = (name: string): string => join(directory, name)
after(() => rmSync(directory, { recursive: true }))

test('what is written is read, with the mode that was asked for', async () => {
  await files.write(at('a'), 'text', { mode: 0o600 })
  assert.equal(await files.read(at('a')), 'text')
  assert.equal(statSync(at('a')).mode & 0o777, 0o600)
  await files.write(at('a'), new Uint8Array([104, 105]))
  assert.equal(await files.read(at('a')), 'hi')
  assert.equal((await files.stat(at('a')))?.mode, 0o644)
})

test('a failing write leaves the old file and nothing beside it', async () => {
  await files.makeDirectory(at('d'))
  await files.write(at('d/a'), 'old')
  await assert.rejects(files.write(at('d/a'), 'new', { owner: 'nobody-of-ours:nogroup-of-ours' }))
  assert.equal(await files.read(at('d/a')), 'old')
  assert.deepEqual(readdirSync(at('d')), ['a'])
})

test('a reader sees the old or the new file, also when the writer is killed', async () => {
  const contents = ['a'.repeat(300_000), 'b'.repeat(300_000)]
  await files.write(at('big'), contents[0] ?? '')
  const script = `const { localFiles } = await import(${JSON.stringify(new URL('./files.ts', import.meta.url).href)})
    process.stdout.write('up')
    for (;;) for (const letter of 'ab') await localFiles.write(${JSON.stringify(at('big'))}, letter.repeat(300000))`
  const writer = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(writer.stdout, 'data')
  for (let look = 0; look < 100; look += 1) {
    const seen = readFileSync(at('big'), 'utf8')
    assert.ok(contents.includes(seen), `a file of ${seen.length} characters`)
    await new Promise(setImmediate)
  }
  writer.kill('SIGKILL')
  await once(writer, 'close')
  assert.ok(contents.includes(readFileSync(at('big'), 'utf8')))
})

describe('faults name the file', () => {
  test('not there', async () => {
    await assert.rejects(files.read(at('none')), { code: 'not-found', message: `cannot read ${at('none')}: it does not exist` })
    await assert.rejects(files.list(at('none')), { code: 'not-found' })
    await assert.rejects(files.write(at('none/a'), ''), { code: 'not-found' })
    await assert.rejects(files.rename(at('none'), at('x')), { code: 'not-found' })
  })
  test('not a file', async () => {
    await assert.rejects(files.read(directory), { code: 'state', message: `cannot read ${directory}` })
  })
})

test('what is there', async () => {
  await files.makeDirectory(at('s/t'), { mode: 0o700 })
  await files.makeDirectory(at('s/t'))
  symlinkSync('nowhere', at('s/l'))
  await files.write(at('s/f'), '12345')
  assert.deepEqual(await files.list(at('s')), ['f', 'l', 't'])
  assert.equal((await files.stat(at('s/l')))?.kind, 'link')
  assert.equal((await files.stat(at('s/t')))?.kind, 'directory')
  assert.equal((await files.stat(at('s/f')))?.size, 5)
  assert.equal(await files.stat(at('s/none')), undefined)
  assert.equal(await files.stat(at('s/f/none')), undefined)
})

test('removing and renaming', async () => {
  await files.makeDirectory(at('r/deep'))
  await files.write(at('r/deep/a'), '1')
  await files.rename(at('r/deep'), at('r/moved'))
  assert.equal(await files.read(at('r/moved/a')), '1')
  await files.remove(at('r'))
  await files.remove(at('r'))
  assert.equal(await files.stat(at('r')), undefined)
})
