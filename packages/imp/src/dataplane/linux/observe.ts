/** What the Linux kernel of a namespace has: asked of ip, sysctl and nft each time, never remembered. */
import { z } from 'zod'
import { formatPrefix, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { Rule } from './desired.ts'
import { observeTables, type ObservedTable } from './table.ts'

export interface ObservedLink {
  readonly name: string
  readonly alternativeNames: readonly string[]
  readonly mac: string
  /** The address that the card was made with, where it has another one now. */
  readonly permanentMac?: string
  readonly pci?: string
  /** `vlan`, `bridge`, `veth`...; undefined for cards. */
  readonly kind?: string
  readonly parent?: string
  readonly vlan?: number
  readonly protocol?: string
  readonly master?: string
  readonly mtu: number
  /** Set up by an administrator. */
  readonly up: boolean
  /** Something answers on the other side. */
  readonly carrier: boolean
  /** Addresses with the length of their network, without those that the kernel gives by itself. */
  readonly addresses: readonly string[]
}

export interface ObservedTranslator {
  /** What the translator was told, without where it keeps its files; undefined when it does not run. */
  readonly text?: string
  /** Whether the machine has the program. */
  readonly installed: boolean
}

export interface ObservedLinux {
  readonly links: readonly ObservedLink[]
  /** Links of the machine outside the namespace, from which cards may be brought in. */
  readonly outside: readonly ObservedLink[]
  readonly sysctls: ReadonlyMap<string, string>
  readonly rules: readonly Rule[]
  readonly tables: readonly ObservedTable[]
  /** Undefined where nobody asked for it. */
  readonly translator?: ObservedTranslator
}

const freshLoopback: ObservedLink = {
  name: 'lo',
  alternativeNames: [],
  mac: '00:00:00:00:00:00',
  mtu: 65536,
  up: false,
  carrier: false,
  addresses: [],
}

/** A namespace that is not there yet, as it will be when it is made. */
export const nothingObserved: ObservedLinux = {
  links: [freshLoopback],
  outside: [],
  sysctls: new Map(),
  rules: [],
  tables: [],
}

const Links = z.array(
  z.looseObject({
    ifname: z.string(),
    altnames: z.array(z.string()).default([]),
    address: z.string().default(''),
    permaddr: z.string().exactOptional(),
    parentbus: z.string().exactOptional(),
    parentdev: z.string().exactOptional(),
    link: z.string().exactOptional(),
    master: z.string().exactOptional(),
    mtu: z.int(),
    flags: z.array(z.string()),
    linkinfo: z
      .looseObject({
        info_kind: z.string().exactOptional(),
        info_data: z.looseObject({ protocol: z.string().exactOptional(), id: z.int().exactOptional() }).optional().catch(undefined),
      })
      .exactOptional(),
    addr_info: z
      .array(
        z.looseObject({ local: z.string().exactOptional(), prefixlen: z.int(), scope: z.string(), dynamic: z.boolean().default(false) }),
      )
      .default([]),
  }),
)
type RawLink = z.output<typeof Links>[number]

/** `ip -j` prints an empty object for what it filters out. */
function withoutEmpty(document: unknown): unknown {
  return Array.isArray(document) ? document.filter((each) => Object.keys(Object(each)).length > 0) : document
}

/** Scopes of addresses that the kernel gives by itself: link-local ones, 127.0.0.1 and ::1. */
const byItself = new Set(['link', 'host'])

function addressesOf(raw: RawLink): string[] {
  return raw.addr_info.flatMap(({ local, prefixlen, scope }) =>
    local === undefined || byItself.has(scope) ? [] : [formatPrefix(parseInterfaceAddress(`${local}/${prefixlen}`))],
  )
}

function toLink(raw: RawLink): ObservedLink {
  const { info_kind: kind, info_data: data } = raw.linkinfo ?? {}
  return {
    name: raw.ifname,
    alternativeNames: raw.altnames,
    mac: raw.address,
    mtu: raw.mtu,
    up: raw.flags.includes('UP'),
    carrier: raw.flags.includes('LOWER_UP'),
    addresses: addressesOf(raw),
    ...(raw.permaddr === undefined ? {} : { permanentMac: raw.permaddr }),
    ...(raw.parentbus !== 'pci' || raw.parentdev === undefined ? {} : { pci: raw.parentdev }),
    ...(kind === undefined ? {} : { kind }),
    ...(raw.link === undefined ? {} : { parent: raw.link }),
    ...(kind !== 'vlan' || data?.id === undefined ? {} : { vlan: data.id }),
    ...(kind !== 'vlan' || data?.protocol === undefined ? {} : { protocol: data.protocol }),
    ...(raw.master === undefined ? {} : { master: raw.master }),
  }
}

/** The links that `host` sees, with their addresses. */
export async function observeLinks(host: Host): Promise<ObservedLink[]> {
  const ran = await host.query(['ip', '-j', '-d', 'address', 'show'])
  return parse(Links, withoutEmpty(parseJson(ran.stdout, 'ip address')), 'ip address').map(toLink)
}

const Rules = z.array(
  z.looseObject({
    priority: z.int(),
    fwmark: z.string().exactOptional(),
    fwmask: z.string().exactOptional(),
    table: z.string().exactOptional(),
  }),
)

async function observeFamily(host: Host, family: 4 | 6): Promise<Rule[]> {
  const ran = await host.query(['ip', `-${family}`, '-j', '-N', 'rule', 'show'])
  const rules = parse(Rules, parseJson(ran.stdout === '' ? '[]' : ran.stdout, 'ip rule'), 'ip rule')
  return rules.flatMap(({ priority, fwmark, fwmask, table }) =>
    fwmark === undefined || table === undefined
      ? []
      : [{ family, priority, mark: Number(fwmark), mask: Number(fwmask ?? 0xffffffff), table: Number(table) }],
  )
}

/** Rules that ask for a mark; others are not ours. */
export async function observeRules(host: Host): Promise<Rule[]> {
  return (await Promise.all([observeFamily(host, 4), observeFamily(host, 6)])).flat()
}

/** Values of the keys that the kernel has; unknown keys are left out. */
export async function observeSysctls(host: Host, keys: readonly string[]): Promise<Map<string, string>> {
  if (keys.length === 0) return new Map()
  const ran = await host.query(['sysctl', '-e', ...keys])
  const pairs = ran.stdout.split('\n').flatMap((line): [string, string][] => {
    const at = line.indexOf(' = ')
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 3)]]
  })
  return new Map(pairs)
}

/** Looks at the kernel of a namespace; `outside` is the machine around it, when cards may be brought in from there. */
export async function observeLinux(host: Host, sysctls: readonly string[], outside?: Host): Promise<Omit<ObservedLinux, 'translator'>> {
  const [links, around, values, rules, tables] = await Promise.all([
    observeLinks(host),
    outside === undefined ? [] : observeLinks(outside),
    observeSysctls(host, sysctls),
    observeRules(host),
    observeTables(host),
  ])
  return { links, outside: around, sysctls: values, rules, tables }
}
