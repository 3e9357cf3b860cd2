/** Processes that the bundles start out of themselves: the guard of a commit, and a machine with its engine and our scripts in its guest. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { historyOf } from '../../packages/imp/src/config/history.ts'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { findUnit } from '../../packages/kit/src/host/supervise.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { bundleCommands } from '../../tools/build/bundle.ts'
import { machine, obstacle, openBench } from '../real/pipeline-fixture.ts'
import { makeDataDirectory, missing, removeDataDirectory, vmmOn } from '../real/vmm-machine-command.ts'

const edge = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge',
  interfaces: [{ name: 'lan', role: 'internal', addresses: ['192.0.2.1/24'] }],
}

function words(bundle: string, target: Target, ...rest: string[]): [string, ...string[]] {
  const where = [`--namespace=${target.namespace}`, `--state-directory=${target.stateDirectory}`, `--run-directory=${target.runDirectory}`]
  return [process.execPath, join(bundle, 'imp.mjs'), ...rest, ...where, '--json']
}

test('a commit that nobody confirms is taken back by the guard of the bundle', { timeout: 600_000 }, async (t) => {
  const why = await obstacle()
  if (why !== undefined) return t.skip(why)
  const bench = await openBench('bundle')
  try {
    const [target, far] = [await bench.target('edge'), await bench.target('far')]
    await bench.cable(target, 'lan', far, 'host')
    const [bundle, file] = [join(target.runDirectory, 'bundle'), join(target.runDirectory, 'router.json')]
    await bundleCommands(bundle)
    const imp = (...rest: string[]) => machine.run(words(bundle, target, ...rest), { timeout: 120_000 })
    const guardOf = (commit: string) => findUnit(machine, join(target.stateDirectory, 'confirm'), commit)
    await writeFile(file, JSON.stringify(edge))
    await imp('config', 'load', file)
    await imp('commit')

    await imp('set', 'interfaces.lan.description', 'confirmed')
    await imp('commit', '--confirm', '1h')
    const guard = await guardOf('commit-0002')
    assert.ok(guard !== undefined)
    const commandLine = await machine.files.read(`/proc/${guard.pid}/cmdline`)
    assert.ok(commandLine.split('\0').includes(join(bundle, 'imp.mjs')), commandLine)
    await imp('confirm')

    await imp('set', 'interfaces.lan.description', 'unconfirmed')
    await imp('commit', '--confirm', '2s')
    const last = await until(machine.clock, { timeout: 90_000, interval: 100, what: 'fate of the commit' }, async () => {
      const commit = (await historyOf({ host: machine, directory: target.stateDirectory }).list()).at(-1)
      return commit?.outcome === 'awaiting' ? undefined : commit
    })
    assert.deepEqual([last.number, last.outcome], [3, 'rolled-back'])
    for (const commit of ['commit-0002', 'commit-0003'])
      await until(machine.clock, { timeout: 90_000, interval: 100, what: `end of the guard of ${commit}` }, async () => {
        return (await guardOf(commit)) === undefined
      })
  } finally {
    await bench.close()
  }
})

test('a machine of the bundle starts, answers by ssh, and stops', { timeout: 300_000 }, async (t) => {
  const why = missing(['qemu-system-x86_64', 'mksquashfs'], true)
  if (why !== undefined) return t.skip(why)
  const cli = vmmOn(await makeDataDirectory())
  try {
    const bundle = join(cli.directory, 'bundle')
    await bundleCommands(bundle)
    const vmm = (...rest: string[]) =>
      machine.run([process.execPath, join(bundle, 'vmm.mjs'), ...rest], { timeout: 120_000, env: { VMM_DATA_DIR: cli.directory } })
    await vmm('create', 'bundled', '--network', 'user')
    await vmm('start', 'bundled')
    assert.equal((await vmm('exec', 'bundled', '--', 'hostname')).stdout.trim(), 'bundled')
    await vmm('stop', 'bundled')
  } finally {
    await removeDataDirectory(cli)
  }
})
