/** What units of the appliance, builders of images and people do with its files. */
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath } from '@imp/kit/base/schema.ts'
import { count, table } from '@imp/kit/base/text.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import { applyPlan, recoverPlan, type Executor } from '@imp/kit/plan/apply.ts'
import { disruptionOf, disruptions, kinds, type Step } from '@imp/kit/plan/step.ts'
import { journalAt } from '@imp/kit/store/journal.ts'
import { parseRouterConfig } from '../config/load.ts'
import type { RouterConfig } from '../config/model.ts'
import type { ImpContext } from '../context.ts'
import { openVpp, type VppClient } from '../dataplane/vpp/api/client.ts'
import { loadConfiguration, loadContainerLink } from '../dataplane/vpp/boot/exec-load.ts'
import { commandsIn } from '../dataplane/vpp/boot/exec.ts'
import { nat64Name } from '../dataplane/vpp/model.ts'
import { nat64Instances } from '../dataplane/vpp/nat64.ts'
import { bringAbout } from '../dataplane/vpp/live/steps.ts'
import { readOverrides } from '../overrides/folder.ts'
import { imageFiles } from '../pipeline/appliance.ts'
import { hardwareWithCards, planBoot } from '../pipeline/appliance-plan.ts'
import { applyConfig } from '../pipeline/apply.ts'
import { defaultNamespace } from '../pipeline/target.ts'
import { readDefinitions } from '../pipeline/modules.ts'
import { withTarget } from '../pipeline/where.ts'
import { enabledUnits, maskedUnits } from '../units/chain.ts'
import { enableKind, enableKinds, presentUnits } from './enable.ts'
import { observeHardware, rememberHardware } from './hardware.ts'
import { Hardware, InstanceName, instanceFiles, places } from './model.ts'
import { belowRoot } from './root.ts'
import { applianceStepKinds, planFiles } from './steps.ts'

/** Milliseconds that drivers get to find the cards of a configuration while the machine boots. */
const cardTimeout = 30_000

const Root = FilePath.default('/').describe('directory of the tree of files, such as an image that is being built')

const hardware = operation<ImpContext>()({
  path: ['appliance', 'hardware'],
  summary: 'Show the cores, memory and network cards of this machine',
  description: 'With --json it is what `imp render --hardware` reads on another machine.',
  effect: 'read',
  input: z.strictObject({}),
  output: Hardware,
  examples: ['imp appliance hardware', 'imp appliance hardware --json > hardware.json'],
  run: ({ host }) => observeHardware(host),
  view: ({ cores, memory, cards }) =>
    [
      `${count(cores.length, 'core')}, ${Math.round(memory / 1024 ** 2)} MiB of memory`,
      ...table([
        ['CARD', 'PCI', 'ADDRESS', 'DRIVER'],
        ...cards.map((card) => [card.name ?? '', card.pci ?? '', card.mac ?? '', card.driver ?? '']),
      ]),
    ].join('\n'),
})

/** The machine whose files are meant: this one, or a tree of files below a directory of it. */
function treeOf(context: ImpContext, root: string): Host {
  return root === '/' ? context.host : belowRoot(context.host, resolve(root))
}

/** Files are written before anything else runs, so what was cut short is undone here and not by whoever comes later. */
async function carryOut(context: ImpContext, tree: Host, title: string, steps: readonly Step[]): Promise<void> {
  const executor: Executor = {
    host: tree,
    kinds: kinds(...applianceStepKinds(tree), ...enableKinds(context.host)),
    journal: journalAt(join(context.runDirectory, 'appliance.jsonl')),
    report: context.report,
  }
  await recoverPlan(executor)
  await applyPlan(executor, { title, steps })
}

const Changed = z.strictObject({
  root: z.string(),
  disruption: z.enum(disruptions),
  steps: z.array(z.string()).describe('what was changed; empty when everything was as it shall be'),
})

function viewChanged({ root, steps }: z.output<typeof Changed>): string {
  return steps.length === 0 ? `${root}: everything is as it shall be` : steps.join('\n')
}

function changedBy(root: string, steps: readonly Step[]): z.output<typeof Changed> {
  const shown = steps.filter(({ summary }) => !summary.startsWith('should it be taken back: '))
  return { root, disruption: disruptionOf(steps), steps: shown.map(({ summary }) => summary) }
}

const install = operation<ImpContext>()({
  path: ['appliance', 'install'],
  summary: 'Write what every appliance has, and have its units start with the machine',
  description: 'Nothing starts before there is a configuration: until then the machine is reached by DHCP over any card.',
  effect: 'write',
  input: z.strictObject({ root: Root }),
  output: Changed,
  examples: ['imp appliance install', 'imp appliance install --root /mnt/image'],
  async run(context, { root }) {
    const tree = treeOf(context, root)
    const files = await planFiles(tree, imageFiles(), [])
    const ours = new Set(imageFiles().map(({ path }) => path.slice(path.lastIndexOf('/') + 1)))
    const packaged = await presentUnits(tree, enabledUnits)
    const enable = enabledUnits.filter((name) => ours.has(name) || packaged.includes(name))
    const enabling = enableKind(context.host).step(`start ${count(enable.length, 'unit')} with the machine`, {
      root: resolve(root),
      enable,
      mask: [...maskedUnits],
    })
    const steps = [...files, enabling]
    planned(context, steps)
    await carryOut(context, tree, 'install the appliance', steps)
    return changedBy(root, steps)
  },
  view: viewChanged,
})

async function committed(tree: Host): Promise<RouterConfig> {
  if ((await tree.files.stat(places.configuration)) === undefined) {
    throw new Fault('not-found', `there is no configuration at ${places.configuration}`, { hint: 'imp apply router.json, or imp commit' })
  }
  return parseRouterConfig(await tree.files.read(places.configuration), places.configuration)
}

const generate = operation<ImpContext>()({
  path: ['appliance', 'generate'],
  summary: 'Write the files of the committed configuration',
  description:
    'Done at the beginning of each boot. When cards, cores or memory are missing the files by which one gets in are written all the same.',
  effect: 'write',
  input: z.strictObject({ root: Root }),
  output: Changed,
  examples: ['imp appliance generate', 'imp appliance generate --root /tmp/tree'],
  async run(context, { root }) {
    const tree = treeOf(context, root)
    const config = await committed(tree)
    const present = await hardwareWithCards(context.host, config, root === '/' && !context.dryRun ? cardTimeout : 0)
    const dropIns = await readOverrides(context.host.files, join(context.stateDirectory, 'overrides'))
    const definitions = await readDefinitions(context.host.files, context.stateDirectory, config)
    const { steps, fault } = await planBoot(tree, config, [...dropIns, ...definitions], present, resolve(root))
    planned(context, steps)
    if (root === '/') await rememberHardware(tree, present)
    if (steps.length > 0) await carryOut(context, tree, `files of ${config.hostname}`, steps)
    if (fault !== undefined) throw fault
    return changedBy(root, steps)
  },
  view: viewChanged,
})

const Part = z
  .union([InstanceName, z.literal('container')])
  .describe('core, the forwarding process; nat, that of NAT; the name of a module; or container, the link of the containers')
  .meta({ examples: ['core', 'nat'] })

/** The timeouts of NAT64, for which VPP has a message and no command: without them a process that died would come back with its own. */
async function tellTimeouts({ host }: ImpContext, vpp: VppClient): Promise<void> {
  const [{ things = {}, paths = {} } = {}] = nat64Instances(await committed(host))
  await bringAbout(host.clock, vpp, { instance: nat64Name, paths }, { timeouts: things.timeouts ?? {} })
}

const load = operation<ImpContext>()({
  path: ['appliance', 'load'],
  summary: 'Load the committed configuration into a VPP process that has just started',
  description: 'Each line is answered for; the first that is not done ends it. Does nothing when the process has it already.',
  effect: 'write',
  args: ['part'],
  input: z.strictObject({ part: Part }),
  output: z.strictObject({ part: Part, changed: z.boolean(), lines: z.int().describe('commands of its configuration') }),
  examples: ['imp appliance load core', 'imp appliance load nat'],
  async run(context, { part }) {
    const instance = part === 'container' ? 'core' : part
    const path = part === 'container' ? places.vpp.container.commands : instanceFiles(part).commands
    if ((await context.host.files.stat(path)) === undefined)
      throw new Fault('not-found', `there are no commands for it at ${path}`, { hint: 'imp appliance generate writes them' })
    const lines = commandsIn(await context.host.files.read(path))
    planned(context, [
      { kind: 'vpp-commands', summary: `load ${count(lines.length, 'command')} into VPP`, disruption: 'none', data: { path } },
    ])
    const vpp = await openVpp(context.host, { name: instance, socket: instanceFiles(instance).api })
    try {
      const loaded = await (part === 'container' ? loadContainerLink(vpp, lines) : loadConfiguration(vpp, lines))
      if (part === nat64Name) await tellTimeouts(context, vpp)
      return { part, ...loaded }
    } finally {
      vpp.close()
    }
  },
  view: ({ part, changed, lines }) => (changed ? `${part}: ${count(lines, 'command')} done` : `${part}: has its configuration already`),
})

const start = operation<ImpContext>()({
  path: ['appliance', 'start'],
  summary: 'Bring the committed configuration into force and check it',
  effect: 'write',
  input: z.strictObject({}),
  output: z.strictObject({
    target: z.string(),
    changed: z.boolean(),
    disruption: z.enum(disruptions),
    steps: z.array(z.string()).describe('what was missing'),
  }),
  examples: ['imp appliance start'],
  async run(context) {
    const config = await committed(context.host)
    return withTarget(context, { namespace: defaultNamespace }, async (target) => {
      const { changed, steps } = await applyConfig(target, config, {
        report: context.report,
        planned: (all) => planned(context, all),
      })
      return { target: target.name, changed, disruption: disruptionOf(steps), steps: steps.map(({ summary }) => summary) }
    })
  },
  view: ({ target, changed, steps }) =>
    changed ? `${target} is as committed (${count(steps.length, 'step')})` : `${target} is as committed already`,
})

export const operations: readonly AnyOperation<ImpContext>[] = [hardware, install, generate, load, start]
