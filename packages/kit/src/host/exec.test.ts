import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '../base/fault.ts'
import { commandLine, execute, executeAttached, executePipe, shellQuote } from './exec.ts'
import { systemClock } from './local.ts'
import { identify } from './process.ts'
import { until } from './until.ts'

const sh = (text: string, ...words: string[]) => ['sh', '-c', text, 'sh', ...words] as const

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  try {
    await work
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  return assert.fail('nothing was thrown')
}

test('output without its last newline, and the status', async () => {
  const ran = await execute(sh('echo "$1"; echo more; echo err >&2; exit 3', 'a b'), { statuses: [0, 3] })
  assert.deepEqual([ran.stdout, ran.stderr, ran.status], ['a b\nmore', 'err', 3])
})

test('the environment is made from scratch', async () => {
  process.env['IMP_TEST_SECRET'] = 'x'
  try {
    const { stdout } = await execute(['env'], { env: { ADDED: 'yes' } })
    const names = stdout.split('\n').map((line) => line.split('=')[0])
    assert.deepEqual(new Set(names), new Set(['ADDED', 'HOME', 'LANG', 'PATH']))
  } finally {
    delete process.env['IMP_TEST_SECRET']
  }
})

test('input, and a program that does not read it', async () => {
  assert.equal((await execute(['cat'], { input: 'hello' })).stdout, 'hello')
  assert.equal((await execute(['true'], { input: 'x'.repeat(1 << 20) })).status, 0)
})

test('lines are told while the program runs, the last one too without a line break', async () => {
  const lines: string[] = []
  await execute(['printf', 'a\\nb\\r\\nc\\rd'], { onLine: (line) => lines.push(line) })
  assert.deepEqual(lines, ['a', 'b', 'c', 'd'])
})

test('characters of several bytes survive being cut between chunks', async () => {
  const { stdout } = await execute(['cat'], { input: '€'.repeat(200_000) })
  assert.ok(stdout === '€'.repeat(200_000))
})

describe('failures say what to do', () => {
  test('a status: the command to copy and the words of the program', async () => {
    const fault = await faultOf(execute(sh('echo out; echo "no such link" >&2; exit 2', "it's")))
    assert.equal(fault.code, 'exec')
    assert.equal(fault.message, 'sh ended with status 2')
    assert.match(fault.detail ?? '', /^\$ sh -c 'echo out.*' sh 'it'\\''s'\nno such link$/)
  })
  test('output stands in where there are no errors', async () => {
    assert.match((await faultOf(execute(sh('echo only out; exit 1')))).detail ?? '', /only out$/)
  })
  test('a signal', async () => assert.equal((await faultOf(execute(sh('kill -9 $$')))).message, 'sh was killed by SIGKILL'))
  test('a program that is not there, with the package that brings it', async () => {
    assert.equal((await faultOf(execute(['no-such-program-of-ours']))).code, 'missing-program')
    const fault = await faultOf(execute(['vtysh'], { env: { PATH: '/nowhere' } }))
    assert.deepEqual([fault.code, fault.hint], ['missing-program', 'apt-get install frr'])
  })
  test('a program that the kernel refuses to start', async () => {
    const fault = await faultOf(execute(['true', 'x'.repeat(1 << 20)]))
    assert.deepEqual([fault.code, fault.message], ['exec', 'true could not be started'])
    assert.match(fault.detail ?? '', /E2BIG/)
  })
  test('time that has passed', async () => {
    const fault = await faultOf(execute(['sleep', '60'], { timeout: 50 }))
    assert.deepEqual([fault.code, fault.message], ['timeout', 'sleep did not finish within 0.05 s'])
  })
  test('long words are cut at their beginning', async () => {
    const fault = await faultOf(execute(sh('seq 100 >&2; exit 1')))
    assert.match(fault.detail ?? '', /\n\.\.\.\n61\n/)
  })
})

test('a child of the program that keeps its output open does not outlast the timeout', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'exec-'))
  const marker = join(directory, 'ended')
  try {
    const fault = await faultOf(execute(sh('(sleep 3; echo >"$1") & wait', marker), { timeout: 50 }))
    assert.equal(fault.code, 'timeout')
    assert.equal(existsSync(marker), false)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('an abort ends the program and is thrown as itself', async () => {
  const controller = new AbortController()
  const work = execute(sh('echo up; exec sleep 60'), { signal: controller.signal, onLine: () => controller.abort() })
  await assert.rejects(work, { name: 'AbortError' })
  await assert.rejects(execute(['true'], { signal: controller.signal }), { name: 'AbortError' })
})

test('an abort that comes while the program is started ends it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'exec-'))
  const marker = join(directory, 'lived')
  try {
    const controller = new AbortController()
    const work = execute(sh('sleep 2; echo >"$1"', marker), { signal: controller.signal })
    controller.abort()
    await assert.rejects(work, { name: 'AbortError' })
    assert.equal(existsSync(marker), false)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

describe('a program that floods', () => {
  test('is ended before it takes our memory', async () => {
    for (const to of ['', ' >&2']) {
      const fault = await faultOf(execute(sh(`yes${to}`), { longest: 1 << 20, timeout: 600_000 }))
      assert.deepEqual([fault.code, fault.message], ['exec', 'sh wrote more than 1048576 characters'])
    }
  })
  test('by lines is heard to its end, and its end is kept', async () => {
    let heard = 0
    const { stdout } = await execute(['seq', '2500000'], { onLine: () => (heard += 1), timeout: 600_000 })
    assert.deepEqual([heard, stdout.endsWith('\n2500000'), stdout.length <= 16 << 20], [2_500_000, true, true])
  })
  test('without any line break is heard in pieces', async () => {
    const lengths: number[] = []
    await execute(['head', '-c', String(5 << 20), '/dev/zero'], { onLine: (line) => lengths.push(line.length), timeout: 600_000 })
    assert.equal(
      lengths.reduce((sum, length) => sum + length, 0),
      5 << 20,
    )
    assert.ok(lengths.length > 1)
  })
})

test('a program does not outlive us when we end in the middle of it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'exec-'))
  const file = join(directory, 'pid')
  const script = `const { execute } = await import(${JSON.stringify(new URL('./exec.ts', import.meta.url).href)})
    const { existsSync } = await import('node:fs')
    void execute(['sh', '-c', 'echo $$ >"$1.new" && mv "$1.new" "$1"; exec sleep 600', 'sh', ${JSON.stringify(file)}])
    setInterval(() => existsSync(${JSON.stringify(file)}) && process.exit(130), 5)`
  try {
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script])
    const pid = Number(readFileSync(file, 'utf8'))
    assert.equal(ran.status, 130)
    await until(systemClock, { timeout: 60_000, what: 'the end of the program' }, async () => (await identify(pid)) === undefined)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

describe('pipes', () => {
  test('the output of each goes into the next', async () => {
    let bytes = 0
    const ran = await executePipe([['printf', 'b\\na\\n'], ['sort'], ['head', '-n', '1']], { onBytes: (count) => (bytes = count) })
    assert.deepEqual([ran.stdout, bytes], ['a', 4])
  })
  test('the first that fails is named', async () => {
    const fault = await faultOf(executePipe([['seq', '9'], sh('cat >/dev/null; echo broken >&2; exit 4'), ['cat']]))
    assert.equal(fault.message, 'sh ended with status 4')
    assert.match(fault.detail ?? '', /broken$/)
  })
  test('a stage that ends early is to blame, not the one whose pipe it broke', async () => {
    const fault = await faultOf(executePipe([['yes'], sh('exit 5')]))
    assert.equal(fault.message, 'sh ended with status 5')
  })
  test('a stream goes into the first', async () => {
    const ran = await executePipe([['sort'], ['head', '-n', '1']], { input: Readable.from(['b\n', 'a\n']) })
    assert.equal(ran.stdout, 'a')
  })
  test('a stream that fails stops the programs and is the reason', async () => {
    async function* broken(): AsyncGenerator<string> {
      yield 'a\n'
      await Promise.reject(new Fault('input', 'the archive is cut off'))
    }
    assert.equal((await faultOf(executePipe([['cat']], { input: Readable.from(broken()) }))).message, 'the archive is cut off')
  })
  test('a program that ends before it has read the whole stream is judged by its status', async () => {
    const endless = (): Readable =>
      Readable.from(
        (function* () {
          for (;;) yield 'y'.repeat(65536)
        })(),
      )
    assert.equal((await executePipe([['head', '-c', '1']], { input: endless() })).stdout, 'y')
    assert.equal((await faultOf(executePipe([sh('exit 6')], { input: endless() }))).message, 'sh ended with status 6')
  })
  test('a stage that is not there stops the others', async () => {
    assert.equal((await faultOf(executePipe([['sleep', '60'], ['no-such-program-of-ours']]))).code, 'missing-program')
  })
})

test('the end of a program at the terminal is told as a shell would', async () => {
  assert.equal(await executeAttached(['sh', '-c', 'exit 3']), 3)
  assert.equal(await executeAttached(['sh', '-c', 'kill -s SEGV $$']), 139)
})

test('a command line can be pasted into a shell', async () => {
  assert.equal(commandLine(['ip', 'link', 'set', 'dev', 'a b', "it's", '']), `ip link set dev 'a b' 'it'\\''s' ''`)
  const words = fc.sample(
    fc.array(
      fc.string({ unit: 'binary' }).map((word) => word.replaceAll('\0', '')),
      { minLength: 1 },
    ),
    20,
  )
  for (const each of words) {
    const { stdout } = await execute(['bash', '-c', `printf '%s\\0' ${each.map(shellQuote).join(' ')}`])
    assert.equal(Buffer.from(stdout).toString(), Buffer.from(each.map((word) => `${word}\0`).join('')).toString())
  }
})
