/** A state directory that fills up in the middle of a commit: whichever write fails, the old configuration stays in force. */
import assert from 'node:assert/strict'
import { rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { headOf } from '../../packages/imp/src/commit/model.ts'
import { historyOf } from '../../packages/imp/src/config/history.ts'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { machine, obstacle, openBench, snapshot } from '../real/pipeline-fixture.ts'

const missing = await obstacle()
const main = join(import.meta.dirname, '../../packages/imp/src/main.ts')
const block = 4096

const document = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge',
  interfaces: [{ name: 'wan', role: 'external', addresses: ['192.0.2.1/30'] }],
  bgp: { asn: 64500, routerId: '192.0.2.1', announced: ['203.0.113.0/24'], peers: [{ name: 'transit', address: '192.0.2.2', asn: 64496 }] },
}

interface Said {
  readonly status: number
  readonly value: { readonly error?: { readonly message: string; readonly detail?: string } }
}

async function imp(target: Target, ...words: string[]): Promise<Said> {
  const where = [
    `--namespace=${target.namespace ?? ''}`,
    `--state-directory=${target.stateDirectory}`,
    `--run-directory=${target.runDirectory}`,
  ]
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', main, ...words, ...where, '--json'] as const
  const ran = await machine.run(argv, { timeout: 120_000, statuses: Array.from({ length: 128 }, (_, status) => status) })
  return { status: ran.status, value: JSON.parse(ran.stdout) as Said['value'] }
}

/** Takes all space but so many blocks. */
async function fill(target: Target, left: number): Promise<void> {
  const { bavail, bsize } = await statfs(target.stateDirectory)
  assert.equal(bsize, block)
  await writeFile(join(target.stateDirectory, 'filler'), Buffer.alloc((bavail - left) * block))
}

/** A file system of its own for the state; why there is none, when there is none. */
async function mounted(target: Target): Promise<string | undefined> {
  await machine.files.makeDirectory(target.stateDirectory)
  try {
    await machine.run(['mount', '-t', 'tmpfs', '-o', 'size=1m,mode=700', 'imp-test', target.stateDirectory])
    return undefined
  } catch (error) {
    if (error instanceof Fault) return `needs to mount a file system: ${error.message}`
    throw error
  }
}

test('a disk that fills up in the middle of a commit', { timeout: 400_000 }, async (t) => {
  if (missing !== undefined) return t.skip(missing)
  const bench = await openBench('disk')
  const target = await bench.target('edge')
  t.after(async () => {
    await machine.run(['umount', target.stateDirectory], { statuses: [0, 32] })
    await bench.close()
  })
  const obstacle = await mounted(target)
  if (obstacle !== undefined) return t.skip(obstacle)
  const far = await bench.target('far')
  await bench.cable(target, 'wan', far, 'customer')
  const file = join(target.runDirectory, 'router.json')
  await writeFile(file, JSON.stringify(document))
  assert.equal((await imp(target, 'config', 'load', file)).status, 0)
  assert.equal((await imp(target, 'commit')).status, 0)
  assert.equal((await imp(target, 'set', 'interfaces.wan.mtu', '1400')).status, 0)
  const before = await snapshot(target)
  const history = historyOf({ host: machine, directory: target.stateDirectory })
  let refused = 0
  for (let left = 0; ; left += 1) {
    await fill(target, left)
    const { status, value } = await imp(target, 'commit')
    await rm(join(target.stateDirectory, 'filler'))
    if (status === 0) break
    refused += 1
    const said = `${value.error?.message} ${value.error?.detail ?? ''}`
    assert.match(said, /no space left/, `${left} blocks left`)
    assert.equal((await imp(target, 'recover')).status, 0)
    assert.deepEqual(await snapshot(target), before, `${left} blocks left: ${said}`)
    const all = await history.list()
    assert.deepEqual([headOf(all)?.number, all.some(({ outcome }) => outcome === 'pending')], [1, false], `${left} blocks left`)
  }
  t.diagnostic(`${refused} commits met a full disk at another place each time, and left the old configuration in force`)
  assert.ok(refused >= 3)
  assert.equal((await snapshot(target)).running?.interfaces[0]?.mtu, 1400)
})
