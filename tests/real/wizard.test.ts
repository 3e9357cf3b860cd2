/** The guided configuration typed at a real terminal: all seven phases, wrong input, ^C in the middle, going on, and the candidate. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { localHost } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'
import { openTerminal, terminalObstacle, type TypedTerminal } from './tmux-fixture.ts'

const run = promisify(execFile)
const machine = localHost()
const root = join(import.meta.dirname, '..', '..')
const program = join(root, 'bin', 'configure-router')

/** Types the answer to the question that is asked last. */
async function answer(terminal: TypedTerminal, question: RegExp, text: string, ...keys: string[]): Promise<void> {
  await terminal.see(new RegExp(`[◆▲]  ${question.source}[^◆▲]*$`))
  await terminal.type(text, ...keys)
}

async function answers(
  terminal: TypedTerminal,
  list: readonly (readonly [question: RegExp, text: string, ...keys: string[]])[],
): Promise<void> {
  for (const [question, ...typed] of list) await answer(terminal, question, ...typed)
}

test('configure-router', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root')
  const obstacle = terminalObstacle()
  if (obstacle !== undefined) return t.skip(obstacle)
  const namespace = `imp-test-${process.pid}-wizard`
  const directory = await mkdtemp(join(tmpdir(), 'imp-wizard-'))
  const environment = { IMP_RUN_DIR: join(directory, 'run'), IMP_STATE_DIR: join(directory, 'config'), NO_COLOR: '1' }
  const imp = async (...words: string[]): Promise<unknown> => {
    const { stdout } = await run(join(root, 'bin', 'imp'), [...words, '--namespace', namespace, '--json'], {
      env: { ...process.env, ...environment },
    })
    return JSON.parse(stdout)
  }
  const terminals: TypedTerminal[] = []
  const open = async (): Promise<TypedTerminal> => {
    const name = `t${terminals.length}`
    const terminal = await openTerminal([program, '--namespace', namespace], { directory, name, environment, lines: 60 })
    terminals.push(terminal)
    return terminal
  }
  try {
    await machine.run(['ip', 'netns', 'add', namespace])
    for (const [port, other] of [
      ['up0', 'isp0'],
      ['down0', 'desk0'],
    ] as const)
      await machine.run(['ip', '-n', namespace, 'link', 'add', port, 'type', 'veth', 'peer', 'name', other])

    await t.test('two phases, wrong input, and ^C', async () => {
      const terminal = await open()
      await answer(terminal, /Configuration of this router/, '', 'Enter')
      const cards = await terminal.see(/Are all network cards there/)
      assert.match(cards, /^NIC +MAC +PCI ADDRESS +DRIVER +LINK$/m)
      assert.match(cards, /^up0 +([0-9a-f]{2}:){5}[0-9a-f]{2} +- +veth +down$/m)
      await answers(terminal, [
        [/Are all network cards/, '', 'Enter'],
        [/Name of this router/, '', 'C-u'],
      ])
      await terminal.type('not a name', 'Enter')
      await terminal.see(/"not a name" must be DNS labels joined by dots/)
      await terminal.type('', 'C-u')
      await terminal.type('edge1', 'Enter')
      // "none" is the last of the list.
      await answer(terminal, /Which card is for management/, '', 'Up')
      await terminal.see(/● (none|eth|en)/)
      await terminal.type('', 'C-c')
      await terminal.see(/ended before the last question; the answers are kept\nhint: imp config edit goes on with them\nended with 1$/)
      await terminal.hangUp()
    })

    await t.test('goes on with the answers, through the external port, until the terminal is lost', async () => {
      const draft = join(environment.IMP_STATE_DIR, namespace, 'drafts', 'root.json')
      const { answers: kept } = JSON.parse(await readFile(draft, 'utf8')) as { answers: Record<string, unknown> }
      assert.equal(kept['hostname'], 'edge1')
      // What was chosen so far is written down, so that the test does not depend on the cards of this machine.
      const external = [{ nic: 'up0', name: 'up0' }]
      const internal = [{ nic: 'down0', name: 'down0' }]
      const roles = { schema: 'imp.draft', version: 1, savedAt: '2026-11-22T12:00:00.000Z', done: ['nics', 'roles', 'management'] }
      await writeFile(draft, JSON.stringify({ ...roles, answers: { ...kept, management: 'none', external, internal } }))
      const terminal = await open()
      await answers(terminal, [
        [/There are answers of 2026-11-22 12:00 UTC/, '', 'Enter'],
        [/Configuration of this router/, '', 'Enter'],
        [/Name for up0/, '', 'Enter'],
        [/IPv4 address of up0/, '192.0.2.2', 'Enter'],
      ])
      await terminal.see(/└ {2}"192\.0\.2\.2" is not an address with prefix length/)
      await terminal.type('/30', 'Enter')
      await answers(terminal, [
        [/IPv4 gateway behind up0 \(Enter for 192\.0\.2\.1/, 'back', 'Enter'],
        [/IPv4 address of up0/, '', 'Enter'],
        [/IPv4 gateway behind up0/, '', 'Enter'],
        [/IPv6 address of up0/, '', 'Escape'],
        [/IPv4 gateway behind up0/, '', 'Enter'],
        [/IPv6 address of up0/, '', 'Enter'],
      ])
      await terminal.see(/Name for down0/)
      await terminal.hangUp()
      // The command ends with its terminal and gives its lock back.
      const lock = { timeout: 90_000, what: 'end of the command' }
      await until(machine.clock, lock, async () => !(await machine.query(['pgrep', '-f', namespace], { statuses: [0, 1] })).stdout.trim())
      const saved = JSON.parse(await readFile(draft, 'utf8')) as { done: string[]; answers: { external: unknown } }
      assert.deepEqual(saved.answers.external, [{ nic: 'up0', name: 'up0', addresses: ['192.0.2.2/30'], gateways: ['192.0.2.1'] }])
      assert.ok(saved.done.includes('external'))
    })

    await t.test('the rest, pasted where nothing has to be seen, and the candidate', async () => {
      const terminal = await open()
      await answers(terminal, [
        [/There are answers/, '', 'Enter'],
        [/Configuration of this router/, '', 'Enter'],
        [/Name for down0/, '', 'Enter'],
        [/IPv4 address of down0/, '192.168.0.1/24', 'Enter'],
        [/IPv6 address of down0/, '2001:db8:10::1/64', 'Enter'],
        [/Send IPv6 router advertisements/, '', 'Enter'],
        [/Does this router speak BGP/, 'y'],
        // Own number, router id, prefixes, a peer: its address, number and name.
        [/Number of the own autonomous system/, '64500\r\r203.0.113.0/24\r\r\r64496\r\r'],
        [/Peers/, '', 'Enter'],
        [/Translate inside networks/, '', 'Enter'],
        [/Which network is translated/, '', 'Enter'],
        [/Inside network/, '', 'Enter'],
      ])
      await terminal.see(/\/30 gives 1008[^]*Pool of public addresses for 192\.168\.0\.0\/24 \(Enter for 203\.0\.113\.252\/30/)
      await answers(terminal, [
        [/Pool of public addresses/, '', 'Enter'],
        [/Mappings/, '', 'Enter'],
        [/Pairs of networks/, '', 'Enter'],
        [/Let hosts that have IPv6 only reach IPv4/, 'y'],
        [/By which IPv6 prefix/, '', 'Down', 'Enter'],
        [/Own prefix that stands for IPv4/, '2001:db8:64::/96', 'Enter'],
        [/Public IPv4 addresses that they share \(Enter for 203\.0\.113\.224\/28\)/, '', 'Enter'],
      ])
      const menu = await terminal.see(/External ports {6}done[^]*NAT {17}done[^]*● Review and finish/)
      assert.ok(menu.split('\n').every((line) => line.length <= 80))
      await terminal.type('', 'Enter')
      await terminal.see(/\+ bgp:\n {4}asn: 64500\n/)
      await answer(terminal, /Commit now\?/, '', 'Down', 'Down', 'Enter')
      await terminal.see(/the candidate is changed: imp commit brings it into force\nended with 0$/)
      const { changes } = (await imp('diff')) as { changes: { path: string; after: unknown }[] }
      assert.deepEqual(
        changes.map(({ path }) => path),
        ['hostname', 'interfaces.up0', 'interfaces.down0', 'routes["0.0.0.0/0"]', 'bgp', 'nat', 'nat64'],
      )
      assert.deepEqual(changes.at(-1)?.after, { prefix: '2001:db8:64::/96', pool: '203.0.113.224/28' })
      assert.deepEqual(changes.at(-2)?.after, { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.252/30' }] })
    })
  } finally {
    for (const terminal of terminals) await terminal.hangUp()
    await machine.run(['ip', 'netns', 'delete', namespace], { statuses: [0, 1] })
    await rm(directory, { recursive: true, force: true })
  }
})
