/** Nodes that are guests of `vmm`: their engine runs in the namespace of the node, their cards are TAPs there. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { remoteHost, type RemoteHost } from '@imp/kit/host/remote.ts'
import { until } from '@imp/kit/host/until.ts'
import type { LabDefinition, NodeDefinition } from './definition.ts'
import { linksOf } from './definition.ts'
import { guestOf, macOf, namespaceOf, tapName } from './names.ts'
import { callVmm, findMachine, type Vmm } from './vmm.ts'

/** MB. What a guest gets unless the topology says more: FRR's daemons need twice what a bare Debian does. */
const defaultMemory = { router: 256, microvm: 128 } as const

/** Words for `vmm create` that make the machine of a node. Pure. */
export function createWords(lab: Pick<LabDefinition, 'name' | 'links'>, node: NodeDefinition): [string, ...string[]] {
  const memory = node.memory ?? defaultMemory[node.kind === 'router' ? 'router' : 'microvm']
  const cards = linksOf(lab, node.name).map(({ own }, index) => `${tapName(index + 1)}=${macOf(lab.name, own)}`)
  return [
    'create',
    guestOf(lab.name, node.name),
    '--image',
    node.image ?? 'debian',
    '--memory',
    String(memory),
    '--cpus',
    String(node.cpus ?? 1),
    '--namespace',
    namespaceOf(lab.name, node.name),
    ...cards.flatMap((card) => ['--tap', card]),
    '--network',
    'user',
    '--no-default-route',
  ]
}

/** Milliseconds: a start whose `imp` was killed goes on by itself, and ends with the boot or with its own deadline. */
const orphanPatience = 180_000

/** Deletes the machine of a node, if it is there and of this lab. */
export async function deleteGuest(vmm: Vmm, lab: string, node: string): Promise<void> {
  const name = guestOf(lab, node)
  const found = await findMachine(vmm, name)
  if (found === undefined) return
  const own = namespaceOf(lab, node)
  if (found.namespace !== undefined && found.namespace !== own) {
    throw new Fault('conflict', `vmm has a machine ${name} that is not of lab ${lab}`, {
      hint: `rename the lab or the node, or: vmm delete ${name}`,
    })
  }
  await until(vmm.host.clock, { timeout: orphanPatience, interval: 1000, what: `the end of another command on ${name}` }, async () => {
    try {
      await callVmm(vmm, 'run', ['delete', name, '--force', '--yes'])
      return true
    } catch (error) {
      if (error instanceof Fault && error.code === 'busy') return false
      throw error
    }
  })
}

/** Creates and boots the machine of a node; returns when it can be reached by ssh. A machine left by an earlier attempt is replaced. */
export async function bootGuest(vmm: Vmm, lab: LabDefinition, node: NodeDefinition, signal: AbortSignal): Promise<void> {
  await deleteGuest(vmm, lab.name, node.name)
  await callVmm(vmm, 'run', createWords(lab, node), signal)
  await callVmm(vmm, 'run', ['start', guestOf(lab.name, node.name)], signal)
}

/** How to run programs in the guest of a node, as vmm says it. */
export async function sshOf(vmm: Vmm, lab: string, node: string): Promise<Argv> {
  const name = guestOf(lab, node)
  const found = await findMachine(vmm, name)
  if (found?.ssh == null) {
    throw new Fault('state', `${name} is ${found === undefined ? 'not there' : found.state}`, { hint: `imp lab up repairs the lab` })
  }
  return found.ssh.argv
}

/**
 * Sessions at once over the one connection to a guest. dropbear 2022.83 loses one in thirty when two overlap (no output, no exit status);
 * OpenSSH's server takes ten (MaxSessions, sshd_config(5)), of which some are for the sockets of FRR.
 */
const sessions = { router: 5, microvm: 1 } as const

/** The guest of a node as a host. To be closed. */
export async function openGuest(host: Host, vmm: Vmm, lab: string, node: Pick<NodeDefinition, 'name' | 'kind'>): Promise<RemoteHost> {
  const limit = sessions[node.kind === 'router' ? 'router' : 'microvm']
  return remoteHost(host, { name: `guest ${node.name}`, ssh: await sshOf(vmm, lab, node.name), sessions: limit })
}
