/**
 * The demo: a small Internet provider in network namespaces, with a guest of a kernel of its own. Brings it up, proves that it works,
 * changes the router while packets flow, and says how to look around. Every line it runs can be typed by hand.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { demoFiles, type DemoFiles } from './tagged.ts'

const target = 'lab:demo/edge'
const began = performance.now()

class Failed extends Error {}

function seconds(): string {
  return `${((performance.now() - began) / 1000).toFixed(0)} s`
}

function say(text: string): void {
  console.log(text)
}

function heading(text: string): void {
  say(`\n${styleText('bold', `== ${text}`)} ${styleText('dim', `(${seconds()})`)}`)
}

interface Ended {
  readonly status: number
  readonly stdout: string
}

/** Runs a command of ours; shows the line, and its output unless that is wanted as data. */
async function run(words: readonly string[], options: { capture?: boolean; onText?: (text: string) => void } = {}): Promise<Ended> {
  const [program = '', ...rest] = words
  const child = spawn(program, rest, { stdio: ['inherit', options.capture === true ? 'pipe' : 'inherit', 'inherit'] })
  let stdout = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    options.onText?.(text)
  })
  await once(child, 'close')
  return { status: child.exitCode ?? 1, stdout }
}

async function step(words: readonly string[]): Promise<void> {
  say(styleText('dim', `$ ${words.join(' ')}`))
  const { status } = await run(words)
  if (status !== 0) throw new Failed(`${words.join(' ')} ended with status ${status}`)
}

async function json<T>(words: readonly string[]): Promise<T> {
  const { status, stdout } = await run([...words, '--json'], { capture: true })
  if (status !== 0) throw new Failed(`${words.join(' ')} ended with status ${status}: ${stdout}`)
  return JSON.parse(stdout) as T
}

interface Session {
  readonly node: string
  readonly peer: string
  readonly state: string
  readonly dropped: number
}

async function sessions(): Promise<readonly Session[]> {
  return (await json<{ sessions: readonly Session[] }>(['bin/imp', 'lab', 'inspect', 'demo'])).sessions
}

/** The demo's router with one more static route. */
function changedRouter(router: string, path: string): void {
  const document = JSON.parse(readFileSync(router, 'utf8')) as { routes?: unknown[] }
  document.routes = [...(document.routes ?? []), { prefix: '198.18.0.0/15', blackhole: true }]
  writeFileSync(path, `${JSON.stringify(document, null, 2)}\n`)
}

const verdicts: { text: string; holds: boolean }[] = []

function expect(text: string, holds: boolean): void {
  verdicts.push({ text, holds })
  say(`${holds ? styleText('green', '✓') : styleText('red', '✗')} ${text}`)
}

/** Pings from the client while `work` runs; the packets that were sent and those that came back. */
async function whilePinging(work: () => Promise<void>): Promise<{ sent: number; lost: number }> {
  const words = ['bin/imp', 'lab', 'exec', 'demo', 'client', '--', 'ping', '-i', '0.05', '-c', '200', '-W', '2', '203.0.113.10']
  say(styleText('dim', `$ ${words.join(' ')}   (goes on during the change)`))
  const pinging = run(words, { capture: true })
  await work()
  const { stdout } = await pinging
  const [, sent = '0', received = '0'] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? []
  return { sent: Number(sent), lost: Number(sent) - Number(received) }
}

async function change({ router }: DemoFiles, directory: string): Promise<void> {
  heading('4. Change the router while packets flow')
  const changed = join(directory, 'changed.router.json')
  changedRouter(router, changed)
  const before = await sessions()
  await step(['bin/imp', 'plan', changed, '--target', target])
  const { sent, lost } = await whilePinging(() => step(['bin/imp', 'apply', changed, '--target', target]))
  const after = await sessions()
  expect(`${sent} pings during the change, ${lost} lost`, sent > 0 && lost === 0)
  expect('no BGP session was reset', before.length > 0 && JSON.stringify(before) === JSON.stringify(after))
  const { steps } = await json<{ steps: readonly unknown[] }>(['bin/imp', 'plan', changed, '--target', target])
  expect(`the next plan is empty (${steps.length} steps)`, steps.length === 0)
}

async function main(files: DemoFiles, directory: string): Promise<void> {
  const { lab, router, tagged } = files
  heading('1. Check what will be built')
  await step(['bin/imp', 'check', router])
  heading(
    `2. Bring the lab up: an upstream, a router, ${tagged ? 'three customer networks, one of them tagged' : 'two customer networks'}, a client and a guest`,
  )
  if (!tagged) say('This kernel has no 802.1Q, so there is no tagged network; examples/vlan shows one, with a router that is a guest.')
  await step(['bin/imp', 'lab', 'down', 'demo', '--yes'])
  await step(['bin/imp', 'lab', 'up', lab])
  heading('3. Prove that it works')
  await step(['bin/imp', 'lab', 'verify', lab])
  await change(files, directory)
  heading('Look around')
  say(`bin/imp lab inspect demo                           nodes, links, addresses, sessions
bin/imp lab exec demo edge -- ip route             the router's table
bin/imp lab exec demo client -- ping 203.0.113.10  through BGP and NAT
bin/vmm ssh demo-guest                             into the guest
bin/imp lab down demo                              take it down`)
}

const directory = mkdtempSync(join(tmpdir(), 'imp-demo-'))
try {
  await main(await demoFiles('examples/demo', directory), directory)
  const failed = verdicts.filter(({ holds }) => !holds)
  say(
    `\n${failed.length === 0 ? styleText('green', 'everything holds') : styleText('red', `${failed.length} did not hold`)} after ${seconds()}`,
  )
  process.exitCode = failed.length === 0 ? 0 : 1
} catch (error) {
  if (!(error instanceof Failed)) throw error
  say(`\n${styleText('red', 'the demo stopped')}: ${error.message}`)
  say('bin/imp lab down demo takes away what it left')
  process.exitCode = 1
} finally {
  rmSync(directory, { recursive: true, force: true })
}
