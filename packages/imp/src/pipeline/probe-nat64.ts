/** Whether NAT64 works: its translator runs, and a packet of the router's own leaves it with an address of the pool. */
import { randomInt } from 'node:crypto'
import { Fault } from '@imp/kit/base/fault.ts'
import { contains, formatAddress, parseAddress, parseInterfaceAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { Probe } from '../commit/health.ts'
import { ownAddresses, type RouterConfig } from '../config/model.ts'
import { observeTranslator } from '../dataplane/linux/translator.ts'
import { nat64Name } from '../dataplane/vpp/model.ts'
import { connectIfThere } from '../dataplane/vpp/place.ts'
import { clientInterfaces, embedAddress, isNotGlobal, isWellKnown, translatorNetwork } from '../nat64/model.ts'
import { parseFlows } from '../show/conntrack.ts'
import { dataplanePlace, type Target } from './target.ts'

/** An echo request of the router in the place of one of its hosts. */
export interface Nat64Trial {
  /** IPv6 address of the router by which hosts reach it. */
  readonly from: string
  /** Neighbour outside, as the prefix writes it. */
  readonly to: string
  /** The same in IPv4. */
  readonly neighbour: string
}

/** Neighbours by an external interface that the prefix may stand for. */
function neighbours(config: RouterConfig): string[] {
  const outside = ownAddresses(config).filter(({ role, address }) => role === 'external' && address.family === 4)
  const known = [...config.routes.map(({ via }) => via), ...(config.bgp?.peers ?? []).map(({ address }) => address)]
  return known.flatMap((text) => {
    if (text === undefined || text.includes(':')) return []
    const address = parseAddress(text)
    if (config.nat64 !== undefined && isWellKnown(config.nat64) && isNotGlobal(address)) return []
    return outside.some(({ network }) => contains(network, address)) ? [text] : []
  })
}

/** The trial of a configuration; undefined where none can be made. Pure. */
export function nat64TrialOf(config: RouterConfig): Nat64Trial | undefined {
  const { nat64 } = config
  const [neighbour] = neighbours(config)
  const own = clientInterfaces(config)
    .flatMap(({ addresses }) => addresses)
    .find((text) => text.includes(':'))
  if (nat64 === undefined || neighbour === undefined || own === undefined) return undefined
  const { family, value } = parseInterfaceAddress(own)
  const to = formatAddress(embedAddress(parsePrefix(nat64.prefix), parseAddress(neighbour, 4)))
  return { from: formatAddress({ family, value }), to, neighbour }
}

/** What the neighbour was shown: by the connection that the kernel tracks, which tells also when nobody answers. */
async function shownAs(host: Host, { from, to, neighbour }: Nat64Trial): Promise<string | undefined> {
  const identifier = String(randomInt(1, 65_536))
  // 1: no answer, 2: it could not be sent.
  await host.query(['ping', '-n', '-q', '-c', '1', '-W', '1', '-e', identifier, '-I', from, to], { statuses: [0, 1, 2] })
  const ran = await host.query(['conntrack', '-L', '-f', 'ipv4', '-p', 'icmp', '-s', translatorNetwork, '-d', neighbour], {
    statuses: [0, 1],
  })
  const flow = parseFlows(ran.stdout).find(({ inside }) => inside.endsWith(`:${identifier}`))
  return flow?.outside.split(':')[0]
}

async function translationProbe(host: Host, config: RouterConfig): Promise<Probe[]> {
  const trial = nat64TrialOf(config)
  if (config.nat64 === undefined || trial === undefined) return []
  const { pool } = config.nat64
  const seen = await shownAs(host, trial)
  const healthy = seen !== undefined && contains(parsePrefix(pool), parseAddress(seen))
  const words = seen === undefined ? 'lets nothing out translated' : healthy ? `shows ${seen}` : `shows ${seen}, which is not in ${pool}`
  return [{ name: 'translation of IPv6', path: 'nat64', healthy, seen: words }]
}

async function isRunning(target: Target, { dataplane }: RouterConfig): Promise<boolean> {
  const place = dataplanePlace(target)
  if (dataplane === 'linux') return (await observeTranslator(place)).text !== undefined
  const client = await connectIfThere(place, nat64Name)
  client?.close()
  return client !== undefined
}

/** Probes of NAT64; none without it. The trial is left out where conntrack(8) or ping(8) is missing, and with VPP, where no flow is seen. */
export async function nat64Probes(target: Target, config: RouterConfig): Promise<Probe[]> {
  if (config.nat64 === undefined) return []
  const healthy = await isRunning(target, config)
  const running: Probe = { name: 'translator of NAT64', path: 'nat64', healthy, seen: healthy ? 'runs' : 'does not run' }
  if (config.dataplane === 'vpp') return [running]
  try {
    return [running, ...(await translationProbe(target.host, config))]
  } catch (error) {
    if (error instanceof Fault && error.code === 'missing-program') return [running]
    throw error
  }
}
