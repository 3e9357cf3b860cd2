import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { main } from './cli.ts'
import { fakeTerminal, program, type FakeTerminal } from './sample.ts'

async function run(line: string, options: Parameters<typeof fakeTerminal>[0] = {}): Promise<{ status: number; terminal: FakeTerminal }> {
  const terminal = fakeTerminal(options)
  return { status: await main(program, line === '' ? [] : line.split(' '), terminal), terminal }
}

describe('a command line ends with what it says and its status', () => {
  const table: [string, number, RegExp, RegExp][] = [
    ['', 0, /^sample - a program for tests/, /^$/],
    ['--help', 0, /^sample - a program for tests/, /^$/],
    ['help create', 0, /^sample create - Create a machine/, /^$/],
    ['create --help', 0, /^sample create - Create a machine/, /^$/],
    ['create web1 --cpus nonsense -h', 0, /^sample create - Create a machine/, /^$/],
    ['--version', 0, /^sample 1\.2\.3\n$/, /^$/],
    ['create web1 -c 2', 0, /^created web1 with 2 cpus\n$/, /^✓ write web1\n$/],
    ['create web1 --dry-run', 0, /^dry run: 1 step, nothing was changed\n {4}write web1\n$/, /^$/],
    ['create', 2, /^$/, /^sample: create: NAME is missing\nhint: usage: sample create NAME \[flags\]\n$/],
    ['craete', 2, /^$/, /^sample has no command "craete"\nhint: did you mean "sample create"\?\n$/],
    ['help craete', 2, /^$/, /did you mean "sample create"/],
    ['image', 2, /^$/, /^sample image needs another word\nhint: one of: build, list\n$/],
    ['exec web1 -- a b c', 3, /"words": \[/, /^$/],
    ['image build', 9, /^$/, /^sample: cannot build debian\n {2}E: no spaceleft\nhint: free some space\n$/],
    ['image list', 70, /^$/, /^sample: internal error: x is not a function\nhint: .*--debug/],
    ['image list --debug', 70, /^$/, /TypeError: x is not a function\n\s+at /],
    ['image secret', 0, /^found\n$/, /^$/],
    ['completion bash', 0, /complete -F _sample_complete sample\n$/, /^$/],
    ['completion tcsh', 2, /^$/, /one of: bash, zsh, fish/],
    ['__complete -- image b', 0, /^words\nbuild\tBuild an image\n$/, /^$/],
  ]
  for (const [line, status, out, err] of table)
    test(line === '' ? 'nothing' : line, async () => {
      const { status: ended, terminal } = await run(line)
      assert.match(terminal.stdout(), out)
      assert.match(terminal.stderr(), err)
      assert.equal(ended, status)
    })
})

describe('with --json standard output is one JSON value', () => {
  const table: [string, number, unknown][] = [
    ['create web1', 0, { name: 'web1', cpus: 1 }],
    ['create web1 --dry-run', 0, { dryRun: true, steps: [{ kind: 'file', summary: 'write web1', disruption: 'none', data: null }] }],
    ['exec web1 -- a', 1, { status: 1, words: ['a'] }],
    ['create', 2, { error: { code: 'input', message: 'create: NAME is missing', hint: 'usage: sample create NAME [flags]' } }],
    ['image list', 70, { error: { code: 'bug', message: 'x is not a function' } }],
    ['nothing', 2, { error: { code: 'input', message: 'sample has no command "nothing"', hint: 'sample --help lists them' } }],
  ]
  for (const [line, status, expected] of table)
    test(line, async () => {
      const { status: ended, terminal } = await run(`--json ${line}`, { interactive: true })
      assert.deepEqual(JSON.parse(terminal.stdout()), expected)
      for (const event of terminal.stderr().trimEnd().split('\n').filter(Boolean)) assert.ok('event' in (JSON.parse(event) as object))
      assert.equal(ended, status)
    })
})

describe('what cannot be undone is asked for', () => {
  const table: [string, Parameters<typeof fakeTerminal>[0], number, RegExp][] = [
    ['delete web1', { interactive: true, answer: 'y' }, 0, /sample delete web1: this cannot be undone. Go on\?/],
    ['rm web1', { interactive: true, answer: 'YES ' }, 0, /Go on/],
    ['delete web1', { interactive: true, answer: '' }, 1, /nothing was changed/],
    ['delete web1', { interactive: true, answer: 'yesterday' }, 1, /nothing was changed/],
    ['delete web1', { interactive: true }, 1, /nothing was changed/],
    ['delete web1', {}, 2, /nobody is here to ask\nhint: add --yes/],
    ['delete web1 --yes', {}, 0, /^$/],
    ['delete web1 -y', { interactive: true }, 0, /^$/],
    ['delete web1 --dry-run', {}, 0, /^$/],
    ['delete', { interactive: true, answer: 'y' }, 2, /^sample: delete: NAMES is missing/],
  ]
  for (const [line, options, status, err] of table)
    test(`${line}, ${JSON.stringify(options)}`, async () => {
      const { status: ended, terminal } = await run(line, options)
      assert.match(terminal.stderr(), err)
      assert.equal(ended, status)
      if (ended !== 0) assert.equal(terminal.stdout(), '')
    })
  test('programs are never asked', async () => {
    assert.equal((await run('delete web1 --json', { interactive: true, answer: 'y' })).status, 2)
  })
})

test('colours only where the terminal has them, and not with --no-colour', async () => {
  const colour = { out: true, err: true }
  assert.match((await run('', { colour })).terminal.stdout(), /\p{Cc}\[1m/u)
  assert.doesNotMatch((await run('--no-color', { colour })).terminal.stdout(), /\p{Cc}\[/u)
})
