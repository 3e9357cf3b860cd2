/** Where the programs of a node run: its namespace, or its guest. */
import { join } from 'node:path'
import { inNamespace } from '@imp/kit/host/namespace.ts'
import type { Argv } from '@imp/kit/host/host.ts'
import type { RouterConfig } from '../config/model.ts'
import { nicOf } from '../interfaces/model.ts'
import type { NodeDefinition, Wiring } from './definition.ts'
import { linksOf } from './definition.ts'
import { openGuest, sshOf } from './guests.ts'
import { macOf, namespaceOf } from './names.ts'
import type { Place } from './parts.ts'
import type { LabRun } from './run.ts'

/** Run directory of `imp` in a guest. */
const guestRunDirectory = '/run/imp/node'

export interface OpenPlace extends Place {
  close(): Promise<void>
}

/** Opens the place of a node. To be closed. */
export async function openPlace(run: LabRun, node: Pick<NodeDefinition, 'name' | 'kind' | 'realised'>): Promise<OpenPlace> {
  const directory = run.paths.nodeDirectory(node.name)
  const machine = run.context.host
  const common = { name: `lab ${run.name}/${node.name}`, stateDirectory: join(directory, 'state'), local: machine }
  if (node.realised === 'namespace') {
    const namespace = namespaceOf(run.name, node.name)
    const host = inNamespace(machine, namespace)
    return { ...common, machine, host, namespace, runDirectory: directory, close: () => Promise.resolve() }
  }
  const guest = await openGuest(machine, run.vmm, run.name, node)
  return { ...common, machine: guest, host: guest, runDirectory: guestRunDirectory, close: () => guest.close() }
}

/** Opens the place of a node, uses it and closes it. */
export async function inPlace<T>(
  run: LabRun,
  node: Pick<NodeDefinition, 'name' | 'kind' | 'realised'>,
  use: (place: Place) => Promise<T>,
): Promise<T> {
  const place = await openPlace(run, node)
  try {
    return await use(place)
  } finally {
    await place.close()
  }
}

/** Fields of `target.json`, by which `imp apply --target lab:<lab>/<node>` finds the place. */
export interface TargetFields {
  readonly namespace?: string
  readonly runDirectory: string
  readonly stateDirectory: string
  readonly ssh?: Argv
}

export async function targetFields(run: LabRun, node: Pick<NodeDefinition, 'name' | 'kind' | 'realised'>): Promise<TargetFields> {
  const directory = run.paths.nodeDirectory(node.name)
  const stateDirectory = join(directory, 'state')
  if (node.realised === 'namespace') return { namespace: namespaceOf(run.name, node.name), runDirectory: directory, stateDirectory }
  return { runDirectory: guestRunDirectory, stateDirectory, ssh: await sshOf(run.vmm, run.name, node.name) }
}

/**
 * The configuration as a guest needs it: its kernel calls the cards eth1, eth2..., so they are found by the addresses that we gave
 * them. Pure.
 */
export function configForGuest(lab: Pick<Wiring, 'name' | 'links'>, node: string, config: RouterConfig): RouterConfig {
  const ends = new Map(linksOf(lab, node).map(({ own }) => [own.interface, own]))
  const interfaces = config.interfaces.map((port) => {
    const end = ends.get(nicOf(port).name ?? '')
    return end === undefined ? port : { ...port, nic: { mac: macOf(lab.name, end) } }
  })
  return { ...config, interfaces }
}
