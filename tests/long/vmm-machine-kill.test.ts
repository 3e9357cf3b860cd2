/**
 * Commands on machines that are killed before a change of this computer: the next command completes or undoes. VMM_KILL_EVERY=1 kills
 * before each change; fewer are enough for every day. The engine is a process that sleeps, everything else is real.
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Fault } from '@imp/kit/base/fault.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { unitFiles } from '@imp/kit/host/supervise.ts'
import type { VmmContext } from '../../packages/vmm/src/context.ts'
import { networks } from '../../packages/vmm/src/net/store.ts'
import { tapOf } from '../../packages/vmm/src/net/model.ts'
import { observe } from '../../packages/vmm/src/vm/observe.ts'
import { create } from '../../packages/vmm/src/vm/ops.ts'
import type { Parts } from '../../packages/vmm/src/vm/parts.ts'
import { machinePaths } from '../../packages/vmm/src/vm/paths.ts'
import { machines } from '../../packages/vmm/src/vm/store.ts'
import { filesBelow, missing } from '../real/vmm-machine-command.ts'
import { onNetwork, sleeperContext, sleeperParts, words, type Word } from './vmm-sleeper.ts'

const run = promisify(execFile)
const skip = missing(['ip', 'nft', 'bridge', 'sysctl', 'nsenter', 'ss', 'mke2fs', 'ssh-keygen'], true) ?? false
const namespace = `vmk${process.pid}`
const name = 'm1'

/** What may have been killed, what the machine is like before, what may come next, and how many changes are skipped between kills. */
const table: readonly {
  readonly word: Word
  readonly from: 'running' | 'stopped'
  readonly next: readonly [Word, Word]
  readonly every: number
}[] = [
  { word: 'start', from: 'stopped', next: ['start', 'stop'], every: 6 },
  { word: 'stop', from: 'running', next: ['stop', 'start'], every: 2 },
  { word: 'restart', from: 'running', next: ['start', 'delete'], every: 10 },
  { word: 'forward-add', from: 'running', next: ['forward-add', 'stop'], every: 3 },
  { word: 'forward-remove', from: 'running', next: ['forward-remove', 'stop'], every: 3 },
  { word: 'delete', from: 'running', next: ['delete', 'start'], every: 3 },
]

describe('a command on a machine that is killed', { skip, concurrency: false }, () => {
  let directory: string
  let context: VmmContext
  let parts: Parts

  const inside = async (...argv: string[]): Promise<string> => (await run('ip', ['netns', 'exec', namespace, ...argv])).stdout

  /** Engines of ours that live. */
  const engines = async (): Promise<number> => {
    const { stdout } = await run('ps', ['-eo', 'stat=,args='])
    const mine = (await machines(context).all()).map(({ id }) => `sleep 3600.${parseInt(id, 16)}`)
    return stdout.split('\n').filter((line) => !line.trimStart().startsWith('Z') && mine.some((each) => line.endsWith(each))).length
  }

  /** Does it here, where nothing is killed; that there is nothing to be done any more is an answer. */
  const say = async (word: Word): Promise<void> => {
    try {
      await words[word](context, parts, [name])
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'not-found') throw error
    }
  }

  const killedAt = async (word: string, change: number): Promise<boolean> => {
    const program = join(import.meta.dirname, 'vmm-killed.ts')
    const child = spawn(process.execPath, [program, directory, namespace, word, name, String(change)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const errors: string[] = []
    child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text))
    const [status, signal] = (await once(child, 'close')) as [number | null, string | null]
    assert.ok(signal === 'SIGKILL' || status === 0, `${word} at ${change}: ${errors.join('')}`)
    return signal === 'SIGKILL'
  }

  const prepare = async (from: 'running' | 'stopped', forwarded: boolean): Promise<void> => {
    if ((await machines(context).find(name)) === undefined) {
      await invoke(create, context, { name, networks: ['default'] })
      // A deletion that is killed at its very end leaves its lock, until the next machine is made.
      assert.deepEqual(
        (await filesBelow(directory)).filter((path) => /^locks\/[0-9a-f]{8}\.lock/.test(path)),
        [],
      )
    }
    if (from === 'running') await say('start')
    await say(forwarded ? 'forward-add' : 'forward-remove')
    if (from === 'stopped') await say('stop')
  }

  /** What is seen of the machine fits what is written of it, and there is nothing of a machine that does not run. */
  const consistent = async (told: string): Promise<void> => {
    const vm = await machines(context).find(name)
    const { state, run: record } = vm === undefined ? { state: 'gone', run: undefined } : await observe(context, parts, vm)
    const seen = {
      engines: await engines(),
      links: (await inside('ip', '-br', 'link')).includes('vmm-'),
      rules: (await inside('nft', 'list', 'ruleset')) !== '',
      forward: (await inside('nft', 'list', 'ruleset')).includes('8080'),
    }
    const runs = state === 'running'
    const logs = join(directory, 'logs')
    const named = (await context.host.files.stat(logs)) === undefined ? [] : await context.host.files.list(logs)
    assert.deepEqual(named, vm === undefined || state === 'created' ? [] : [`${name}.log`], told)
    assert.ok(['running', 'stopped', 'created', 'gone'].includes(state), `${told}: ${state} ${record?.reason ?? ''}`)
    assert.deepEqual(seen, { engines: runs ? 1 : 0, links: runs, rules: runs, forward: runs && vm?.forwards.length === 1 }, told)
    if (vm === undefined) {
      const kept = /^(locks\/([0-9a-f]{8}|machines|keys|events|net)\.lock|keys|images|events)/
      const left = (await filesBelow(directory)).filter((path) => !kept.test(path))
      assert.deepEqual(left, [], told)
    } else if (runs) {
      assert.match(await inside('ip', '-br', 'link'), new RegExp(tapOf(vm.id)))
    } else {
      const { directory: own, initrd } = machinePaths(context.paths, vm.id)
      for (const path of [initrd, unitFiles(own, 'engine').document]) assert.equal(await context.host.files.stat(path), undefined, told)
    }
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vmk'))
    await run('ip', ['netns', 'add', namespace])
    await run('ip', ['-n', namespace, 'link', 'set', 'dev', 'lo', 'up'])
    context = await sleeperContext(directory, namespace)
    parts = sleeperParts(context)
  })
  after(async () => {
    await say('delete')
    await run('ip', ['netns', 'delete', namespace])
    await rm(directory, { recursive: true, force: true })
  })

  for (const { word, from, next, every } of table) {
    it(`${word}: the next command completes or undoes it`, async () => {
      const stride = Number(process.env['VMM_KILL_EVERY'] ?? every)
      let kills = 0
      for (let change = 0; ; change += stride) {
        await prepare(from, word === 'forward-remove')
        if (!(await killedAt(word, change))) break
        kills += 1
        const after = next[kills % 2] ?? word
        await say(after)
        await consistent(`${after} after ${word} that was killed at change ${change}`)
      }
      assert.ok(kills > 3, `${kills} kills`)
    })
  }

  it('network create and delete: there is a whole network or none', async () => {
    await say('delete')
    for (const word of ['network-create', 'network-delete']) {
      for (let change = 0; ; change += 1) {
        if (word === 'network-delete' && (await networks(context).find(name)) === undefined) await onNetwork('create', context, name)
        const killed = await killedAt(word, change)
        const there = await networks(context).find(name)
        if (there !== undefined) await onNetwork('delete', context, name)
        assert.deepEqual(
          (await filesBelow(directory)).filter((path) => /^(networks|net)\//.test(path)),
          [],
        )
        if (!killed) break
      }
    }
  })
})
