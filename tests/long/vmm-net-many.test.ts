/** Many machines at the same time: nobody shares an address, and nothing of them is left. None is booted. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { contextFor, type VmmContext } from '../../packages/vmm/src/context.ts'
import { remove } from '../../packages/vmm/src/life/ops.ts'
import { create } from '../../packages/vmm/src/vm/ops.ts'
import { machines } from '../../packages/vmm/src/vm/store.ts'
import { filesBelow, missing } from '../real/vmm-machine-command.ts'
import { makeComputer } from '../real/vmm-net-fixture.ts'

const skip = missing(['ip', 'nft', 'bridge', 'sysctl', 'nsenter', 'ss'], true) ?? false

/** What every operation of vmm receives, on a data directory of the test's own. */
function contextOn(directory: string): Promise<VmmContext> {
  const common = {
    host: localHost(),
    report: () => undefined,
    signal: new AbortController().signal,
    dryRun: false,
    interactive: false,
    passthrough: false,
    yes: true,
  }
  return contextFor(common, true, { VMM_DATA_DIR: directory })
}

describe('many machines', { skip, concurrency: false }, () => {
  let directory: string | undefined
  after(async () => {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  })

  it('leave the rules of this computer as they were, after the lives of 20', async () => {
    const computer = await makeComputer('vmq')
    try {
      await computer.inside(
        computer.name,
        'nft',
        'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }',
      )
      await computer.inside(computer.name, 'nft', 'add rule ip filter FORWARD iifname "docker0" accept comment "theirs"')
      const before = await computer.rules()
      const links = await computer.ip('-br', 'link')
      const network = computer.network({ bridge: 'vmm-br0', subnet: '172.16.0.0/16', gateway: '172.16.0.1' })
      const ids = Array.from({ length: 20 }, (_, index) => (index + 1).toString(16).padStart(8, '0'))
      await Promise.all(
        ids.map((id, index) =>
          computer.guest(network, id, { address: `172.16.0.${index + 2}`, forwards: [{ host: 8000 + index, guest: 80 }] }),
        ),
      )
      const during = await computer.rules()
      for (const index of ids.keys()) assert.match(during, new RegExp(`tcp \\. ${8000 + index} : 172\\.16\\.0\\.${index + 2} \\. 80`))
      await Promise.all(ids.map((id) => computer.leave(network, id)))
      assert.equal(await computer.rules(), before)
      assert.equal(await computer.ip('-br', 'link'), links)
    } finally {
      await computer.close()
    }
  })

  it('get 100 different addresses when 100 are created in parallel, and leak nothing when they are deleted', async () => {
    directory = await mkdtemp(join(tmpdir(), 'vmt'))
    const context = await contextOn(directory)
    const names = Array.from({ length: 100 }, (_, index) => `m${index + 1}`)
    await Promise.all(names.map((name) => invoke(create, context, { name, networks: ['default'] })))
    const made = await machines(context).all()
    const addresses = made.flatMap(({ network }) => (network.kind === 'bridge' ? [network.address] : []))
    assert.equal(new Set(addresses).size, 100)
    assert.equal(new Set(made.map(({ id }) => id)).size, 100)
    await Promise.all(names.map((name) => invoke(remove, context, { names: [name] })))
    const left = (await filesBelow(directory)).filter((path) => !/^(locks\/(machines|keys|events)\.lock|cache\/|events\.jsonl)/.test(path))
    assert.deepEqual(left, [])
  })
})
