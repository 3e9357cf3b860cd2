/** Whether the way to the machine itself is open: its management port, and the ssh session of the person who changes it. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { Address, parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { Probe } from '../commit/health.ts'
import { answeringGateways } from '../commit/look.ts'
import type { RouterConfig } from '../config/model.ts'
import { observeLinks, type ObservedLink } from '../dataplane/linux/observe.ts'
import type { Nic } from '../interfaces/model.ts'
import type { Management } from '../management/model.ts'
import type { Target } from './target.ts'

/** Both ends of an ssh session. */
export interface Client {
  readonly address: string
  readonly port: number
  readonly ownAddress: string
  readonly ownPort: number
}

const Ends = z.tuple([Address, z.coerce.number().int(), Address, z.coerce.number().int()])

/** The session that SSH_CONNECTION names: the client's address and port, then our own (ssh(1), ENVIRONMENT); undefined for none. */
export function clientOf(connection: string | undefined): Client | undefined {
  const ends = Ends.safeParse(connection?.split(' '))
  if (!ends.success) return undefined
  const [address, port, ownAddress, ownPort] = ends.data
  return { address, port, ownAddress, ownPort }
}

function isCard(link: ObservedLink, { name, mac, pci }: Nic): boolean {
  if (name !== undefined) return link.name === name || link.alternativeNames.includes(name)
  if (mac !== undefined) return (link.permanentMac ?? link.mac).toLowerCase() === mac.toLowerCase()
  return link.pci === pci
}

function portProbe({ nic, mode, addresses }: Management, links: readonly ObservedLink[]): Probe {
  const link = links.find((each) => isCard(each, nic))
  const missing = mode === 'static' ? addresses.filter((address) => link?.addresses.includes(address) !== true) : []
  const healthy = link?.up === true && link.carrier && missing.length === 0
  const seen = link === undefined ? 'is not there' : link.up && link.carrier ? `lacks ${missing.join(', ')}` : 'has no carrier or is down'
  return { name: 'management port', path: 'management', healthy, seen: healthy ? 'is up' : seen }
}

async function portProbes(machine: Host, management: Management): Promise<Probe[]> {
  const gateways = management.gateways.map((address, index) => ({
    name: `management gateway ${address}`,
    path: `management.gateways[${index}]`,
    address,
  }))
  const [links, { answering }] = await Promise.all([observeLinks(machine), answeringGateways(machine, gateways)])
  const reached = gateways.map(({ name, path }): Probe => {
    const healthy = answering.includes(name)
    return { name, path, healthy, seen: healthy ? 'answers' : 'does not answer ping' }
  })
  return [portProbe(management, links), ...reached]
}

const Way = z.array(z.looseObject({ dev: z.string().exactOptional() }))

/** The device by which packets to the client leave; undefined without a route. */
async function wayTo(machine: Host, { address, ownAddress }: Client): Promise<string | undefined> {
  // 2: the kernel knows no route.
  const ran = await machine.query(['ip', '-j', 'route', 'get', address, 'from', ownAddress], { statuses: [0, 2] })
  return ran.status === 0 ? parse(Way, parseJson(ran.stdout, 'ip route get'), 'ip route get')[0]?.dev : undefined
}

/** `2001:db8::1` as ss(8) filters want it. */
function endpoint(address: string, port: number): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}

/** What is wrong with the connection; undefined when nothing is, or nobody can tell. */
async function complaint(machine: Host, { address, port, ownAddress, ownPort }: Client): Promise<string | undefined> {
  try {
    const filter = ['src', endpoint(ownAddress, ownPort), 'dst', endpoint(address, port)]
    const { stdout } = await machine.query(['ss', '-H', '-t', '-n', '-i', 'state', 'established', ...filter])
    if (stdout.trim() === '') return 'is closed'
    // TCP sends again and waits longer each time while nothing of the other side comes back (RFC 6298 5.5).
    return /\bbackoff:\d/.test(stdout) ? 'gets no answers' : undefined
  } catch (error) {
    if (error instanceof Fault && error.code === 'missing-program') return undefined
    throw error
  }
}

async function clientProbe(machine: Host, client: Client): Promise<Probe> {
  const way = await wayTo(machine, client)
  const wrong = way === undefined ? 'has no route back' : await complaint(machine, client)
  return { name: `ssh session from ${client.address}`, path: '', healthy: wrong === undefined, seen: wrong ?? `goes by ${way ?? ''}` }
}

/** Probes of the machine that the router is on; none for a router elsewhere, whose machine is not this one. */
export async function managementProbes(target: Target, { management }: RouterConfig, client: Client | undefined): Promise<Probe[]> {
  if (target.machine !== target.local) return []
  const [port, session] = await Promise.all([
    management === undefined ? [] : portProbes(target.machine, management),
    client === undefined ? [] : clientProbe(target.machine, client).then((probe) => [probe]),
  ])
  return [...port, ...session]
}
