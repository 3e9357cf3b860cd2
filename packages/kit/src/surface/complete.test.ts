import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fakeHost } from '../host/fake.ts'
import { complete, completionLines } from './complete.ts'
import { registry } from './sample.ts'
import { withCompletion } from './shells.ts'

const context = async () => ({
  host: fakeHost(),
  report: () => undefined,
  signal: AbortSignal.timeout(1000),
  dryRun: true,
  interactive: false,
  passthrough: false,
})

async function at(line: string): Promise<{ words: string[]; files: boolean }> {
  const found = await complete(withCompletion(registry), line.split(' '), context)
  return { words: found.candidates.map(({ word }) => word), files: found.files }
}

describe('candidates', () => {
  const table: [string, string[], boolean?][] = [
    ['', ['create', 'exec', 'delete', 'rm', 'wait', 'image', 'completion']],
    ['c', ['create', 'completion']],
    ['x', []],
    ['image ', ['build', 'list']],
    ['image b', ['build']],
    ['image build ', ['debian', 'router']],
    ['image build r', ['router']],
    ['image nothing ', []],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['help image ', ['build', 'list']],
    ['help c', ['create', 'completion']],
    ['create web1 --en', ['--engine']],
    ['create web1 --engine ', ['firecracker', 'qemu']],
    ['create web1 --engine q', ['qemu']],
    ['create web1 --engine=', ['--engine=firecracker', '--engine=qemu']],
    ['create web1 --engine=q', ['--engine=qemu']],
    ['create web1 --nothing=', []],
    ['create web1 --no', ['--no-autostart', '--no-colour']],
    ['create web1 --dns ', ['192.0.2.53', '2001:db8::53']],
    ['create web1 --dns 192.0.2.53 --dn', ['--dns']],
    ['create web1 --cpus 2 --cpu', []],
    ['create web1 --ports ', ['80', '443']],
    ['create web1 --kernel ', [], true],
    ['create web1 --kernel=', [], true],
    ['create ', []],
    ['create web1 ', []],
    ['--json exec w', ['web1', 'web2', 'wöb']],
    ['exec web1 -- -', []],
    ['delete ', []],
    ['--dr', ['--dry-run']],
    ['nothing ', []],
  ]
  for (const [line, words, files = false] of table)
    test(JSON.stringify(line), async () => {
      assert.deepEqual(await at(line), { words, files })
    })
})

test('a flag is offered until it is given, global flags always', async () => {
  const { words } = await at('create web1 --cpus 2 --')
  assert.ok(!words.includes('--cpus') && words.includes('--memory') && words.includes('--json'))
})

test('a completer knows the other words, and may say what a word means', async () => {
  const { candidates } = await complete(registry, ['create', 'web1', '--ports', '8'], context)
  assert.deepEqual(candidates, [{ word: '80', meaning: 'of web1' }])
})

test('live values that never come do not keep the shell waiting', async () => {
  const never = new Promise<never>(() => undefined)
  assert.deepEqual((await complete(registry, ['exec', ''], () => never)).candidates, [])
})

test('the answer to a shell', () => {
  assert.equal(completionLines({ candidates: [{ word: 'a', meaning: 'b' }, { word: 'c' }], files: true }), 'files\na\tb\nc')
})
