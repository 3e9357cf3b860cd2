/** Addresses of a node as its kernel has them. */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'

const IpAddresses = z.array(
  z.looseObject({
    ifname: z.string().exactOptional(),
    operstate: z.string().exactOptional(),
    addr_info: z
      .array(z.looseObject({ local: z.string(), prefixlen: z.int(), scope: z.string(), tentative: z.boolean().exactOptional() }))
      .default([]),
  }),
)

export interface InterfaceState {
  readonly name: string
  /** `up`, `down`, `lowerlayerdown`... (RFC 2863 ifOperStatus, as Linux names it). */
  readonly state: string
  /** With prefix length; only those that are valid for traffic beyond the link and past duplicate address detection. */
  readonly addresses: readonly string[]
}

/** Interfaces of the machine or namespace behind the host, without the loopback's own 127.0.0.1 and ::1. */
export async function interfacesAt(host: Host): Promise<InterfaceState[]> {
  const ran = await host.query(['ip', '-j', 'address', 'show'])
  const links = parse(IpAddresses, parseJson(ran.stdout === '' ? '[]' : ran.stdout, 'ip -j address'), 'ip -j address')
  return links.flatMap(({ ifname, operstate, addr_info }) => {
    if (ifname === undefined) return []
    const usable = addr_info.filter((each) => each.scope === 'global' && each.tentative !== true)
    const addresses = usable.map((each) => `${each.local}/${each.prefixlen}`)
    return [{ name: ifname, state: (operstate ?? 'unknown').toLowerCase(), addresses }]
  })
}
