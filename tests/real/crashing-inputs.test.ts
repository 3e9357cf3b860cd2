/**
 * Inputs of which the reference system dies, or takes them without a word and does something else. Here every one of them is findings
 * with a place, a value and a remedy, by the command line as people meet it; never a stack trace.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { text } from 'node:stream/consumers'
import { operations as configOperations } from '../../packages/imp/src/config/ops.ts'
import { operations as migrateOperations } from '../../packages/imp/src/migrate/ops.ts'
import { asFault, type Finding } from '../../packages/kit/src/base/fault.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { invoke } from '../../packages/kit/src/op/operation.ts'
import { cases, oldCases, sound } from './crashing-inputs-table.ts'
import { impContextIn } from '../../packages/imp/src/sample.ts'

const program = join(import.meta.dirname, '../../packages/imp/src/main.ts')
const directory = await mkdtemp(join(tmpdir(), 'imp-inputs-'))
after(() => rm(directory, { recursive: true, force: true }))

const context = impContextIn(directory, localHost())

let count = 0

async function fileOf(content: unknown): Promise<string> {
  count += 1
  const file = join(directory, `${count}.json`)
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

/** All findings about an input, whether they are the answer or come with a fault. */
async function findingsOf(path: 'check' | 'config import', content: unknown): Promise<readonly Finding[]> {
  const operation = [...configOperations, ...migrateOperations].find((each) => each.path.join(' ') === path) ?? assert.fail(path)
  try {
    const answer = await invoke(operation, context, { file: await fileOf(content) })
    return (answer as unknown as { value: { findings: readonly Finding[] } }).value.findings
  } catch (error) {
    const fault = asFault(error)
    assert.notEqual(fault.code, 'bug', fault.stack ?? fault.message)
    const { message, hint, findings } = fault
    return findings.length > 0 ? findings : [{ path: '', severity: 'error', message, ...(hint === undefined ? {} : { hint }) }]
  }
}

suite('check', () => {
  for (const { title, changes, path, message } of cases) {
    test(`finds ${title}`, async () => {
      const findings = await findingsOf('check', typeof changes === 'string' ? changes : { ...sound, ...changes })
      const found = findings.find((finding) => finding.path === path && message.test(finding.message))
      assert.ok(found !== undefined, JSON.stringify(findings, null, 1))
      assert.equal(found.severity, 'error', 'it keeps the document from being used')
      assert.ok(found.hint !== undefined && found.hint !== '', 'there is a remedy')
    })
  }

  test('finds nothing in the sound document', async () => assert.deepEqual(await findingsOf('check', sound), []))
})

suite('config import', () => {
  for (const [title, document, path] of oldCases) {
    test(`finds ${title}`, async () => {
      const findings = await findingsOf('config import', document)
      const found = findings.find((finding) => finding.path === path)
      assert.ok(found?.hint !== undefined, JSON.stringify(findings, null, 1))
    })
  }
})

interface Ended {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

async function imp(...words: readonly string[]): Promise<Ended> {
  const env = { ...process.env, IMP_STATE_DIR: join(directory, 'state'), IMP_RUN_DIR: join(directory, 'run') }
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [[status], stdout, stderr] = await Promise.all([once(child, 'close') as Promise<[number]>, text(child.stdout), text(child.stderr)])
  return { status, stdout, stderr }
}

function assertCivil({ status, stdout, stderr }: Ended): void {
  assert.ok(status > 0 && status < 70, `status ${status}\n${stdout}\n${stderr}`)
  assert.doesNotMatch(`${stdout}${stderr}`, /^\s+at .*:\d+:\d+\)?$/m)
}

suite('the command line', () => {
  test('answers as JSON, with all findings, and status 2', async () => {
    const ended = await imp('--json', 'check', await fileOf({ ...sound, nat: { mappings: [{ inside: '192.168.0.0', outside: 'x' }] } }))
    assertCivil(ended)
    const { findings } = JSON.parse(ended.stdout) as { findings: Finding[] }
    assert.deepEqual([ended.status, findings.map(({ path }) => path)], [2, ['nat.mappings[0].inside', 'nat.mappings[0].outside']])
  })

  test('refuses an edit that cannot be, and keeps what was there', async () => {
    const options = ['--state-directory', join(directory, 'edited')]
    for (const words of [
      ['nat', '{"mappings": [{"inside": "192.168.0.0", "outside": "203.0.113.0/30"}]}'],
      ['hostname', 'edge\nend'],
      ['interfaces.wan.mtu', 'large'],
      ['no.such.place', '1'],
    ]) {
      const ended = await imp('--json', 'set', ...words, ...options)
      assertCivil(ended)
      const { error } = JSON.parse(ended.stdout) as { error: { code: string; message: string } }
      assert.equal(error.code, 'input', ended.stdout)
    }
    assert.deepEqual((JSON.parse((await imp('--json', 'diff', ...options)).stdout) as { changes: unknown[] }).changes, [])
  })

  test('tells people, not programmers, of files that are none', async () => {
    for (const words of [
      ['check', directory],
      ['check', join(directory, 'absent.json')],
      ['config', 'import', '/dev/null'],
    ]) {
      assertCivil(await imp(...words))
    }
  })
})
