import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import { localFiles as files } from './files.ts'
import { isAbandoned, temporaryBeside } from './temporary.ts'

const root = mkdtempSync(join(tmpdir(), 'temporary-'))
after(() => rmSync(root, { recursive: true }))

function directory(name: string): string {
  mkdirSync(join(root, name))
  return join(root, name)
}

/** Runs a program that has `temporaryBeside` until it says a line, and kills it when the line was used. */
async function whileAnotherWrites(path: string, use: (temporary: string) => Promise<void>): Promise<void> {
  const script = `const { temporaryBeside } = await import(${JSON.stringify(new URL('./temporary.ts', import.meta.url).href)})
    process.stdout.write(await temporaryBeside(${JSON.stringify(path)}))
    setInterval(() => undefined, 1000)`
  const words = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script]
  const writer = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [said] = (await once(writer.stdout, 'data')) as [Buffer]
    await use(said.toString())
  } finally {
    writer.kill('SIGKILL')
    await once(writer, 'close')
  }
}

test('a file of a writer that lives stays, and that of a killed one goes with the first write beside it', async () => {
  const place = directory('killed')
  let left = ''
  await whileAnotherWrites(join(place, 'a'), async (temporary) => {
    left = temporary
    for (const ending of ['', '.pub']) writeFileSync(`${temporary}${ending}`, 'half')
    assert.equal(await isAbandoned(temporary), false)
  })
  assert.equal(await isAbandoned(left), true)
  await files.write(join(place, 'a'), 'whole')
  assert.deepEqual(readdirSync(place), ['a'])
})

test('what others name so, and what is no file, is left alone', async () => {
  const place = directory('others')
  const [pid, startTime] = [4_194_305, 1]
  const ours = basename(await temporaryBeside(join(root, 'x')))
  const gone = ours.replace(/^\.\d+-\d+/, `.${pid}-${startTime}`)
  const names = ['.0badcafe.tmp', '.vimrc.tmp', 'a.tmp', gone.slice(1), `x${gone}`, ours]
  for (const name of names) writeFileSync(join(place, name), '')
  mkdirSync(join(place, gone.replace(/[0-9a-f]{8}\.tmp$/, '00000001.tmp')))
  symlinkSync('a.tmp', join(place, gone.replace(/[0-9a-f]{8}\.tmp$/, '00000002.tmp')))
  writeFileSync(join(place, gone), '')
  const before = readdirSync(place).filter((name) => name !== gone)
  await files.write(join(place, 'b'), '')
  assert.deepEqual(
    readdirSync(place).filter((name) => name !== 'b'),
    before,
  )
})

test('where nobody can be asked whether the writer lives, its file goes when it is old', async () => {
  const place = directory('elsewhere')
  const path = join(place, '.1-1-00000000-1.0badcafe.tmp')
  writeFileSync(path, '')
  assert.equal(await isAbandoned(path), false)
  const yesterday = new Date(Date.now() - 86_400_000)
  utimesSync(path, yesterday, yesterday)
  assert.equal(await isAbandoned(path), true)
  assert.equal(await isAbandoned(join(place, '.1-1-00000000-1.0badcaff.tmp')), false)
})

test('a directory is swept once by a process, and need not be there', async () => {
  assert.match(await temporaryBeside(join(root, 'none', 'a')), /\/none\/\.[^/]+\.tmp$/)
  assert.notEqual(await temporaryBeside(join(root, 'a')), await temporaryBeside(join(root, 'a')))
})
