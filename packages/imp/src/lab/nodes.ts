/** Brings the nodes of a lab up, all at the same time, and takes them down. */
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { reported } from '@imp/kit/base/events.ts'
import { dirname } from 'node:path'
import type { Host } from '@imp/kit/host/host.ts'
import { configForGuest, inPlace, targetFields } from './place.ts'
import { runCommands } from './commands.ts'
import { linksOf, type LabDefinition, type NodeDefinition } from './definition.ts'
import { fitToLab } from './fit.ts'
import { applyFrr } from './frr-node.ts'
import { bootGuest, deleteGuest } from './guests.ts'
import type { Place } from './parts.ts'
import type { LabRun } from './run.ts'

/** Waits for all, then throws one fault with the words of each that failed. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(work)).flatMap((each) => (each.status === 'rejected' ? [asFault(each.reason)] : []))
  const [first, ...more] = failures
  if (first === undefined) return
  if (more.length === 0) throw first
  const detail = failures.map((fault) => [fault.message, fault.detail].filter((text) => text !== undefined).join('\n')).join('\n')
  throw new Fault(first.code, `${failures.length} nodes failed`, { detail, hint: first.hint, cause: first })
}

async function writeFiles(host: Host, files: NodeDefinition['files']): Promise<void> {
  for (const { target, content } of files) {
    await host.files.makeDirectory(dirname(target))
    await host.files.write(target, content)
  }
}

/** Commands of a topology find the links of their node up, in a guest as well; those of routers are their configuration's business. */
async function raiseCards(lab: LabDefinition, node: NodeDefinition, place: Place): Promise<void> {
  if (node.kind !== 'microvm') return
  const lines = linksOf(lab, node.name).map(({ own }) => `link set dev ${own.interface} up\n`)
  if (lines.length > 0) await place.host.run(['ip', '-batch', '-'], { input: lines.join('') })
}

async function configure(run: LabRun, lab: LabDefinition, node: NodeDefinition, place: Place): Promise<void> {
  const text = node.startup ?? ''
  if (node.kind === 'frr') await applyFrr(run.parts.frr, place, text, node.daemons)
  if (node.kind !== 'router') return
  const { config } = run.parts.routers.load(text, `node ${node.name}`)
  if (config === undefined) throw new Fault('input', `node ${node.name}: its configuration is not valid any more`)
  const fitted = fitToLab(
    config,
    linksOf(lab, node.name).map(({ own }) => own.interface),
  ).config
  const fitting = node.realised === 'guest' ? configForGuest(lab, node.name, fitted) : fitted
  const { report, signal } = run.context
  await run.parts.routers.commit(place, fitting, {
    target: `lab:${lab.name}/${node.name}`,
    comment: `imp lab up ${lab.file}`,
    // The steps inside a node are too many to tell; what it warns of is not.
    report: (event) => (event.event === 'log' && event.level !== 'info' ? report(event) : undefined),
    signal,
  })
}

async function startNode(run: LabRun, lab: LabDefinition, node: NodeDefinition): Promise<void> {
  const { host, signal } = run.context
  signal.throwIfAborted()
  await host.files.makeDirectory(run.paths.nodeDirectory(node.name))
  if (node.realised === 'guest') await bootGuest(run.vmm, lab, node, signal)
  signal.throwIfAborted()
  await host.files.write(run.paths.target(node.name), `${JSON.stringify(await targetFields(run, node), null, 2)}\n`)
  await inPlace(run, node, async (place) => {
    await raiseCards(lab, node, place)
    await writeFiles(place.machine, node.files)
    await configure(run, lab, node, place)
    await runCommands(run, node, place)
  })
}

/** Starts nodes whose namespaces and cables are there: guests boot, routing begins, commands run. */
export async function startNodes(run: LabRun, lab: LabDefinition, nodes: readonly NodeDefinition[]): Promise<void> {
  await all(
    nodes.map((node) => {
      const title = node.realised === 'guest' ? `boot ${node.kind} ${node.name}` : `start ${node.kind} ${node.name}`
      return reported(run.context.report, title, () => startNode(run, lab, node))
    }),
  )
}

/** Makes running nodes have their configuration, changing only what differs. */
export async function reconfigureNodes(run: LabRun, lab: LabDefinition, nodes: readonly NodeDefinition[]): Promise<void> {
  const configured = nodes.filter((node) => node.kind === 'router' || node.kind === 'frr')
  await all(configured.map((node) => inPlace(run, node, (place) => configure(run, lab, node, place))))
}

/** Takes away what nodes have beyond their namespaces: guests and files. Programs end with the namespaces. */
export async function stopNodes(run: LabRun, lab: LabDefinition, nodes: readonly NodeDefinition[]): Promise<void> {
  await all(nodes.filter((node) => node.realised === 'guest').map((node) => deleteGuest(run.vmm, lab.name, node.name)))
  await Promise.all(nodes.map((node) => run.context.host.files.remove(run.paths.nodeDirectory(node.name))))
}
