/** The files and units of an appliance with a module, and what is left of them without it. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import type { Host } from '@imp/kit/host/host.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { doStep, kinds, undoStep, type Step } from '@imp/kit/plan/step.ts'
import { enableKinds } from '../appliance/enable.ts'
import { belowRoot } from '../appliance/root.ts'
import { applianceStepKinds } from '../appliance/steps.ts'
import type { RouterConfig } from '../config/model.ts'
import { goldenConfig, hardwareFor } from '../dataplane/vpp/sample.ts'
import type { Overrides } from '../overrides/model.ts'
import { planBoot } from './appliance-plan.ts'

const asText = { serializers: [(value: unknown) => String(value)] }
const golden = join(import.meta.dirname, 'golden')

const definitions: Overrides = [
  {
    kind: 'module',
    name: 'scrubber',
    text: `
name: scrubber
topology:
  connections: [{ name: internal }, { name: external, create_lcp: true }]
plugins: [acl_plugin.so]
config_schema:
  pool: { type: string, format: ipv4_cidr, required: true }
abf: { match: source, exclude: [container_network] }
routing: { advertise: [{ config_field: pool, via_connection: external }] }
vpp_commands: |
  {% set outside = module.connections | last %}
  ip route add 0.0.0.0/0 via {{ outside.core_ip }} {{ outside.interface }}
`,
  },
]

const plain = goldenConfig('everything', 'vpp')
const configured: RouterConfig = { ...plain, modules: [{ name: 'scrubber', enabled: true, config: { pool: '203.0.112.0/28' } }] }

/** A tree in which systemctl does what it does to an image: a link below the target that wants the unit. */
async function treeFor(t: TestContext): Promise<{ tree: Host; told: string[] }> {
  const root = await mkdtemp(join(tmpdir(), 'imp-modules-tree-'))
  t.after(() => rm(root, { recursive: true, force: true }))
  const tree = belowRoot(localHost(), root)
  const told: string[] = []
  const wants = '/etc/systemd/system/multi-user.target.wants'
  return {
    told,
    tree: {
      ...tree,
      async run(argv) {
        const [program, , verb = '', unit = ''] = argv
        assert.equal(program, 'systemctl')
        told.push(`${verb} ${unit}`)
        await tree.files.makeDirectory(wants)
        if (verb === 'enable') await tree.files.write(join(wants, unit), '')
        else await tree.files.remove(join(wants, unit))
        return { argv, status: 0, stdout: '', stderr: '' }
      },
    },
  }
}

async function plan(tree: Host, config: RouterConfig): Promise<readonly Step[]> {
  const { steps, fault } = await planBoot(tree, config, definitions, hardwareFor(config), '/')
  if (fault !== undefined) throw fault
  return steps
}

function known(tree: Host) {
  return kinds(...applianceStepKinds(tree), ...enableKinds(tree))
}

async function apply(tree: Host, config: RouterConfig): Promise<readonly Step[]> {
  const steps = await plan(tree, config)
  for (const step of steps) await doStep(known(tree), tree, step)
  return steps
}

async function ofModule(tree: Host): Promise<string[]> {
  const folders = ['/etc/vpp', '/etc/systemd/system', '/etc/systemd/system/multi-user.target.wants']
  const names = await Promise.all(
    folders.map(async (folder) => ((await tree.files.stat(folder)) === undefined ? [] : tree.files.list(folder))),
  )
  return names.flat().filter((name) => name.includes('scrubber'))
}

suite('an appliance with a module', () => {
  test('has its files, its unit and its way in routing', async (t) => {
    const { tree } = await treeFor(t)
    await apply(tree, configured)
    const paths = ['/etc/vpp/startup-scrubber.conf', '/etc/vpp/commands-scrubber.txt', '/etc/systemd/system/vpp-scrubber.service']
    const texts = await Promise.all(paths.map(async (path) => `==> ${path}\n${await tree.files.read(path)}`))
    t.assert.fileSnapshot(texts.join('\n'), join(golden, 'module.txt'), asText)
    const [core, frr] = [await tree.files.read('/etc/vpp/commands-core.txt'), await tree.files.read('/etc/frr/frr.conf')]
    assert.match(core, /^lcp create memif6\/0 host-if memif6$/m)
    assert.match(core, /^abf policy add id 10000 acl \d+ via 169\.254\.1\.13 memif5\/0$/m)
    assert.match(frr, /^ip route 203\.0\.112\.0\/28 169\.254\.1\.15 memif6$/m)
    assert.match(frr, /^ {2}network 203\.0\.112\.0\/28$/m)
    assert.deepEqual(await plan(tree, configured), [])
  })

  test('has its unit start with the machine, and no more when it goes', async (t) => {
    const { tree, told } = await treeFor(t)
    await apply(tree, configured)
    const steps = await apply(tree, plain)
    assert.deepEqual(told, ['enable vpp-scrubber.service', 'disable vpp-scrubber.service'])
    assert.deepEqual(await ofModule(tree), [])
    assert.deepEqual(await plan(tree, plain), [])
    for (const step of steps.toReversed()) await undoStep(known(tree), tree, step)
    assert.deepEqual(await plan(tree, configured), [])
  })

  test('starts its process anew for other settings, and nothing else', async (t) => {
    const { tree } = await treeFor(t)
    await apply(tree, configured)
    const other = { ...configured, modules: [{ name: 'scrubber', enabled: true, config: { pool: '203.0.112.16/28' } }] }
    const read = (await plan(tree, other)).filter(({ disruption }) => disruption !== 'none').map(({ summary }) => summary)
    // Its lines do not name the pool: only routing changes.
    assert.deepEqual(read, [])
    const text = (definitions[0]?.text ?? '').replace('0.0.0.0/0', '0.0.0.0/1')
    const { steps } = await planBoot(tree, configured, [{ kind: 'module', name: 'scrubber', text }], hardwareFor(configured), '/')
    assert.deepEqual(
      steps.map(({ summary, disruption }) => `${disruption} ${summary}`),
      [
        'none should it be taken back: have vpp-scrubber read what changed',
        'none change /etc/vpp/commands-scrubber.txt',
        'restart have vpp-scrubber read what changed',
      ],
    )
  })

  test('leaves files alone that an operator wrote himself', async (t) => {
    const { tree } = await treeFor(t)
    await tree.files.makeDirectory('/etc/vpp')
    await tree.files.write('/etc/vpp/startup-scrubber.conf', 'unix { nodaemon }\n')
    const touched = (await plan(tree, plain)).map(({ summary }) => basename(summary))
    assert.ok(!touched.includes('startup-scrubber.conf'))
  })
})
