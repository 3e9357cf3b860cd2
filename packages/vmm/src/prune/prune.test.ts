import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readlink, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { contextFor, type VmmContext } from '../context.ts'
import { sample } from '../vm/sample.ts'
import { machinePaths } from '../vm/paths.ts'
import { machines, putRun } from '../vm/store.ts'
import { idOf, isFormerLog, type Unused } from './model.ts'
import { operations } from './ops.ts'
import { contextOn } from '@imp/kit/op/sample.ts'

async function contextIn(t: TestContext, dryRun = false): Promise<VmmContext> {
  const data = await mkdtemp(join(tmpdir(), 'vmp'))
  t.after(() => rm(data, { recursive: true, force: true }))
  return contextAt(data, dryRun)
}

function contextAt(data: string, dryRun: boolean): Promise<VmmContext> {
  return contextFor(contextOn(localHost(), { dryRun, yes: true }), false, { VMM_DATA_DIR: data, XDG_CONFIG_HOME: join(data, 'config') })
}

async function make(path: string, text = ''): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

/** A machine that has stopped, with a disk and logs of its last two starts. */
async function stoppedMachine(context: VmmContext, more: Partial<typeof sample> = {}): Promise<void> {
  const vm = { ...sample, ...more }
  await machines(context).put(vm.name, vm)
  const started = '2026-01-01T00:00:00.000Z'
  await putRun(context, vm.id, { phase: 'stopped', engine: 'qemu', accelerator: 'tcg', kernel: 'debian', started, bootId: 'x' })
  const { directory } = machinePaths(context.paths, vm.id)
  for (const name of ['disk.ext4', 'console.log', 'console.log.1', 'engine.log.1']) await make(join(directory, name), 'x')
  await mkdir(join(context.paths.data, 'logs'), { recursive: true })
  await symlink(`../machines/${vm.id}/console.log`, join(context.paths.data, 'logs', `${vm.name}.log`))
}

async function prune(context: VmmContext, input = {}): Promise<string[]> {
  const [operation] = operations
  assert.ok(operation)
  const answer = await invoke(operation, context, input)
  const all = answer.answer === 'plan' ? answer.steps.map(({ data }) => data as Unused) : (answer.value as { removed: Unused[] }).removed
  return all.map(({ kind, name }) => `${kind} ${name}`)
}

test('what is left of machines and former logs go; machines, their logs and files of others stay', async (t) => {
  const context = await contextIn(t)
  const { data } = context.paths
  await stoppedMachine(context)
  await make(join(data, 'machines', 'deadbeef', 'disk.ext4'))
  await make(join(data, 'runs', 'deadbeef.json'))
  await make(join(data, 'mounts', 'deadbeef', 'site.ext4'))
  await symlink('../machines/deadbeef/console.log', join(data, 'logs', 'gone.log'))
  // As baremetalvmm names its files.
  for (const path of ['sockets/old1.sock', 'mounts/old1-site.ext4', 'logs/old1.log', 'vms/old1.ext4'])
    await make(join(data, path), 'theirs')
  const expected = ['remains deadbeef', 'remains gone.log', 'log web1']
  assert.deepEqual(await prune(await contextAt(data, true)), expected)
  assert.deepEqual((await readdir(join(data, 'machines'))).toSorted(), [sample.id, 'deadbeef'].toSorted(), 'a dry run')
  assert.deepEqual(await prune(context), expected)
  assert.deepEqual(await readdir(join(data, 'machines')), [sample.id])
  assert.deepEqual((await readdir(machinePaths(context.paths, sample.id).directory)).toSorted(), ['console.log', 'disk.ext4'])
  assert.deepEqual((await readdir(join(data, 'logs'))).toSorted(), ['old1.log', 'web1.log'])
  assert.ok(await readlink(join(data, 'logs', 'web1.log')))
  assert.deepEqual(await readdir(join(data, 'mounts')), ['old1-site.ext4'])
  assert.deepEqual(await readdir(join(data, 'sockets')), ['old1.sock'])
  assert.deepEqual(await prune(context), [])
})

test('with --machines those go that are stopped, unless they start with this computer', async (t) => {
  const context = await contextIn(t)
  await stoppedMachine(context)
  await stoppedMachine(context, { id: '0badcaff', name: 'db1', autostart: true })
  await machines(context).put('new1', { ...sample, id: '0badcafd', name: 'new1' })
  assert.ok((await prune(context, { machines: true })).includes('machine web1'))
  assert.deepEqual(await machines(context).names(), ['db1', 'new1'])
  assert.deepEqual(await readdir(join(context.paths.data, 'logs')), ['db1.log'])
})

test('what killed commands were writing goes, wherever it is, and is told once', async (t) => {
  const context = await contextIn(t)
  const { data } = context.paths
  // Of a process before the last boot: it is given up when it is old.
  const name = '.4-2-00000000-1.0badcafe.tmp'
  const places = ['', 'vms', 'networks', join('machines', sample.id), join('machines', 'deadbeef')].map((each) => join(each, name))
  await stoppedMachine(context)
  for (const each of [...places, join('vms', '.mine.tmp')]) {
    await make(join(data, each), 'half')
    await utimes(join(data, each), 0, 0)
  }
  assert.deepEqual((await prune(context)).toSorted(), [
    'leftover .4-2-00000000-1.0badcafe.tmp',
    `leftover machines/${sample.id}/${name}`,
    `leftover networks/${name}`,
    `leftover vms/${name}`,
    'log web1',
    'remains deadbeef',
  ])
  assert.deepEqual((await readdir(join(data, 'vms'))).toSorted(), ['.mine.tmp', 'web1.json'])
  assert.deepEqual(await prune(context), [])
})

test('only names that we give are ours', () => {
  assert.deepEqual(['0badcafe', '0badcafe.json', 'old1.sock', '0badcafe.ext4', 'x0badcafe'].map(idOf), [
    '0badcafe',
    '0badcafe',
    undefined,
    undefined,
    undefined,
  ])
  assert.deepEqual(['console.log.1', 'console.log', 'disk.ext4', 'engine.log.1'].map(isFormerLog), [true, false, false, true])
})
