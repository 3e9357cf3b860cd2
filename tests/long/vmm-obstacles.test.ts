/** What comes between a machine and its start: said clearly, and everything undone. The engine is a process that sleeps. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Fault } from '@imp/kit/base/fault.ts'
import { systemClock } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../../packages/vmm/src/context.ts'
import { firecrackerEngine } from '../../packages/vmm/src/engine/firecracker/driver.ts'
import type { Engine } from '../../packages/vmm/src/engine/model.ts'
import { qemuEngine } from '../../packages/vmm/src/engine/qemu/driver.ts'
import { tapOf } from '../../packages/vmm/src/net/model.ts'
import { observe } from '../../packages/vmm/src/vm/observe.ts'
import { create } from '../../packages/vmm/src/vm/ops.ts'
import type { Parts } from '../../packages/vmm/src/vm/parts.ts'
import { machines } from '../../packages/vmm/src/vm/store.ts'
import { filesBelow, missing } from '../real/vmm-machine-command.ts'
import { onNetwork, sleeperContext, sleeperParts, words } from './vmm-sleeper.ts'

const run = promisify(execFile)
const skip =
  missing(['ip', 'nft', 'bridge', 'sysctl', 'nsenter', 'ss', 'mke2fs', 'ssh-keygen', 'mount', 'qemu-system-x86_64'], true) ?? false
const namespace = `vmo${process.pid}`
const name = 'm1'

describe('the start of a machine', { skip, concurrency: false }, () => {
  let directory: string
  let context: VmmContext
  let parts: Parts
  let untouched: string

  const inside = async (...argv: string[]): Promise<string> => (await run('ip', ['netns', 'exec', namespace, ...argv])).stdout
  const seen = async (): Promise<string> => `${await inside('ip', '-br', 'link')}${await inside('nft', 'list', 'ruleset')}`

  const refusal = async (over: Partial<Parts> = {}): Promise<Fault> => {
    try {
      await words.start(context, { ...parts, ...over }, [name])
    } catch (error) {
      assert.ok(error instanceof Fault)
      return error
    }
    return assert.fail('it started')
  }

  /** Links and rules are as they were, and of the machine there is no more than its document, keys, logs and journal. */
  const undone = async (): Promise<void> => {
    assert.equal(await seen(), untouched)
    const kept = /^(vms|locks|keys|images|runs|networks)\/|^events|host_ed25519|known_hosts|journal|\.log$/
    const left = (await filesBelow(directory)).filter((path) => !kept.test(path))
    assert.deepEqual(left, [])
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vmo'))
    await run('ip', ['netns', 'add', namespace])
    await inside('ip', 'link', 'set', 'dev', 'lo', 'up')
    await inside('nft', 'add table ip theirs; add chain ip theirs forward { type filter hook forward priority 0; policy drop; }')
    context = await sleeperContext(directory, namespace)
    parts = sleeperParts(context)
    untouched = await seen()
  })
  after(async () => {
    await run('ip', ['netns', 'delete', namespace])
    await rm(directory, { recursive: true, force: true })
  })
  beforeEach(async () => {
    if ((await machines(context).find(name)) === undefined) await invoke(create, context, { name, networks: ['default'] })
  })
  afterEach(async () => {
    if ((await machines(context).find(name)) !== undefined) await words.delete(context, parts, [name])
  })

  const engines: readonly (readonly [title: string, engine: Engine])[] = [
    ['QEMU', qemuEngine(['false'])],
    ['Firecracker', firecrackerEngine(['false'])],
  ]
  for (const [title, engine] of engines) {
    it(`tells that ${title} ended at once, and is undone`, async () => {
      const chosen = { engine, accelerator: 'kvm' as const, reason: '' }
      const { code, message } = await refusal({ engine: () => engine, chooseEngine: () => Promise.resolve(chosen) })
      assert.equal(code, 'exec')
      assert.match(message, new RegExp(`m1: (${title}|false) ended`))
      await undone()
      const { state, reason } = await observe(context, parts, await machines(context).get(name))
      assert.equal(state, 'error')
      assert.match(reason ?? '', /ended/)
      await words.start(context, parts, [name])
    })
  }

  it('names the process that has its TAP, and leaves the TAP to it', async () => {
    const tap = tapOf((await machines(context).get(name)).id)
    await inside('ip', 'tuntap', 'add', 'dev', tap, 'mode', 'tap')
    await inside('ip', 'link', 'set', 'dev', tap, 'up')
    const other = spawn(
      'ip',
      ['netns', 'exec', namespace, 'qemu-system-x86_64', '-M', 'none', '-display', 'none', '-nodefaults'].concat(
        '-netdev',
        `tap,id=n,ifname=${tap},script=no,downscript=no`,
      ),
      { stdio: 'ignore' },
    )
    const ended = once(other, 'close')
    try {
      await until(systemClock, { timeout: 60_000, interval: 50, what: 'the other process' }, async () =>
        (await inside('ip', 'link', 'show', 'dev', tap)).includes('LOWER_UP'),
      )
      const { code, message } = await refusal()
      assert.equal(code, 'conflict')
      assert.equal(message, `process ${other.pid} (qemu-system-x86) has the TAP ${tap} open`)
      assert.match(await inside('ip', 'link', 'show', 'dev', tap), /LOWER_UP/)
    } finally {
      other.kill('SIGKILL')
      await ended
    }
    await words.start(context, parts, [name])
  })

  it('takes the first of its networks down again when the second one is in the way of a route', async () => {
    await onNetwork('create', context, 'back')
    await words.delete(context, parts, [name])
    await invoke(create, context, { name, networks: ['default', 'back'] })
    await inside('ip', 'link', 'add', 'theirs', 'type', 'veth', 'peer', 'name', 'other')
    await inside('ip', 'link', 'set', 'dev', 'theirs', 'up')
    await inside('ip', 'route', 'add', '172.20.0.64/26', 'dev', 'theirs')
    const { code, message } = await refusal()
    assert.equal(code, 'conflict')
    assert.match(message, /172\.20\.0\.0\/24 of vmm-br1 overlaps with 172\.20\.0\.64\/26 on theirs/)
    await inside('ip', 'link', 'delete', 'dev', 'theirs')
    await undone()
    await words.start(context, parts, [name])
    assert.match(await inside('ip', '-br', 'link'), /vmm-br0[^]*vmm-br1/)
    await words.delete(context, parts, [name])
    await onNetwork('delete', context, 'back')
  })
})

describe('a full disk', { skip, concurrency: false }, () => {
  let directory: string
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vmf'))
    await run('ip', ['netns', 'add', namespace])
  })
  after(async () => {
    await run('ip', ['netns', 'delete', namespace])
    await rm(directory, { recursive: true, force: true })
  })

  // From too little for a document to too little for a disk: each stops at another step.
  for (const pages of [9, 16, 22, 40, 80]) {
    it(`of ${pages * 4} KiB is told, and nothing is left of what was begun`, async () => {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${pages * 4}k`, 'vmm-test', directory])
      try {
        const context = await sleeperContext(directory, namespace)
        const parts = sleeperParts(context)
        const told = async (work: Promise<unknown>): Promise<string> => {
          try {
            await work
            return ''
          } catch (error) {
            assert.ok(error instanceof Fault, String(error))
            return `${error.code} ${error.message} ${error.hint ?? ''} ${error.detail ?? ''}`
          }
        }
        const created = await told(invoke(create, context, { name, networks: ['default'] }))
        const there = (await machines(context).find(name)) !== undefined
        assert.equal(there, created === '', 'a machine is made or not')
        const started = there ? await told(words.start(context, parts, [name])) : ''
        assert.match(`${created}${started}`, /no space left|No space left/)
        const { stdout } = await run('ip', ['netns', 'exec', namespace, 'ip', '-br', 'link'])
        assert.doesNotMatch(stdout, /vmm-/)
        const left = (await filesBelow(directory)).filter((path) => /tmp$|ext4|initrd$/.test(path))
        assert.deepEqual(left, [])
        // What frees space goes on to work, unless there is not even room for the lock of the bridges.
        if (pages < 16) await run('mount', ['-o', 'remount,size=1m', directory])
        if (there) assert.equal(await told(words.delete(context, parts, [name])), '')
      } finally {
        await run('umount', [directory])
      }
    })
  }

  it('keeps no machine that runs from being stopped or deleted', async () => {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'vmm-test', directory])
    try {
      const context = await sleeperContext(directory, namespace)
      const buildInitrd: Parts['buildInitrd'] = (host, { output }) => host.files.write(output, 'x'.repeat(1 << 16))
      const parts = { ...sleeperParts(context), buildInitrd }
      const fill = async (): Promise<void> => {
        await assert.rejects(run('dd', ['if=/dev/zero', `of=${join(directory, 'fill')}`, 'bs=4k']), /No space left/)
      }
      await invoke(create, context, { name, networks: ['default'] })
      for (const word of ['stop', 'delete'] as const) {
        await words.start(context, parts, [name])
        await fill()
        await words[word](context, parts, [name])
        await rm(join(directory, 'fill'))
        const { stdout } = await run('ip', ['netns', 'exec', namespace, 'ip', '-br', 'link'])
        assert.doesNotMatch(stdout, /vmm-/, word)
        const vm = await machines(context).find(name)
        const state = vm === undefined ? 'gone' : (await observe(context, parts, vm)).state
        assert.equal(state, word === 'stop' ? 'stopped' : 'gone')
      }
    } finally {
      await run('umount', [directory])
    }
  })
})
