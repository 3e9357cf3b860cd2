/** What the bridge of machines needs of this computer, and what others on it do to it. */
import { z } from 'zod'
import { overlaps, parsePrefix } from '@imp/kit/base/ip.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { closedChains, Ruleset, rulesOf, type Rules } from '../net/model.ts'
import { ok, told, type Diagnosis } from './model.ts'

const Routes = z.array(z.looseObject({ dst: z.string(), dev: z.string().optional() }))
const Links = z.array(z.looseObject({ ifname: z.string() }))
async function readJson<T extends z.ZodType>(host: Host, schema: T, argv: readonly [string, ...string[]]): Promise<z.output<T>> {
  const { stdout } = await host.query(argv)
  const what = argv.slice(0, 3).join(' ')
  return parse(schema, parseJson(stdout === '' ? '[]' : stdout, what), what)
}

async function lookAtSubnet(host: Host, bridge: string, subnet: string): Promise<Diagnosis> {
  const wanted = parsePrefix(subnet, 4)
  const routes = await readJson(host, Routes, ['ip', '-j', '-4', 'route', 'show'])
  const taken = routes.find(
    ({ dst, dev }) => dst !== 'default' && dev !== bridge && overlaps(parsePrefix(dst.includes('/') ? dst : `${dst}/32`, 4), wanted),
  )
  if (taken === undefined) return ok('network', `${subnet} is free for ${bridge}`)
  const message = `${subnet} of ${bridge} overlaps with ${taken.dst} on ${taken.dev ?? 'another interface'}`
  return told('network', 'problem', message, 'set another subnet in the settings (vmm config init)')
}

async function lookAtUplink(host: Host, named: string | undefined): Promise<Diagnosis[]> {
  const [route] = await readJson(host, Routes, ['ip', '-j', '-4', 'route', 'show', 'default'])
  if (route === undefined) return [told('uplink', 'warning', 'there is no default route: machines reach nothing beyond this computer')]
  return [ok('uplink', `machines leave by ${route.dev ?? 'the default route'}`), ...lookAtHostInterface(named, route.dev)]
}

/** What vmm wrote for a bridge that is there, and somebody took away: a reload of firewalld or of nftables does. */
function missingRules(rules: Rules, bridge: string): string[] {
  const table = rules.some(({ chain }) => chain?.family === 'inet' && chain.table === bridge)
  const without = closedChains(rules).filter((chain) => !rulesOf(rules, chain).some(({ comment }) => comment === `vmm ${bridge}`))
  return [
    ...(table ? [] : [`the rules of ${bridge} are gone`]),
    ...without.map(({ family, table: other, name }) => `${family} ${other} ${name} does not let ${bridge} through any more`),
  ]
}

/** Firewalls of others: vmm lets its bridges through them while machines run. */
async function lookAtFirewalls(host: Host, bridges: readonly string[]): Promise<Diagnosis[]> {
  const { nftables: rules } = await readJson(host, Ruleset, ['nft', '-j', 'list', 'ruleset'])
  const links = await readJson(host, Links, ['ip', '-j', 'link', 'show'])
  const missing = bridges.filter((bridge) => links.some(({ ifname }) => ifname === bridge)).flatMap((bridge) => missingRules(rules, bridge))
  const closed = closedChains(rules).map(({ family, table, name }) => `${family} ${table} ${name}`)
  const others =
    closed.length === 0
      ? ok('firewall', 'nobody else drops forwarded packets')
      : told(
          'firewall',
          'note',
          `${closed.join(', ')} drops what nobody accepts; vmm adds an accept for its bridge there while machines run`,
        )
  return [others, ...(missing.length === 0 ? [] : [told('rules', 'problem', missing.join('; '), 'vmm network repair')])]
}

/** The settings may name an interface, as those of baremetalvmm do; machines follow the routes of this computer. */
function lookAtHostInterface(named: string | undefined, uplink: string | undefined): Diagnosis[] {
  if (named === undefined || uplink === undefined || named === uplink) return []
  const message = `host_interface of the settings is ${named}, but the default route leads by ${uplink}: machines follow the route`
  return [told('uplink', 'note', message)]
}

/** TAPs of machines that are gone: a killed command left them. */
async function lookAtTaps(host: Host, known: ReadonlySet<string>): Promise<Diagnosis> {
  const links = await readJson(host, Links, ['ip', '-j', 'link', 'show'])
  const left = links.map(({ ifname }) => ifname).filter((name) => /^vmm-[0-9a-f]{8}(-\d)?$/.test(name) && !known.has(name))
  if (left.length === 0) return ok('leftovers', 'no TAP without a machine')
  return told(
    'leftovers',
    'warning',
    `${left.join(', ')}: no machine has ${left.length === 1 ? 'it' : 'them'}`,
    `ip link delete ${left[0]}`,
  )
}

/** What is looked at. */
export interface NetworkSubject {
  /** The bridge of the default network. */
  readonly name: string
  readonly subnet: string
  /** Those of all networks. */
  readonly bridges: readonly string[]
  /** `host_interface` of the settings. */
  readonly hostInterface?: string | undefined
  /** Those of all machines. */
  readonly taps: ReadonlySet<string>
}

/** What is seen of networks without changing any. */
export async function lookAtNetwork(host: Host, { name, subnet, bridges, hostInterface, taps }: NetworkSubject): Promise<Diagnosis[]> {
  const [free, uplink, firewalls, left] = await Promise.all([
    lookAtSubnet(host, name, subnet),
    lookAtUplink(host, hostInterface),
    lookAtFirewalls(host, bridges),
    lookAtTaps(host, taps),
  ])
  return [free, ...uplink, ...firewalls, left]
}
