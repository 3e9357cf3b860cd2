/** The bridge of this computer that machines with addresses of their own are on: made with the first, taken away with the last. */
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { collection, type Collection } from '@imp/kit/store/collection.ts'
import { requireFreeSubnets } from './conflict.ts'
import { renderFirewall, renderNoFirewall } from './firewall.ts'
import { leaveForeignChains, othersForward, passForeignChains } from './foreign.ts'
import { forwardPackets, restoreSettings } from './kernel-settings.ts'
import { gatewayAddress, gatewayAddress6, macOfAddress, Member, type BridgeSettings } from './model.ts'

const memberDocument = { schema: 'vmm.member', version: 1, fields: Member }

const Link = z.looseObject({ ifname: z.string(), linkinfo: z.looseObject({ info_kind: z.string().optional() }).optional() })
const Chains = z.looseObject({ nftables: z.array(z.looseObject({ chain: z.looseObject({ name: z.string() }).optional() })) })

function members(host: Host, directory: string): Collection<typeof Member> {
  return collection(host, memberDocument, { directory, noun: 'member of the bridge', listCommand: 'vmm list' })
}

async function findLink(host: Host, name: string): Promise<z.output<typeof Link> | undefined> {
  const { status, stdout } = await host.query(['ip', '-j', '-d', 'link', 'show', 'dev', name], { statuses: [0, 1] })
  return status === 0 ? parse(z.array(Link), parseJson(stdout, 'ip link'), 'ip link')[0] : undefined
}

const conflictHint = 'use the user-mode network, or change the subnet in the configuration of vmm'

async function ensureBridge(host: Host, settings: BridgeSettings): Promise<void> {
  const { bridge, gateway, subnet6, mtu } = settings
  const present = await findLink(host, bridge)
  if (present === undefined) {
    await requireFreeSubnets(host, [settings.subnet, ...(settings.subnet6 === undefined ? [] : [settings.subnet6])], bridge, conflictHint)
    // A MAC of its own: without one the bridge takes that of its ports, and guests lose their gateway when the first one leaves.
    const options = ['address', macOfAddress(gateway), 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0']
    await host.run(['ip', 'link', 'add', 'name', bridge, ...options])
  } else if (present.linkinfo?.info_kind !== 'bridge') {
    throw new Fault('conflict', `${bridge} exists and is no bridge`, {
      hint: `rename it, or change the bridge in the configuration of vmm`,
    })
  }
  if (mtu !== undefined) await host.run(['ip', 'link', 'set', 'dev', bridge, 'mtu', String(mtu)])
  await host.run(['ip', 'address', 'replace', gatewayAddress(settings), 'dev', bridge])
  // Nobody else can have it: without detection of duplicates it is there at once, also before the first port is.
  if (subnet6 !== undefined) await host.run(['ip', '-6', 'address', 'replace', gatewayAddress6(subnet6), 'dev', bridge, 'nodad'])
  await host.run(['ip', 'link', 'set', 'dev', bridge, 'up'])
}

async function ensureTap(host: Host, tap: string, { bridge, mtu, isolated = false }: BridgeSettings): Promise<void> {
  if ((await findLink(host, tap)) === undefined) await host.run(['ip', 'tuntap', 'add', 'dev', tap, 'mode', 'tap'])
  const size = mtu === undefined ? [] : ['mtu', String(mtu)]
  await host.run(['ip', 'link', 'set', 'dev', tap, 'master', bridge, ...size, 'up'])
  // With br_netfilter loaded (Docker does), a guest that calls itself through a forward is bridged back to the port it came from.
  await host.run(['bridge', 'link', 'set', 'dev', tap, ...(isolated ? ['isolated', 'on'] : ['hairpin', 'on'])])
}

/** Members whose TAP is there; the documents of others are left over from before a reboot, and go. */
async function present(host: Host, documents: Collection<typeof Member>): Promise<Member[]> {
  const found: Member[] = []
  for (const name of await documents.names()) {
    const member = await documents.get(name)
    if ((await findLink(host, member.tap)) === undefined) await documents.remove(name)
    else found.push(member)
  }
  return found
}

async function applyFirewall(host: Host, settings: BridgeSettings, all: readonly Member[]): Promise<void> {
  const forwards = all.some((member) => member.forwards.length > 0)
  // Without it packets from 127.0.0.1 are not routed to another interface (ip-sysctl.rst, route_localnet).
  if (forwards) await host.run(['sysctl', '-q', '-w', `net/ipv4/conf/${settings.bridge}/route_localnet=1`])
  await host.run(['nft', '-f', '-'], { input: renderFirewall(settings, all) })
  await passForeignChains(host, settings.bridge)
}

export interface BridgePaths {
  /** Directory of the members' documents. */
  readonly members: string
  /** One for all bridges: they share settings of the kernel and the tables of others. */
  readonly lock: string
  /** What is kept of this computer for all bridges. */
  readonly common: string
}

/** Where the bridge of a network keeps what it knows; the default network has no name here. */
export function bridgePaths(data: string, network?: string): BridgePaths {
  const common = join(data, 'net')
  return { members: network === undefined ? common : join(common, 'networks', network), lock: join(data, 'locks', 'net.lock'), common }
}

/** Puts a machine on the bridge: bridge, TAP, rules, all brought to what they should be. May be repeated. */
export async function attach(host: Host, paths: BridgePaths, settings: BridgeSettings, member: Member): Promise<void> {
  await withLock(host.clock, paths.lock, { what: `the bridge ${settings.bridge}`, timeout: 60_000 }, async () => {
    const documents = members(host, paths.members)
    await ensureBridge(host, settings)
    await forwardPackets(host, paths.common, settings.subnet6 !== undefined)
    await documents.put(member.tap, member)
    await ensureTap(host, member.tap, settings)
    // The address may have belonged to another machine a moment ago.
    await host.run(['ip', 'neighbour', 'flush', 'to', member.address, 'dev', settings.bridge])
    await applyFirewall(host, settings, await present(host, documents))
  })
}

/** Takes a machine off the bridge; with the last one, bridge and rules go too. May be repeated. */
export async function detach(host: Host, paths: BridgePaths, settings: BridgeSettings, tap: string): Promise<void> {
  await withLock(host.clock, paths.lock, { what: `the bridge ${settings.bridge}`, timeout: 60_000 }, async () => {
    const documents = members(host, paths.members)
    if ((await findLink(host, tap)) !== undefined) await host.run(['ip', 'link', 'delete', 'dev', tap])
    await documents.remove(tap)
    const rest = await present(host, documents)
    if (rest.length > 0) await applyFirewall(host, settings, rest)
    else await removeBridge(host, settings)
    // What was before the first bridge comes back with the last one.
    if (rest.length === 0 && !(await hasBridges(host))) await restoreSettings(host, paths.common, () => othersForward(host))
  })
}

/** Writes the rules of the bridge anew, where somebody took them away. How many machines are on it; none when there is no bridge. */
export async function repair(host: Host, paths: BridgePaths, settings: BridgeSettings): Promise<number> {
  return withLock(host.clock, paths.lock, { what: `the bridge ${settings.bridge}`, timeout: 60_000 }, async () => {
    if ((await findLink(host, settings.bridge)) === undefined) return 0
    const all = await present(host, members(host, paths.members))
    if (all.length > 0) await forwardPackets(host, paths.common, settings.subnet6 !== undefined)
    if (all.length > 0) await applyFirewall(host, settings, all)
    return all.length
  })
}

/** Whether a bridge of ours is there. */
async function hasBridges(host: Host): Promise<boolean> {
  const { stdout } = await host.query(['nft', '-j', 'list', 'chains', 'inet'])
  const { nftables } = parse(Chains, parseJson(stdout, 'nft'), 'nft')
  return nftables.some(({ chain }) => chain?.name === 'egress')
}

async function removeBridge(host: Host, settings: BridgeSettings): Promise<void> {
  const { bridge } = settings
  if ((await findLink(host, bridge)) === undefined) return
  const { stdout } = await host.query(['ip', '-j', 'link', 'show', 'master', bridge])
  // Somebody else put a port on it: then it is theirs as well.
  if (parse(z.array(z.unknown()), parseJson(stdout === '' ? '[]' : stdout, 'ip link'), 'ip link').length > 0) return
  await leaveForeignChains(host, bridge)
  await host.run(['nft', '-f', '-'], { input: renderNoFirewall(settings) })
  await host.run(['ip', 'link', 'delete', 'dev', bridge])
}
