import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Fault } from '../../base/fault.ts'
import { fakeHost } from '../../host/fake.ts'
import type { OperationContext } from '../../op/operation.ts'
import { program } from '../fake-router.ts'
import type { LineOptions } from './terminal.ts'
import type { SessionOptions } from './session.ts'
import { converse } from './repl.ts'
import { fakeTerminal } from '../sample.ts'

const history = '/state/router/history'

interface Held {
  readonly status: number
  readonly prompts: readonly string[]
  readonly out: string
  readonly err: string
  readonly kept: string | undefined
}

interface Circumstances {
  readonly answer?: string
  readonly options?: Partial<SessionOptions<OperationContext>>
  readonly host?: ReturnType<typeof fakeHost>
  readonly onPrompt?: (prompt: LineOptions) => Promise<void>
}

/** A session of these lines, which then end as with ^D. */
async function hold(lines: readonly string[], circumstances: Circumstances = {}): Promise<Held> {
  const { answer, options, host = fakeHost(), onPrompt } = circumstances
  const terminal = fakeTerminal({ interactive: true, ...(answer === undefined ? {} : { answer }) })
  const prompts: string[] = []
  const left = [...lines]
  const read = async (prompt: LineOptions): Promise<string | undefined> => {
    prompts.push(prompt.prompt)
    await onPrompt?.(prompt)
    return left.shift()
  }
  const status = await converse(program, { history, ...options }, terminal, { read }, host)
  return { status, prompts, out: terminal.stdout(), err: terminal.stderr(), kept: host.contents.get(history) }
}

test('menus are entered by their words and left again', async () => {
  const lines = ['nat', 'mappings', 'back', 'interfaces external', 'home', 'back', 'nat mappings', 'nat', 'exit', 'status']
  const { prompts, status, out, err } = await hold(lines)
  assert.deepEqual(prompts, [
    'router> ',
    'router.nat> ',
    'router.nat.mappings> ',
    'router.nat> ',
    'router.interfaces.external> ',
    'router> ',
    'router> ',
    'router.nat.mappings> ',
    'router.nat> ',
  ])
  assert.deepEqual({ status, out, err }, { status: 0, out: '', err: '' })
})

describe('lines and what they answer', () => {
  const table: [lines: string[], out: RegExp, err: RegExp][] = [
    [['status'], /^zebra up\nbgpd up\nospfd up\n$/, /^$/],
    [['nat mappings add web'], /^added web\n$/, /^$/],
    [['nat', 'mappings add web'], /^added web\n$/, /^$/],
    [['interfaces', 'nat mappings add web'], /^added web\n$/, /^$/],
    [['nat mappings', 'add web --dry-run'], /^dry run: nothing to do\n$/, /^$/],
    [['router status'], /^zebra up\n/, /^$/],
    [['# only words', 'status # what runs'], /^zebra up\n/, /^$/],
    [['status | match ^b'], /^bgpd up\n$/, /^$/],
    [['status | except bgp | count'], /^2 lines\n$/, /^$/],
    [['status | json'], /^\{\n {2}"daemons": \[\n/, /^$/],
    [['status | json | match bgp'], /^ {4}"bgpd",\n$/, /^$/],
    [['status | match nothing'], /^$/, /^$/],
    [['status --json'], /^\{\n {2}"daemons"/, /^$/],
    [['interfaces external show'], /^external, at the terminal\n$/, /^$/],
    [['interfaces external show | match ext'], /^external, captured\n$/, /^$/],
    [['?'], /status +Show what runs/, /^$/],
    [['nat', 'help'], /In nat\n/, /^$/],
    [['nat mappings ?'], /add +Add a mapping/, /^$/],
    [['help nat mappings add'], /^router nat mappings add - Add a mapping\n/, /^$/],
    [['nat', 'help mappings add'], /^router nat mappings add - Add a mapping\n/, /^$/],
    [['nat', 'mappings add --help'], /^router nat mappings add - Add a mapping\n/, /^$/],
    [['nat', '--help'], /^router nat\n/, /^$/],
    [['nat --help', 'status'], /^router nat\n[^]*\nzebra up\n/, /^$/],
    [['nat debug'], /^found\n$/, /^$/],
    // What goes wrong is said as on the command line, and the next line is obeyed.
    [['stauts', 'status'], /^zebra up\n/, /^router has no command "stauts"\nhint: did you mean "status"\?\n$/],
    [['nat', 'mapings', 'status'], /^zebra up\n/, /^router nat has no command "mapings"\nhint: did you mean "mappings"\?\n$/],
    [['nat mappings', 'add', 'status'], /^zebra up\n/, /^router: nat mappings add: NAME is missing\nhint: usage: router nat/],
    [['nat mappings add full', 'status'], /^zebra up\n/, /^router: no ports are left\nhint: delete a mapping\n$/],
    [['nat mappings list', 'status'], /^zebra up\n/, /^router: internal error: x is not a function\n/],
    [["check 'x", 'status'], /^zebra up\n/, /^router: the line ends within a quote\n/],
    [['nat mappings add web | grep x', 'status'], /^zebra up\n/, /^router: there is no \| grep\n/],
    [['nat mappings add full | match x'], /^$/, /no ports are left/],
    [['| count', 'status'], /^zebra up\n/, /no command before/],
    [['nat mapings ?', 'status'], /^zebra up\n/, /did you mean "nat mappings"/],
  ]
  for (const [lines, out, err] of table)
    test(lines.join(' / '), async () => {
      const held = await hold(lines)
      assert.match(held.out, out)
      assert.match(held.err, err)
      assert.equal(held.status, 0)
    })
})

test('a result goes into a file that is not there yet', async () => {
  const host = fakeHost({ files: { '/there': 'x' } })
  const { out, err } = await hold(['status | match b | save /bgp.txt', 'status | save /there', 'nat mappings add full | save /full'], {
    host,
  })
  assert.equal(out, '')
  assert.match(err, /^wrote \/bgp\.txt\nrouter: \/there exists\nhint: choose another name\n[^]*no ports are left/)
  assert.equal(host.contents.get('/bgp.txt'), 'zebra up\nbgpd up\n')
  assert.equal(host.contents.get('/there'), 'x')
  assert.equal(host.contents.has('/full'), false)
})

describe('what cannot be undone is asked for, also in a menu and before a pipe', () => {
  const table: [lines: string[], answer: string, out: string][] = [
    [['nat mappings', 'delete web'], 'y', 'deleted web\n'],
    [['nat mappings', 'delete web'], 'n', ''],
    [['nat mappings', 'delete web | json'], 'y', '{\n  "deleted": "web"\n}\n'],
    [['nat mappings delete web | match x'], 'n', ''],
  ]
  for (const [lines, answer, out] of table)
    test(`${lines.join(' / ')}, ${answer}`, async () => {
      const held = await hold(lines, { answer })
      assert.match(held.err, /^router nat mappings delete web: this cannot be undone. Go on\?/)
      assert.equal(held.out, out)
    })
})

test('what comes later is said to come later, unless it is there', async () => {
  const { err, out } = await hold(['snapshot list', 'nat', 'snapshot', 'status'], {
    options: { later: { snapshot: 'snapshots', status: 'x' } },
  })
  assert.equal(err, 'router has no snapshots yet\nhint: ? lists what there is\n'.repeat(2))
  assert.match(out, /^zebra up/)
})

describe('the mark in the prompt', () => {
  const table: [name: string, promptMark: () => Promise<string>, prompt: string][] = [
    ['is asked for', async () => '*', 'router*> '],
    ['may be nothing', async () => '', 'router> '],
    ['that fails is left out', () => Promise.reject(new Fault('state', 'no candidate')), 'router> '],
  ]
  for (const [name, promptMark, prompt] of table)
    test(name, async () => assert.deepEqual((await hold([], { options: { promptMark } })).prompts, [prompt]))
  test('is asked with a context that only looks', async () => {
    const asked: boolean[] = []
    const promptMark = async (context: OperationContext): Promise<string> => {
      asked.push(context.dryRun)
      return ''
    }
    await hold(['status'], { options: { promptMark } })
    assert.deepEqual(asked, [true, true])
  })
})

test('lines are remembered, but none that may hold a secret', async () => {
  const host = fakeHost({ files: { [history]: 'nat\n' } })
  const offered: (readonly string[])[] = []
  const onPrompt = async (prompt: LineOptions): Promise<void> => void offered.push(prompt.history)
  const { kept } = await hold(['status', 'login anna xyz', 'check x --password=y', 'stauts'], { host, onPrompt })
  assert.equal(kept, 'nat\nstatus\nstauts\n')
  assert.deepEqual([offered[0], offered.at(-1)], [['nat'], ['stauts', 'status', 'nat']])
})

test('a history that cannot be written is said once and does not stop anything', async () => {
  const host = fakeHost()
  const full = { ...host, files: { ...host.files, write: () => Promise.reject(new Fault('state', 'no space left')) } }
  const offered: (readonly string[])[] = []
  const onPrompt = async (prompt: LineOptions): Promise<void> => void offered.push(prompt.history)
  const { err, out } = await hold(['status', 'status', 'nat'], { host: full, onPrompt })
  assert.equal(err, 'router: the history is not kept any more\n  no space left\n')
  assert.equal(out, 'zebra up\nbgpd up\nospfd up\n'.repeat(2))
  assert.deepEqual(offered.at(-1), ['nat', 'status'])
})

test('a history that cannot be read is said, and the session goes on', async () => {
  const host = fakeHost({ files: { [history]: '' } })
  const denied = { ...host, files: { ...host.files, read: () => Promise.reject(new Fault('denied', 'permission denied')) } }
  const { err, out } = await hold(['status'], { host: denied })
  assert.match(err, /^router: the history of earlier sessions is not there\n {2}permission denied\n/)
  assert.match(out, /^zebra up/)
})

test('Tab and ? work where the session stands', async () => {
  const seen: string[] = []
  const onPrompt = async ({ complete, explain }: LineOptions): Promise<void> => {
    seen.push((await complete('ma')).words.join(), await explain('nothing '))
  }
  await hold(['nat'], { onPrompt })
  const unknown = (place: string): string => `${place} has no command "nothing"\nhint: `
  assert.equal(seen[0], '')
  assert.ok(seen[1]?.startsWith(unknown('router')))
  assert.equal(seen[2], 'mappings ')
  assert.ok(seen[3]?.startsWith(unknown('router nat')))
})

test('^C between lines is nobody’s, and nothing listens behind the session', async () => {
  const before = process.listenerCount('SIGINT')
  const listening: number[] = []
  await hold(['status', 'stauts', 'nat'], { onPrompt: async () => void listening.push(process.listenerCount('SIGINT') - before) })
  assert.deepEqual(listening, [1, 1, 1, 1])
  assert.equal(process.listenerCount('SIGINT'), before)
})

/** A session in a process of its own, where the signal comes while `wait` runs. */
const script = `
const [{ converse }, { program }, { processTerminal }, { fakeHost }] = await Promise.all(
  ['./repl.ts', '../fake-router.ts', '../print.ts', '../../host/fake.ts'].map((name) => import(new URL(name, process.argv[1]))))
const lines = ['wait', 'status']
process.exitCode = await converse(program, { history: '/history' }, processTerminal(), { read: async () => lines.shift() }, fakeHost())
`
for (const [signal, status, out] of [
  ['SIGINT', 0, 'zebra up\nbgpd up\nospfd up\n'],
  ['SIGTERM', 143, ''],
] as const)
  test(`${signal} ends what runs${status === 0 ? ', not the session' : ' and the session'}`, async () => {
    const words = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script, import.meta.url]
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } })
    const seen = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (seen.out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      seen.err += text
      if (text.includes('waiting')) child.kill(signal)
    })
    assert.deepEqual(await once(child, 'close'), [status, null])
    assert.match(seen.err, /interrupted/)
    assert.equal(seen.out, out)
  })
