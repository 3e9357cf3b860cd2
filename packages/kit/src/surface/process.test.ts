/** The sample program as a process of its own: real shells, pipes and signals. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { shellQuote } from '../host/exec.ts'
import { systemClock } from '../host/local.ts'
import { until } from '../host/until.ts'

const directory = mkdtempSync(join(tmpdir(), 'surface-'))
const main = join(directory, 'main.mjs')
const script = join(directory, 'completion.bash')
const environment = {
  ...process.env,
  PATH: `${directory}${delimiter}${process.env['PATH']}`,
  NO_COLOR: '1',
  NODE_COMPILE_CACHE: join(directory, 'cache'),
}

before(() => {
  const from = (name: string): string => JSON.stringify(new URL(name, import.meta.url).href)
  writeFileSync(
    main,
    `const { start } = await import(${from('./cli.ts')})\nconst { program } = await import(${from('./sample.ts')})\nawait start(program)\n`,
  )
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', main].map(shellQuote).join(' ')
  writeFileSync(join(directory, 'sample'), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 })
  writeFileSync(script, spawnSync('sample', ['completion', 'bash'], { env: environment, encoding: 'utf8' }).stdout)
})
after(() => rmSync(directory, { recursive: true }))

/** Completes as bash does: words already cut at the characters of COMP_WORDBREAKS, the last one under the cursor. */
function completeInBash(words: readonly string[]): string[] {
  const line = `source ${shellQuote(script)}; cd ${shellQuote(directory)}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sample_complete "$1"; printf '%s\\n' "\${COMPREPLY[@]}"`
  const ran = spawnSync('bash', ['-c', line, 'bash', 'sample', ...words], { env: environment, encoding: 'utf8' })
  assert.equal(ran.stderr, '')
  return ran.stdout.trimEnd().split('\n')
}

describe('completion in bash', () => {
  const table: [string[], string[]][] = [
    [['im'], ['image']],
    [
      ['image', ''],
      ['build', 'list'],
    ],
    [['create', 'web1', '--engine', 'q'], ['qemu']],
    // Typed as --engine=q and --dns=2001:d: bash has cut them.
    [['create', 'web1', '--engine', '=', 'q'], ['qemu']],
    [
      ['create', 'web1', '--engine', '='],
      ['firecracker', 'qemu'],
    ],
    [['create', 'web1', '--dns', '=', '2001', ':', 'd'], ['db8::53']],
    [['create', 'web1', '--kernel', 'comp'], ['completion.bash']],
    [['nothing', ''], ['']],
  ]
  for (const [words, expected] of table) test(words.join(' '), () => assert.deepEqual(completeInBash(words), expected))
})

test('the scripts are valid', (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    if (spawnSync(shell, ['--version']).error !== undefined) {
      t.diagnostic(`${shell} is not installed`)
      continue
    }
    const { stdout } = spawnSync('sample', ['completion', shell], { env: environment, encoding: 'utf8' })
    const file = join(directory, `completion.${shell}`)
    writeFileSync(file, stdout)
    assert.deepEqual([stdout === '', spawnSync(shell, ['-n', file], { encoding: 'utf8' }).stderr], [false, ''])
  }
})

describe('on a terminal', () => {
  /** On a pseudo-terminal of script(1), which types `keys` when it is asked. */
  const type = async (command: string, keys: string) => {
    const child = spawn('script', ['-qec', command, '/dev/null'], { env: environment })
    let seen = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (!seen.includes('[y/N]') && (seen + text).includes('[y/N]')) child.stdin.write(keys)
      seen += text
    })
    const [status] = (await once(child, 'close')) as [number]
    return { status, seen }
  }
  const table: [string, string, number, RegExp][] = [
    ['sample delete web1', 'y\n', 0, /Go on\? \[y\/N\][^]*"deleted"/],
    ['sample delete web1', 'n\n', 1, /nothing was changed/],
    ['sample delete web1', '\u0003', 130, /interrupted/],
    ['sample delete web1', '\u0004', 1, /nothing was changed/],
    ['sample create web1', '', 0, /● write web1 {2}\d+ ms[^]*✓ write web1\r\ncreated web1/],
  ]
  for (const [command, keys, status, seen] of table)
    test(`${command}, ${JSON.stringify(keys)}`, async (t) => {
      if (spawnSync('script', ['--version']).error !== undefined) return t.skip('needs script(1), of the package bsdutils')
      const ran = await type(command, keys)
      assert.match(ran.seen, seen)
      assert.equal(ran.status, status)
    })
})

test('a reader that goes away is no failure', () => {
  const ran = spawnSync('bash', ['-c', 'sample help create | true; echo "${PIPESTATUS[0]}"'], { env: environment, encoding: 'utf8' })
  assert.deepEqual([ran.stdout, ran.stderr], ['0\n', ''])
})

describe('what cannot be written', () => {
  const run = (line: string) => spawnSync('bash', ['-c', line], { env: environment, encoding: 'utf8', timeout: 120_000 })
  test('a full disk behind the events changes nothing about the operation', () => {
    const ran = run('sample create web1 2>/dev/full')
    assert.deepEqual([ran.stdout, ran.status], ['created web1 with 1 cpus\n', 0])
  })
  test('a full disk behind the result is told, by words and status', () => {
    const ran = run('sample create web1 >/dev/full')
    assert.match(ran.stderr, /✓ write web1\nthe result could not be written: ENOSPC/)
    assert.equal(ran.status, 5)
  })
  test('a terminal that was hung up lets the operation clean up', async (t) => {
    if (spawnSync('script', ['--version']).error !== undefined) return t.skip('needs script(1), of the package bsdutils')
    // The end of script(1) hangs the pseudo-terminal up: writing there fails with EIO. Only the leader of the session hears of it.
    const shell = `trap 'kill -s HUP $!' HUP; sample wait & wait; wait $!; echo $? >${shellQuote(join(directory, 'ended'))}`
    const child = spawn('script', ['-qec', shell, '/dev/null'], { env: { ...environment, SHELL: '/bin/sh' } })
    child.stdout.setEncoding('utf8').on('data', (text: string) => text.includes('waiting') && child.kill('SIGKILL'))
    await once(child, 'close')
    const status = (): string => (existsSync(join(directory, 'ended')) ? readFileSync(join(directory, 'ended'), 'utf8') : '')
    await until(systemClock, { timeout: 120_000, what: 'the end of the operation' }, async () => status() !== '')
    assert.equal(status(), '129\n')
  })
  test('a reader that has gone ends what only shows what it sees', () => {
    assert.deepEqual(run('sample watch | head -n 1; echo "${PIPESTATUS[0]}"').stdout, 'beat 0\n0\n')
  })
})

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  test(`${signal} lets the operation clean up and ends with ${status}`, async () => {
    const child = spawn('sample', ['wait', '--json'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
      if (text.includes('waiting')) child.kill(signal)
    })
    assert.deepEqual(await once(child, 'close'), [status, null])
    assert.match(err, /cleaned up/)
    assert.deepEqual(JSON.parse(out), { error: { code: 'failed', message: 'interrupted' } })
  })
