/** Interfaces with their states, addresses and counters, as iproute2 tells them. */
import { z } from 'zod'
import { formatPrefix, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { table } from '@imp/kit/base/text.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import type { Host } from '@imp/kit/host/host.ts'

const Direction = z.strictObject({ bytes: z.int(), packets: z.int(), errors: z.int(), dropped: z.int() })

export const ShownInterface = z.strictObject({
  name: z.string(),
  state: z.enum(['up', 'no carrier', 'down']).describe('down: by configuration; no carrier: nothing is connected'),
  kind: z.string().describe('veth, vlan, bridge...; missing for cards').exactOptional(),
  mac: z.string().exactOptional(),
  mtu: z.int(),
  addresses: z.array(z.string()),
  received: Direction,
  sent: Direction,
})
export type ShownInterface = z.output<typeof ShownInterface>

const RawDirection = z.looseObject({ bytes: z.number(), packets: z.number(), errors: z.number(), dropped: z.number() })

const RawLink = z.looseObject({
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.int(),
  address: z.string().exactOptional(),
  linkinfo: z.looseObject({ info_kind: z.string().exactOptional() }).exactOptional(),
  addr_info: z.array(z.looseObject({ local: z.string().exactOptional(), prefixlen: z.int() })).default([]),
  stats64: z.looseObject({ rx: RawDirection, tx: RawDirection }),
})
type RawLink = z.output<typeof RawLink>

function direction({ bytes, packets, errors, dropped }: z.output<typeof RawDirection>): z.output<typeof Direction> {
  return { bytes, packets, errors, dropped }
}

function stateOf(flags: readonly string[]): ShownInterface['state'] {
  if (!flags.includes('UP')) return 'down'
  return flags.includes('LOWER_UP') ? 'up' : 'no carrier'
}

function shown(raw: RawLink): ShownInterface {
  const kind = raw.linkinfo?.info_kind
  return {
    name: raw.ifname,
    state: stateOf(raw.flags),
    ...(kind === undefined ? {} : { kind }),
    ...(raw.address === undefined ? {} : { mac: raw.address }),
    mtu: raw.mtu,
    addresses: raw.addr_info.flatMap(({ local, prefixlen }) =>
      local === undefined ? [] : [formatPrefix(parseInterfaceAddress(`${local}/${prefixlen}`))],
    ),
    received: direction(raw.stats64.rx),
    sent: direction(raw.stats64.tx),
  }
}

/** Reads the answer of `ip -j -s -d address show`. */
export function parseInterfaces(text: string): ShownInterface[] {
  const what = 'ip -j -s -d address show'
  const document = parseJson(text, what)
  // iproute2 prints an empty object for each link that it filters out.
  const links = Array.isArray(document) ? document.filter((each) => Object.keys(Object(each)).length > 0) : document
  return parse(z.array(RawLink), links, what).map(shown)
}

export async function lookAtInterfaces(host: Host): Promise<ShownInterface[]> {
  return parseInterfaces((await host.query(['ip', '-j', '-s', '-d', 'address', 'show'])).stdout)
}

export function viewInterfaces(interfaces: readonly ShownInterface[]): string {
  const rows = interfaces.flatMap((each) => {
    const { received, sent } = each
    const faults = `${received.errors + sent.errors}/${received.dropped + sent.dropped}`
    const [first = '', ...others] = each.addresses
    const row = [each.name, each.state, String(each.mtu), formatBytes(received.bytes), formatBytes(sent.bytes), faults, first]
    return [row, ...others.map((address) => ['', '', '', '', '', '', address])]
  })
  return table([['INTERFACE', 'STATE', 'MTU', 'RECEIVED', 'SENT', 'ERRORS/DROPS', 'ADDRESSES'], ...rows]).join('\n')
}
