/** Many machines at the same time: nobody shares an address, and nothing of them is left. Their engines sleep. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { invoke } from '@imp/kit/op/operation.ts'
import { create } from '../../packages/vmm/src/vm/ops.ts'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { filesBelow, missing, vmmOn } from '../real/vmm-machine-command.ts'
import { makeComputer } from '../real/vmm-net-fixture.ts'
import { sleeperContext, sleeperParts, words } from './vmm-sleeper.ts'

const skip = missing(['ip', 'nft', 'bridge', 'sysctl', 'nsenter', 'ss', 'mke2fs', 'ssh-keygen'], true) ?? false

describe('many machines', { skip, concurrency: false }, () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vmt'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  it('leave the rules of this computer as they were, after the lives of 20', async () => {
    const computer = await makeComputer('vmq')
    const context = await sleeperContext(directory, computer.name)
    const parts = sleeperParts(context)
    // So many as boot at the same time on a computer of four processors.
    const groups = [0, 4, 8, 12, 16].map((first) => [0, 1, 2, 3].map((each) => `m${first + each}`))
    try {
      await computer.inside(
        computer.name,
        'nft',
        'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }',
      )
      await computer.inside(computer.name, 'nft', 'add rule ip filter FORWARD iifname "docker0" accept comment "theirs"')
      const before = await computer.rules()
      const links = await computer.ip('-br', 'link')
      for (const [index, name] of groups.flat().entries())
        await invoke(create, context, { name, networks: ['default'], forwards: [`${8000 + index}:80`] })
      for (const group of groups) await words.start(context, parts, group)
      const during = await computer.rules()
      for (const index of groups.flat().keys())
        assert.match(during, new RegExp(`tcp \\. ${8000 + index} : 172\\.16\\.0\\.${index + 2} \\. 80`))
      assert.match(during, /"docker0".*"theirs"/)
      for (const group of groups) await words.stop(context, parts, group)
      assert.equal(await computer.rules(), before)
      assert.equal(await computer.ip('-br', 'link'), links)
    } finally {
      for (const group of groups) await words.delete(context, parts, group)
      await computer.close()
    }
  })

  it('get 100 different addresses when processes create 100 at once, and leak nothing when processes delete them at once', async () => {
    const cli = vmmOn(directory)
    const crowds = Array.from({ length: 10 }, (_, index) => `m${index}`)
    const made = await Promise.all(
      crowds.map((name) => cli.json<{ machines: VmView[] }>('create', name, '--network', 'default', '--count', '10')),
    )
    const all = made.flatMap(({ machines }) => machines)
    assert.equal(all.length, 100)
    assert.equal(new Set(all.flatMap(({ addresses }) => addresses)).size, 100)
    assert.equal(new Set(all.map(({ id }) => id)).size, 100)
    const { machines: listed } = await cli.json<{ machines: VmView[] }>('list', '--all')
    assert.deepEqual(new Set(listed.map(({ addresses }) => addresses[0])), new Set(all.map(({ addresses }) => addresses[0])))
    await Promise.all(made.map(({ machines }) => cli.json('delete', '--yes', ...machines.map(({ name }) => name))))
    const left = (await filesBelow(directory)).filter((path) => !/^(locks\/(machines|keys|events)\.lock|cache\/|events\.jsonl)/.test(path))
    assert.deepEqual(left, [])
    assert.equal((await cli.json<{ addresses: string[] }>('create', 'next', '--network', 'default')).addresses[0], '172.16.0.2/16')
  })
})
