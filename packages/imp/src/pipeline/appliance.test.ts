/** The tree of files of an appliance for every golden configuration, written into a directory and taken back again. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { doStep, kinds, undoStep, type Step } from '@imp/kit/plan/step.ts'
import { places } from '../appliance/model.ts'
import { belowRoot } from '../appliance/root.ts'
import { applianceStepKinds, planFiles } from '../appliance/steps.ts'
import type { RouterConfig } from '../config/model.ts'
import { changed } from '../config/sample.ts'
import { goldenConfig, goldenNames, hardwareFor } from '../dataplane/vpp/sample.ts'
import { applianceFiles, committedFile } from './appliance.ts'
import { planBoot } from './appliance-plan.ts'

const asText = { serializers: [(value: unknown) => String(value)] }
const golden = join(import.meta.dirname, 'golden')
const machine = localHost()
let directory = ''

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imp-appliance-'))
})
after(() => rm(directory, { recursive: true, force: true }))

function filesOf(config: RouterConfig) {
  const { wanted, obsolete } = applianceFiles(config, hardwareFor(config))
  return { wanted: [...wanted, committedFile(config)], obsolete }
}

async function listing(tree: Host, path = ''): Promise<string[]> {
  const names = await tree.files.list(path === '' ? '/' : path)
  const parts = await Promise.all(
    names.map(async (name) => {
      const below = `${path}/${name}`
      const stat = await tree.files.stat(below)
      return stat?.kind === 'directory' ? listing(tree, below) : [`${stat?.mode.toString(8)} ${below}`]
    }),
  )
  return parts.flat()
}

async function contents(tree: Host): Promise<Map<string, string>> {
  const lines = await listing(tree)
  const texts = lines.map(async (line) => [line, await tree.files.read(line.slice(line.indexOf('/')))] as const)
  return new Map(await Promise.all(texts))
}

async function plan(tree: Host, config: RouterConfig): Promise<Step[]> {
  const { wanted, obsolete } = filesOf(config)
  return planFiles(tree, wanted, obsolete)
}

async function apply(tree: Host, config: RouterConfig): Promise<Step[]> {
  const steps = await plan(tree, config)
  for (const step of steps) await doStep(kinds(...applianceStepKinds(tree)), tree, step)
  return steps
}

async function emptyTree(name: string): Promise<Host> {
  const root = join(directory, name)
  await machine.files.makeDirectory(root)
  return belowRoot(machine, root)
}

suite('files of an appliance', () => {
  for (const name of goldenNames) {
    for (const dataplane of ['linux', 'vpp'] as const) {
      test(`${name}, ${dataplane}: the tree`, (t) => {
        const { wanted, obsolete } = filesOf(goldenConfig(name, dataplane))
        const tree = wanted.map(({ path, mode = 0o644 }) => `${mode.toString(8)} ${path}`).toSorted()
        t.assert.fileSnapshot(tree.join('\n'), join(golden, `${name}-${dataplane}.txt`), asText)
        assert.equal(new Set(wanted.map(({ path }) => path)).size, wanted.length)
        assert.ok(obsolete.every(({ path }) => !wanted.some((file) => file.path === path)))
      })
    }
  }

  test('texts of scripts and networks', async (t) => {
    for (const dataplane of ['linux', 'vpp'] as const) {
      const { wanted } = filesOf(goldenConfig('everything', dataplane))
      const shown = wanted.filter(({ path }) => path.startsWith('/usr/local/bin/') || path.startsWith('/etc/systemd/network/'))
      const text = shown.map((file) => `==> ${file.path}\n${file.text}`).join('\n')
      t.assert.fileSnapshot(text, join(golden, `texts-${dataplane}.txt`), asText)
    }
  })

  test('another configuration leaves nothing of the first behind, and taking it back leaves nothing of the second', async () => {
    const tree = await emptyTree('switch')
    const fresh = await emptyTree('fresh')
    const [vpp, linux] = [goldenConfig('everything', 'vpp'), goldenConfig('no-nat', 'linux')]
    await apply(tree, vpp)
    const first = await contents(tree)
    const steps = await apply(tree, linux)
    await apply(fresh, linux)
    assert.deepEqual(await contents(tree), await contents(fresh))
    assert.deepEqual(await plan(tree, linux), [])
    assert.equal(await tree.files.stat(places.vpp.core.startup), undefined)
    for (const step of steps.toReversed()) await undoStep(kinds(...applianceStepKinds(tree)), tree, step)
    assert.deepEqual(await contents(tree), first)
  })

  test('a change of one address writes what says it and disturbs nothing', async () => {
    const tree = await emptyTree('address')
    const config = goldenConfig('everything', 'vpp')
    await apply(tree, config)
    const [wan, ...others] = config.interfaces
    assert.ok(wan !== undefined)
    const steps = await apply(tree, { ...config, interfaces: [{ ...wan, addresses: [...wan.addresses, '198.51.100.17/30'] }, ...others] })
    assert.deepEqual(
      steps.map(({ summary, disruption }) => `${disruption} ${summary}`),
      ['none change /etc/vpp/commands-core.txt', 'none change /persistent/config/router.json'],
    )
  })

  test('VPP is started anew only for what it reads at its start', async () => {
    const tree = await emptyTree('cpu')
    const config = goldenConfig('everything', 'vpp')
    await apply(tree, config)
    const steps = await plan(tree, { ...config, cpu: { main: 1, workers: '2' } })
    assert.deepEqual(
      steps.filter(({ disruption }) => disruption !== 'none').map(({ summary, disruption }) => `${disruption} ${summary}`),
      ['restart have vpp-core read what changed', 'restart have vpp-nat read what changed'],
    )
  })

  test('what stands in the way is named and stays', async () => {
    const tree = await emptyTree('conflict')
    await tree.files.makeDirectory(places.frr.daemons)
    await assert.rejects(plan(tree, changed({})), {
      code: 'conflict',
      message: `${places.frr.daemons} is a directory, where a file of ours belongs`,
    })
  })

  test('a machine without its cards still gets the files by which a person gets in, and says what is missing', async () => {
    const tree = await emptyTree('missing')
    const config = goldenConfig('everything', 'vpp')
    const { steps, fault } = await planBoot(tree, config, [], { ...hardwareFor(config), cards: [] })
    assert.ok(fault instanceof Fault && fault.code === 'not-found')
    assert.equal(fault.findings.length, config.interfaces.length)
    const written = steps.map(({ summary }) => summary)
    assert.ok(written.includes('write /etc/systemd/network/10-management.network'))
    assert.ok(!written.some((summary) => summary.includes('/etc/vpp/')))
  })
})
