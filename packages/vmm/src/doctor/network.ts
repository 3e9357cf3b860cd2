/** What the bridge of machines needs of this computer, and what others on it do to it. */
import { z } from 'zod'
import { overlaps, parsePrefix } from '@imp/kit/base/ip.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { ok, told, type Diagnosis } from './model.ts'

const Routes = z.array(z.looseObject({ dst: z.string(), dev: z.string().optional() }))
const Links = z.array(z.looseObject({ ifname: z.string() }))
const Ruleset = z.looseObject({
  nftables: z.array(
    z.looseObject({
      chain: z
        .looseObject({
          family: z.string(),
          table: z.string(),
          name: z.string(),
          hook: z.string().optional(),
          policy: z.string().optional(),
        })
        .optional(),
    }),
  ),
})

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

async function lookAtUplink(host: Host): Promise<Diagnosis> {
  const [route] = await readJson(host, Routes, ['ip', '-j', '-4', 'route', 'show', 'default'])
  if (route === undefined) return told('uplink', 'warning', 'there is no default route: machines reach nothing beyond this computer')
  return ok('uplink', `machines leave by ${route.dev ?? 'the default route'}`)
}

/** Chains at the forward hook that drop what nobody accepts: vmm lets its bridge through them while machines run. */
async function lookAtFirewalls(host: Host): Promise<Diagnosis> {
  const { nftables } = await readJson(host, Ruleset, ['nft', '-j', 'list', 'chains'])
  const closed = nftables.flatMap(({ chain }) =>
    chain?.hook === 'forward' && chain.policy === 'drop' ? [`${chain.family} ${chain.table} ${chain.name}`] : [],
  )
  if (closed.length === 0) return ok('firewall', 'nobody else drops forwarded packets')
  return told(
    'firewall',
    'note',
    `${closed.join(', ')} drops what nobody accepts; vmm adds an accept for its bridge there while machines run`,
  )
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

/** What is seen of networks without changing any. `taps` are those of all machines. */
export async function lookAtNetwork(
  host: Host,
  bridge: { readonly name: string; readonly subnet: string },
  taps: ReadonlySet<string>,
): Promise<Diagnosis[]> {
  return Promise.all([lookAtSubnet(host, bridge.name, bridge.subnet), lookAtUplink(host), lookAtFirewalls(host), lookAtTaps(host, taps)])
}
