/** What the guided configuration makes is committed to a router with real FRR: by a file of answers, by questions, and once more. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bgpSessions } from '../../packages/imp/src/frr/driver.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { findRunning } from '../../packages/imp/src/pipeline/running.ts'
import { frrPlace, type Target } from '../../packages/imp/src/pipeline/target.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { config, machine, obstacle, openBench, silent } from '../real/pipeline-fixture.ts'
import { openTerminal, terminalObstacle } from '../real/tmux-fixture.ts'

const missing = (await obstacle()) ?? terminalObstacle()
const root = join(import.meta.dirname, '..', '..')

/** The reference upstream: the other end of the sessions that the answers ask for. */
const upstream = config({
  hostname: 'upstream',
  interfaces: [{ name: 'customer', role: 'internal', addresses: ['192.0.2.1/30'] }],
  bgp: {
    asn: 64496,
    routerId: '192.0.2.1',
    announced: ['198.51.100.0/24'],
    peers: [
      { name: 'edge', address: '192.0.2.2', asn: 64500, connectRetry: 1, holdTime: 9, import: { accept: [{ prefix: '203.0.113.0/24' }] } },
    ],
  },
})

const answers = `
hostname: edge
external:
  - { nic: wan0, name: wan, addresses: [192.0.2.2/30], gateways: [192.0.2.1] }
internal:
  - { nic: lan0, name: lan, addresses: [192.168.0.1/24, "2001:db8:10::1/64"] }
bgp:
  asn: 64500
  routerId: 192.0.2.2
  announced: [203.0.113.0/24]
  peers: [{ name: upstream, address: 192.0.2.1, asn: 64496 }]
nat:
  mappings: [{ inside: 192.168.0.0/24, outside: 203.0.113.96/30 }]
`

function placeOf(target: Target): string[] {
  const { namespace = '', stateDirectory, runDirectory } = target
  return [`--namespace=${namespace}`, `--state-directory=${stateDirectory}`, `--run-directory=${runDirectory}`]
}

async function imp(target: Target, ...words: string[]): Promise<{ outcome?: string; commit?: { outcome: string }; changes?: unknown[] }> {
  const ran = await machine.run([join(root, 'bin', 'imp'), ...words, ...placeOf(target), '--json'], {
    timeout: 120_000,
    env: { IMP_STATE_DIR: target.stateDirectory },
  })
  return JSON.parse(ran.stdout) as Awaited<ReturnType<typeof imp>>
}

async function established(target: Target): Promise<void> {
  const waiting = { timeout: 60_000, interval: 200, what: `BGP session of ${target.name}` }
  await until(machine.clock, waiting, async () => (await bgpSessions(frrPlace(target))).some(({ state }) => state === 'Established'))
}

test('the guided configuration and the router', { skip: missing ?? false }, async (t) => {
  const bench = await openBench('wizard')
  const directory = await mkdtemp(join(tmpdir(), 'imp-wizard-commit-'))
  try {
    const edge = await bench.target('edge')
    const isp = await bench.target('isp')
    const desk = await bench.target('desk')
    await bench.cable(edge, 'wan0', isp, 'customer')
    await bench.cable(edge, 'lan0', desk, 'port')
    await applyConfig(isp, upstream, { report: silent })

    await t.test('a file of answers becomes a router that speaks with its upstream', async () => {
      const file = join(directory, 'answers.yaml')
      await writeFile(file, answers)
      assert.equal((await imp(edge, 'config', 'edit', '--answers', file)).outcome, 'candidate')
      assert.equal((await imp(edge, 'commit')).commit?.outcome, 'applied')
      await established(edge)
      const again = await imp(edge, 'config', 'edit', '--answers', file)
      assert.deepEqual([again.outcome, again.changes], ['unchanged', []])
    })

    await t.test('questions change it, under a commit that waits for its confirmation', async () => {
      const terminal = await openTerminal([join(root, 'bin', 'configure-router'), ...placeOf(edge)], {
        directory,
        name: 'edit',
        environment: { IMP_STATE_DIR: edge.stateDirectory, NO_COLOR: '1' },
        lines: 60,
      })
      try {
        const answer = async (question: string, text: string, ...keys: string[]): Promise<void> => {
          await terminal.see(new RegExp(`[◆▲]  ${question}[^◆▲]*$`))
          await terminal.type(text, ...keys)
        }
        // The fifth entry of the menu: internal ports.
        await answer('Configuration of this router', '', 'Down', 'Down', 'Down', 'Down', 'Enter')
        // The card that is called lan now keeps its name: nobody asks for it.
        await answer('IPv4 address of lan', '', 'C-u')
        await terminal.type('192.168.0.254/24', 'Enter')
        await answer('IPv6 address of lan', '', 'Enter')
        await answer('Send IPv6 router advertisements on lan', 'n')
        await terminal.see(/Internal ports {6}done[^]*● Review and finish[^◆▲]*$/)
        await terminal.type('', 'Enter')
        await terminal.see(/~ interfaces\.lan\.addresses[^]*On the machine:/)
        await answer('Commit now', '', 'Enter')
        await terminal.see(/commit 2 is in force until [^]*imp confirm keeps it[^]*ended with 0$/)
      } finally {
        await terminal.hangUp()
      }
      const lan = (await findRunning(edge))?.config.interfaces.find(({ name }) => name === 'lan')
      assert.deepEqual([lan?.addresses, lan?.ra?.send], [['192.168.0.254/24', '2001:db8:10::1/64'], false])
      assert.equal((await imp(edge, 'confirm')).commit?.outcome, 'applied')
    })

    await t.test('--apply-only brings back what the machine lost', async () => {
      await edge.host.run(['ip', 'address', 'flush', 'dev', 'lan', 'scope', 'global'])
      await edge.host.run(['nft', 'flush', 'ruleset'])
      await machine.run([join(root, 'bin', 'configure-router'), '--apply-only', ...placeOf(edge)], {
        timeout: 120_000,
        env: { IMP_STATE_DIR: edge.stateDirectory },
      })
      assert.match((await edge.host.query(['ip', 'address', 'show', 'dev', 'lan'])).stdout, /192\.168\.0\.254\/24/)
      assert.match((await edge.host.query(['nft', 'list', 'ruleset'])).stdout, /203\.0\.113\.96/)
      await established(edge)
    })
  } finally {
    await bench.close()
    await rm(directory, { recursive: true, force: true })
  }
})
