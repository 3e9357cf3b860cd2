/** Operations on labs. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { parseAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { FilePath } from '@imp/kit/base/schema.ts'
import { count } from '@imp/kit/base/text.ts'
import type { Argv } from '@imp/kit/host/host.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { ImpContext } from '../context.ts'
import { currentEditor } from '../config/candidate-editor.ts'
import { loadRouterConfig } from '../config/load.ts'
import { salvage } from '../config/salvage.ts'
import { probeFeatures, requiredFeatures } from '../dataplane/linux/features.ts'
import { isBogon } from '../frr/bogons.ts'
import { findDaemons, startDaemons, stopDaemons } from '../frr/daemons.ts'
import { bgpSessions } from '../frr/driver.ts'
import type { FrrDaemon } from '../frr/daemon.ts'
import { renderFrr } from '../frr/render.ts'
import { rejectsBogons } from '../frr/render-policy.ts'
import { commitConfig } from '../pipeline/commit-config.ts'
import { findRunning } from '../pipeline/running.ts'
import { frrPlace } from '../pipeline/target.ts'
import { probeLinkFeatures } from './features.ts'
import { findMeant, labNames, listLabs, requireRunning } from './find.ts'
import { drawGraph, drawings, graphOf } from './graph.ts'
import { inspectLab, Inspection } from './inspect.ts'
import { loadLab, loadTopology, type Abilities } from './load.ts'
import { labPaths } from './names.ts'
import type { Parts } from './parts.ts'
import { placesOf } from './places.ts'
import type { LabRun } from './run.ts'
import { sweep } from './sweep.ts'
import { bringUp, withLabLock } from './up.ts'
import { Verdict, verifyLab } from './verify.ts'
import { drawInspection, drawList, drawVerdicts } from './views.ts'

const File = FilePath.describe('topology file, YAML or JSON')
const FileOrName = FilePath.describe('topology file, or name of a lab that runs')

/** Labs are full of documentation networks, and routers that take none of them from their peers look as if nothing was sent. */
function whyRefused(text: string, prefix: string): string | undefined {
  const bgp = loadRouterConfig(text, 'router.json').config?.bgp
  const wanted = parsePrefix(prefix)
  if (bgp === undefined || !isBogon(wanted)) return undefined
  const peers = bgp.peers.filter(({ address }) => parseAddress(address).family === wanted.family)
  if (peers.length === 0 || !peers.every((peer) => rejectsBogons(bgp, peer))) return undefined
  return `${prefix} is a bogon (a private or documentation network, or too small), which is taken only from peers with import.acceptBogons`
}

const partsOf = ({ stateDirectory, runDirectory }: ImpContext): Parts => ({
  routers: {
    load: loadRouterConfig,
    async missing(host, config) {
      const required = requiredFeatures(config)
      const present = await probeFeatures(host, required)
      return required.filter((feature) => !present.has(feature))
    },
    async daemons(place) {
      const running = await findRunning(place)
      return running === undefined ? [] : renderFrr(running.config).daemons
    },
    refuses: whyRefused,
    commit: (place, config, { target, ...options }) =>
      commitConfig(place, config, {
        ...options,
        who: currentEditor(),
        words: [`--target=${target}`],
        environment: { IMP_STATE_DIR: stateDirectory, IMP_RUN_DIR: runDirectory },
      }),
  },
  frr: {
    async start(place, daemons) {
      const here = frrPlace(place)
      const before = await findDaemons(here)
      const after = await startDaemons(here, ['zebra', 'staticd', ...(daemons as FrrDaemon[])])
      return [...after].filter(([daemon, { pid }]) => before.get(daemon)?.pid !== pid).length
    },
    stop: (place) => stopDaemons(frrPlace(place)),
    running: async (place) => [...(await findDaemons(frrPlace(place))).keys()],
    sessions: (place) => bgpSessions(frrPlace(place)),
  },
})

function runOf(context: ImpContext, name: string): LabRun {
  const { host, report } = context
  return { name, context, parts: partsOf(context), paths: labPaths(context.runDirectory, name), vmm: { host, argv: context.vmm, report } }
}

const complete = { file: (context: ImpContext) => labNames(context) }

const up = operation<ImpContext>()({
  path: ['lab', 'up'],
  summary: 'Bring a virtual network up, or a running one to what its files say now',
  description:
    'Reads the topology and everything that it names, reports all that is wrong with it before anything is changed, then makes namespaces, links and guests and starts what runs in them. On a running lab only the differences are made. Routers get their configuration by a commit: history, rollback and nat lookup with --target lab:NAME/NODE work as on a machine.',
  effect: 'write',
  args: ['file'],
  input: z.strictObject({ file: File }),
  output: z.strictObject({
    name: z.string(),
    started: z.array(z.string()).describe('nodes that were made and started'),
    kept: z.array(z.string()).describe('nodes that went on, with their configuration applied by difference'),
    stopped: z.array(z.string()).describe('nodes that were taken away or made anew'),
  }),
  examples: ['imp lab up examples/demo/lab.yaml'],
  async run(context, { file }) {
    const features = await probeLinkFeatures(context.host)
    const abilities: Abilities = { links: features, routers: partsOf(context).routers, salvage }
    const { definition, warnings } = await loadLab(context.host, resolve(file), abilities)
    for (const { path, message } of warnings) context.report({ event: 'log', level: 'warning', text: `${path}: ${message}` })
    const difference = await bringUp({ ...runOf(context, definition.name), features }, definition)
    const named = (nodes: readonly { name: string }[]): string[] => nodes.map((node) => node.name)
    const { nodesNew, nodesKept, nodesGone } = difference
    return { name: definition.name, started: named(nodesNew), kept: named(nodesKept), stopped: named(nodesGone) }
  },
  view: ({ name, started, kept }) => `lab ${name} is up: ${count(started.length, 'node')} started, ${kept.length} kept`,
})

const down = operation<ImpContext>()({
  path: ['lab', 'down'],
  summary: 'Take a virtual network down and leave nothing of it behind',
  description: 'Also cleans up after an interrupted "lab up", whatever it left.',
  effect: 'write',
  args: ['file'],
  input: z.strictObject({ file: FileOrName }),
  output: z.strictObject({
    name: z.string(),
    namespaces: z.array(z.string()).describe('namespaces that were removed'),
    guests: z.array(z.string()).describe('nodes whose machines were deleted'),
  }),
  examples: ['imp lab down examples/demo/lab.yaml', 'imp lab down demo'],
  complete,
  async run(context, { file }) {
    const run = runOf(context, (await findMeant(context, file)).name)
    planned(context, [{ kind: 'lab-sweep', summary: `remove lab ${run.name}`, disruption: 'restart', data: { name: run.name } }])
    return { name: run.name, ...(await withLabLock(run, () => sweep(run))) }
  },
  view: ({ name, namespaces, guests }) =>
    `lab ${name} is down: ${count(namespaces.length, 'namespace')} and ${count(guests.length, 'machine')} removed`,
})

const list = operation<ImpContext>()({
  path: ['lab', 'list'],
  aliases: [['lab', 'ls']],
  summary: 'List the virtual networks of this machine',
  effect: 'read',
  input: z.strictObject({}),
  output: z.strictObject({
    labs: z.array(
      z.strictObject({
        name: z.string(),
        file: z.string().exactOptional(),
        nodes: z.int(),
        state: z.enum(['up', 'unfinished']).describe('unfinished: a command was interrupted; up and down both mend it'),
      }),
    ),
  }),
  examples: ['imp lab list'],
  run: async (context) => ({ labs: await listLabs(context) }),
  view: ({ labs }) => drawList(labs),
})

const inspect = operation<ImpContext>()({
  path: ['lab', 'inspect'],
  summary: 'Show nodes, links, addresses and BGP sessions of a running lab',
  effect: 'read',
  args: ['file'],
  input: z.strictObject({ file: FileOrName }),
  output: Inspection,
  examples: ['imp lab inspect demo'],
  complete,
  async run(context, { file }) {
    const run = runOf(context, (await findMeant(context, file)).name)
    const places = placesOf(run, await requireRunning(run))
    try {
      return await inspectLab(run, places.lab, places)
    } finally {
      await places.close()
    }
  },
  view: drawInspection,
})

const verify = operation<ImpContext>()({
  path: ['lab', 'verify'],
  summary: 'Look whether everything holds that the file of a running lab promises',
  description: 'Each assertion is looked at until it holds or its deadline is over. Exit status 1 when one does not hold.',
  effect: 'read',
  args: ['file'],
  input: z.strictObject({ file: FileOrName }),
  output: z.strictObject({ name: z.string(), failed: z.int(), assertions: z.array(Verdict) }),
  examples: ['imp lab verify examples/demo/lab.yaml'],
  complete,
  async run(context, { file }) {
    const meant = await findMeant(context, file)
    const run = runOf(context, meant.name)
    const lab = await requireRunning(run)
    const assertions = meant.file === undefined ? lab.verify : (await loadTopology(context.host, meant.file)).verify
    const places = placesOf(run, lab)
    try {
      const lookout = { places, parts: run.parts, signal: context.signal }
      const verdicts = await verifyLab(context.host.clock, assertions, lookout, (done) =>
        context.report({ event: 'progress', title: `verify lab ${run.name}`, done, total: assertions.length, unit: 'items' }),
      )
      return { name: run.name, failed: verdicts.filter((verdict) => !verdict.holds).length, assertions: verdicts }
    } finally {
      await places.close()
    }
  },
  view: ({ name, assertions }) => drawVerdicts(name, assertions),
  exitStatus: ({ failed }) => (failed === 0 ? 0 : 1),
})

/** Milliseconds that a command in a node may take when nobody sits at a terminal: as long as it likes. */
const unlimited = 2 ** 31 - 1
const anyStatus = Array.from({ length: 256 }, (_, status) => status)

const exec = operation<ImpContext>()({
  path: ['lab', 'exec'],
  summary: 'Run a command in a node of a running lab',
  description: 'The command gets standard input and output, so that shells and pipes work. Ends with the exit status of the command.',
  effect: 'write',
  args: ['file', 'node', 'command'],
  input: z.strictObject({
    file: FileOrName,
    node: z.string().describe('name of the node'),
    command: z.array(z.string()).min(1).describe('program and its arguments'),
  }),
  output: z.strictObject({ status: z.int(), stdout: z.string(), stderr: z.string() }),
  examples: ['imp lab exec demo client -- ping -c 3 203.0.113.10', 'imp lab exec demo edge -- ip route'],
  complete,
  async run(context, { file, node, command }) {
    const run = runOf(context, (await findMeant(context, file)).name)
    const places = placesOf(run, await requireRunning(run))
    const [program = '', ...words] = command
    const argv: Argv = [program, ...words]
    try {
      const { host } = await places.at(node)
      planned(context, [{ kind: 'command', summary: `run ${argv.join(' ')} in ${host.name}`, disruption: 'none', data: { argv } }])
      if (context.passthrough) return { status: await host.attach(argv), stdout: '', stderr: '' }
      const { status, stdout, stderr } = await host.run(argv, { statuses: anyStatus, timeout: unlimited, signal: context.signal })
      return { status, stdout, stderr }
    } finally {
      await places.close()
    }
  },
  view: ({ stdout, stderr }) => [stdout, stderr].filter((text) => text !== '').join('\n'),
  exitStatus: ({ status }) => status,
})

const GraphEnd = z.strictObject({ node: z.string(), interface: z.string() })

const graph = operation<ImpContext>()({
  path: ['lab', 'graph'],
  summary: 'Draw the nodes and links of a topology',
  description: 'As text, or in the language of Mermaid or Graphviz. The lab need not run.',
  effect: 'read',
  args: ['file'],
  input: z.strictObject({ file: File, as: z.enum(drawings).default('text').describe('language of the drawing') }),
  output: z.strictObject({
    name: z.string(),
    nodes: z.array(z.strictObject({ name: z.string(), kind: z.string() })),
    links: z.array(z.strictObject({ from: GraphEnd, to: GraphEnd, impairment: z.string().exactOptional() })),
    drawing: z.string(),
  }),
  examples: ['imp lab graph examples/demo/lab.yaml', 'imp lab graph examples/demo/lab.yaml --as mermaid'],
  async run(context, { file, as }) {
    const drawn = graphOf(await loadTopology(context.host, resolve(file)))
    return { name: drawn.name, nodes: [...drawn.nodes], links: [...drawn.links], drawing: drawGraph(drawn, as) }
  },
  view: ({ drawing }) => drawing,
})

export const operations: readonly AnyOperation<ImpContext>[] = [up, down, list, inspect, verify, exec, graph]
