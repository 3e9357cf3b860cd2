/** Candidates and commits of a router in a namespace, by the command itself, with real FRR on both sides of its sessions. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { historyOf } from '../../packages/imp/src/config/history.ts'
import type { Commit } from '../../packages/imp/src/commit/model.ts'
import { bgpSessions } from '../../packages/imp/src/frr/driver.ts'
import { applyConfig, isInterrupted } from '../../packages/imp/src/pipeline/apply.ts'
import { findRunning } from '../../packages/imp/src/pipeline/running.ts'
import { frrPlace, type Target } from '../../packages/imp/src/pipeline/target.ts'
import { sendSignal } from '../../packages/kit/src/host/process.ts'
import { findUnit } from '../../packages/kit/src/host/supervise.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { config, machine, obstacle, openBench, silent } from './pipeline-fixture.ts'

const missing = await obstacle()
const main = join(import.meta.dirname, '../../packages/imp/src/main.ts')

const timers = { connectRetry: 1, holdTime: 9 } as const
const edgeDocument = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge',
  interfaces: [{ name: 'wan', role: 'external', addresses: ['192.0.2.1/30'] }],
  loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'] }],
  routes: [{ prefix: '0.0.0.0/0', via: '192.0.2.2' }],
  bgp: {
    asn: 64500,
    routerId: '203.0.113.1',
    announced: ['203.0.113.0/24'],
    peers: [{ name: 'upstream', address: '192.0.2.2', asn: 64496, ...timers, import: { acceptBogons: true } }],
  },
}
const upstream = config({
  hostname: 'upstream',
  interfaces: [{ name: 'customer', role: 'internal', addresses: ['192.0.2.2/30'] }],
  bgp: {
    asn: 64496,
    routerId: '192.0.2.2',
    announced: ['198.51.100.0/24'],
    peers: [{ name: 'edge', address: '192.0.2.1', asn: 64500, ...timers, import: { accept: [{ prefix: '203.0.113.0/24' }] } }],
  },
})

interface Said {
  readonly status: number
  /** What --json wrote. */
  readonly value: {
    readonly commit?: Commit
    readonly commits?: readonly Commit[]
    readonly changes?: readonly { path: string }[]
    readonly impact?: { readonly peers: readonly string[]; readonly resets: readonly string[] }
    readonly artefacts?: readonly { readonly name: string; readonly lines: readonly string[] }[]
    readonly error?: { readonly code: string; readonly message: string; readonly findings?: readonly { path: string; message: string }[] }
  }
}

/** The command line for one router. */
function wordsFor(target: Target, words: readonly string[]): [string, ...string[]] {
  const where = [
    `--namespace=${target.namespace ?? ''}`,
    `--state-directory=${target.stateDirectory}`,
    `--run-directory=${target.runDirectory}`,
  ]
  return [process.execPath, '--disable-warning=ExperimentalWarning', main, ...words, ...where, '--json']
}

async function imp(target: Target, ...words: string[]): Promise<Said> {
  const statuses = Array.from({ length: 128 }, (_, status) => status)
  const ran = await machine.run(wordsFor(target, words), { statuses, timeout: 120_000 })
  return { status: ran.status, value: JSON.parse(ran.stdout) as Said['value'] }
}

/** Runs the command, which must end well. */
async function done(target: Target, ...words: string[]): Promise<Said['value']> {
  const { status, value } = await imp(target, ...words)
  assert.equal(status, 0, `imp ${words.join(' ')}: ${JSON.stringify(value)}`)
  return value
}

function commitsOf(target: Target): Promise<Commit[]> {
  return historyOf({ host: machine, directory: target.stateDirectory }).list()
}

async function lastOf(target: Target): Promise<Commit | undefined> {
  return (await commitsOf(target)).at(-1)
}

async function established(target: Target): Promise<void> {
  await until(machine.clock, { timeout: 60_000, interval: 200, what: `BGP session of ${target.name}` }, async () =>
    (await bgpSessions(frrPlace(target))).some(({ state }) => state === 'Established'),
  )
}

async function descriptionOf(target: Target): Promise<string | undefined> {
  return (await findRunning(target))?.config.interfaces[0]?.description
}

function guardOf(target: Target, number: number) {
  return findUnit(machine, join(target.stateDirectory, 'confirm'), `commit-${String(number).padStart(4, '0')}`)
}

async function decided(target: Target, number: number): Promise<Commit> {
  const waiting = { timeout: 60_000, interval: 100, what: `fate of commit ${number}` }
  const commit = await until(machine.clock, waiting, async () => {
    const found = (await commitsOf(target)).find((each) => each.number === number)
    return found?.outcome === 'pending' || found?.outcome === 'awaiting' ? undefined : found
  })
  // The guard ends by itself, and then nothing of it writes any more.
  await until(machine.clock, { ...waiting, what: 'end of the guard' }, async () => (await guardOf(target, number)) === undefined)
  return commit
}

/** Starts the command and kills it as soon as the condition holds. */
async function killedWhen(target: Target, words: readonly string[], condition: () => Promise<boolean>): Promise<void> {
  const [program, ...rest] = wordsFor(target, words)
  const child = spawn(program, rest, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  await until(machine.clock, { timeout: 60_000, interval: 10, what: `moment to kill imp ${words.join(' ')}` }, condition)
  child.kill('SIGKILL')
  const [, signal] = (await ended) as [number | null, string | null]
  assert.equal(signal, 'SIGKILL', 'the command had ended before it could be killed')
}

async function passedDeadline(commit: Commit | undefined): Promise<void> {
  const deadline = Date.parse(commit?.deadline ?? '')
  await until(machine.clock, { timeout: 60_000, interval: 50, what: 'deadline' }, () => Promise.resolve(Date.now() > deadline))
}

test('a router by candidate and commit', { timeout: 300_000 }, async (t) => {
  if (missing !== undefined) return t.skip(missing)
  const bench = await openBench('commit')
  try {
    const [edge, other] = [await bench.target('edge'), await bench.target('upstream')]
    await bench.cable(edge, 'wan', other, 'customer')
    await applyConfig(other, upstream, { report: silent })
    const file = join(edge.runDirectory, 'router.json')
    await writeFile(file, JSON.stringify(edgeDocument))

    await t.test('the first commit brings the candidate into force', async () => {
      await done(edge, 'config', 'load', file)
      const { commit } = await done(edge, 'commit', '--comment', 'first')
      assert.deepEqual([commit?.number, commit?.outcome, commit?.comment], [1, 'applied', 'first'])
      await established(edge)
      assert.equal((await done(edge, 'commit')).commit, undefined)
    })

    await t.test('a commit that cuts the upstream is taken back by health alone, and history says why', async () => {
      await done(edge, 'set', 'bgp.peers.upstream.asn', '64499')
      const { impact, artefacts } = await done(edge, 'plan')
      assert.deepEqual([impact?.peers, impact?.resets], [['upstream'], ['upstream']])
      assert.ok(artefacts?.some(({ name, lines }) => name === 'frr.conf' && lines.includes('+ neighbor 192.0.2.2 remote-as 64499')))
      const { status, value } = await imp(edge, 'commit', '--window', '4s')
      assert.deepEqual(
        [status, value.error?.code, value.error?.findings?.[0]?.path],
        [1, 'failed', 'bgp.peers.upstream'],
        JSON.stringify(value),
      )
      await established(edge)
      const last = (await done(edge, 'history')).commits?.at(-1)
      assert.equal(last?.outcome, 'rolled-back')
      assert.match(last?.reason ?? '', /BGP session upstream is \w+ and was well before the change/)
      assert.equal((await findRunning(edge))?.config.bgp?.peers[0]?.asn, 64496)
      // The candidate is still there to be mended.
      assert.deepEqual(
        (await done(edge, 'diff')).changes?.map(({ path }) => path),
        ['bgp.peers.upstream.asn'],
      )
      await done(edge, 'discard')
    })

    await t.test('a commit killed before its verdict is undone by its guard', async () => {
      await done(edge, 'set', 'interfaces.wan.description', 'killed')
      await killedWhen(edge, ['commit', '--confirm', '8s'], async () => {
        return (await descriptionOf(edge)) === 'killed' && !(await isInterrupted(edge))
      })
      const { number = 0 } = (await lastOf(edge)) ?? {}
      assert.ok((await guardOf(edge, number)) !== undefined)
      const commit = await decided(edge, number)
      assert.deepEqual([commit.outcome, await descriptionOf(edge)], ['rolled-back', undefined])
      assert.match(commit.reason ?? '', /died before the router was found well/)
      await done(edge, 'discard')
    })

    await t.test('a commit that nobody confirms is undone by its guard', async () => {
      await done(edge, 'set', 'interfaces.wan.description', 'unconfirmed')
      const { commit } = await done(edge, 'commit', '--confirm', '8s')
      assert.deepEqual([commit?.outcome, await descriptionOf(edge)], ['awaiting', 'unconfirmed'])
      const fate = await decided(edge, commit?.number ?? 0)
      assert.match(fate.reason ?? '', /nobody confirmed it/)
      assert.deepEqual([fate.outcome, await descriptionOf(edge)], ['rolled-back', undefined])
    })

    await t.test('without its guard, as after a reboot, the next command undoes it', async () => {
      await done(edge, 'set', 'interfaces.wan.description', 'rebooted')
      const { commit } = await done(edge, 'commit', '--confirm', '8s')
      const guard = await guardOf(edge, commit?.number ?? 0)
      assert.ok(guard !== undefined && sendSignal(guard.pid, 'SIGKILL'))
      await passedDeadline(commit)
      const { commits } = await done(edge, 'recover')
      assert.deepEqual(
        commits?.map(({ number, outcome }) => [number, outcome]),
        [[commit?.number, 'rolled-back']],
      )
      assert.equal((await imp(edge, 'confirm')).value.error?.code, 'state')
      assert.deepEqual([(await lastOf(edge))?.outcome, await descriptionOf(edge)], ['rolled-back', undefined])
    })

    await t.test('a confirmed commit stays', async () => {
      await done(edge, 'set', 'interfaces.wan.description', 'confirmed')
      const { commit } = await done(edge, 'commit', '--confirm', '10m')
      assert.equal((await done(edge, 'confirm')).commit?.outcome, 'applied')
      assert.deepEqual([(await decided(edge, commit?.number ?? 0)).outcome, await descriptionOf(edge)], ['applied', 'confirmed'])
    })

    await t.test('of two editors the second is refused with the place, and can follow', async () => {
      await done(edge, 'set', 'interfaces.wan.description', 'by anna', '--candidate', 'anna')
      await done(edge, 'set', 'interfaces.wan.description', 'by ben', '--candidate', 'ben')
      await done(edge, 'set', 'loopbacks.0.description', 'also ben', '--candidate', 'ben')
      await done(edge, 'commit', '--candidate', 'anna')
      const { status, value } = await imp(edge, 'commit', '--candidate', 'ben')
      assert.deepEqual([status, value.error?.code, value.error?.findings?.[0]?.path], [4, 'conflict', 'interfaces.wan.description'])
      assert.equal(await descriptionOf(edge), 'by anna')
      assert.equal((await imp(edge, 'rebase', '--candidate', 'ben')).status, 4)
      await done(edge, 'rebase', '--theirs', '--candidate', 'ben')
      await done(edge, 'commit', '--candidate', 'ben')
      const running = (await findRunning(edge))?.config
      assert.deepEqual([running?.interfaces[0]?.description, running?.loopbacks[0]?.description], ['by anna', 'also ben'])
    })

    await t.test('rollback brings an earlier commit back as a new one', async () => {
      const { commit } = await done(edge, 'rollback', '1')
      assert.deepEqual([commit?.restores, commit?.outcome, await descriptionOf(edge)], [1, 'applied', undefined])
      assert.deepEqual((await done(edge, 'compare', '1', String(commit?.number))).changes, [])
      await established(edge)
    })
  } finally {
    await bench.close()
  }
})
