/** The bridge of this computer that machines with addresses of their own are on: made with the first, taken away with the last. */
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { contains, overlaps, parseAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { collection, type Collection } from '@imp/kit/store/collection.ts'
import { renderFirewall, renderNoFirewall } from './firewall.ts'
import { leaveForeignChains, passForeignChains } from './foreign.ts'
import { gatewayAddress, macOfAddress, Member, type BridgeSettings } from './model.ts'

const memberDocument = { schema: 'vmm.member', version: 1, fields: Member }

const Link = z.looseObject({ ifname: z.string(), linkinfo: z.looseObject({ info_kind: z.string().optional() }).optional() })
const Route = z.looseObject({ dst: z.string(), dev: z.string().optional() })

function members(host: Host, directory: string): Collection<typeof Member> {
  return collection(host, memberDocument, { directory, noun: 'member of the bridge', listCommand: 'vmm list' })
}

async function findLink(host: Host, name: string): Promise<z.output<typeof Link> | undefined> {
  const { status, stdout } = await host.query(['ip', '-j', '-d', 'link', 'show', 'dev', name], { statuses: [0, 1] })
  return status === 0 ? parse(z.array(Link), parseJson(stdout, 'ip link'), 'ip link')[0] : undefined
}

/** A `conflict` fault when this computer already reaches part of the subnet in another way. */
async function requireFreeSubnet(host: Host, { subnet, bridge }: BridgeSettings): Promise<void> {
  const { stdout } = await host.query(['ip', '-j', '-4', 'route', 'show'])
  const wanted = parsePrefix(subnet, 4)
  for (const { dst, dev } of parse(z.array(Route), parseJson(stdout, 'ip route'), 'ip route')) {
    if (dst === 'default' || dev === bridge) continue
    const taken = dst.includes('/') ? overlaps(parsePrefix(dst, 4), wanted) : contains(wanted, parseAddress(dst, 4))
    if (taken) {
      throw new Fault('conflict', `the network ${subnet} of ${bridge} overlaps with ${dst} on ${dev ?? 'another interface'}`, {
        hint: 'use the user-mode network, or change the subnet in the configuration of vmm',
      })
    }
  }
}

async function ensureBridge(host: Host, settings: BridgeSettings): Promise<void> {
  const { bridge, gateway } = settings
  const present = await findLink(host, bridge)
  if (present === undefined) {
    await requireFreeSubnet(host, settings)
    // A MAC of its own: without one the bridge takes that of its ports, and guests lose their gateway when the first one leaves.
    const options = ['address', macOfAddress(gateway), 'type', 'bridge', 'stp_state', '0', 'forward_delay', '0']
    await host.run(['ip', 'link', 'add', 'name', bridge, ...options])
  } else if (present.linkinfo?.info_kind !== 'bridge') {
    throw new Fault('conflict', `${bridge} exists and is no bridge`, {
      hint: `rename it, or change the bridge in the configuration of vmm`,
    })
  }
  await host.run(['ip', 'address', 'replace', gatewayAddress(settings), 'dev', bridge])
  await host.run(['ip', 'link', 'set', 'dev', bridge, 'up'])
}

async function ensureSysctl(host: Host, key: string, value: string): Promise<void> {
  const { stdout } = await host.query(['sysctl', '-n', key])
  if (stdout.trim() !== value) await host.run(['sysctl', '-q', '-w', `${key}=${value}`])
}

async function ensureTap(host: Host, tap: string, bridge: string): Promise<void> {
  if ((await findLink(host, tap)) === undefined) await host.run(['ip', 'tuntap', 'add', 'dev', tap, 'mode', 'tap'])
  await host.run(['ip', 'link', 'set', 'dev', tap, 'master', bridge, 'up'])
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
  if (forwards) await ensureSysctl(host, `net.ipv4.conf.${settings.bridge}.route_localnet`, '1')
  await host.run(['nft', '-f', '-'], { input: renderFirewall(settings, all) })
  await passForeignChains(host, settings.bridge)
}

export interface BridgePaths {
  /** Directory of the members' documents. */
  readonly members: string
  readonly lock: string
}

export function bridgePaths(data: string): BridgePaths {
  return { members: join(data, 'net'), lock: join(data, 'locks', 'net.lock') }
}

/** Puts a machine on the bridge: bridge, TAP, rules, all brought to what they should be. May be repeated. */
export async function attach(host: Host, paths: BridgePaths, settings: BridgeSettings, member: Member): Promise<void> {
  await withLock(host.clock, paths.lock, { what: `the bridge ${settings.bridge}`, timeout: 60_000 }, async () => {
    const documents = members(host, paths.members)
    await ensureBridge(host, settings)
    await ensureSysctl(host, 'net.ipv4.ip_forward', '1')
    await documents.put(member.tap, member)
    await ensureTap(host, member.tap, settings.bridge)
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
  })
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
