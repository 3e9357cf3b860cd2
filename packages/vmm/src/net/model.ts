/** Networks of machines: what a machine keeps of its network, and the names and numbers that follow from it. */
import { z } from 'zod'
import { formatAddress, parseAddress } from '@imp/kit/base/ip.ts'
import { Address4, interfaceName, Mac, Port, Prefix4 } from '@imp/kit/base/schema.ts'

/** `bridge`: an address of its own behind a bridge of this computer; `user`: behind the engine, without root; `none`. */
export const NetworkKind = z.enum(['bridge', 'user', 'none'])
export type NetworkKind = z.output<typeof NetworkKind>

export const MachineNetwork = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('bridge'), mac: Mac, address: Address4 }),
  z.strictObject({ kind: z.literal('user'), mac: Mac, sshPort: Port }),
  z.strictObject({ kind: z.literal('none') }),
])
export type MachineNetwork = z.output<typeof MachineNetwork>

/** A TAP that the caller made and wired; the machine gets a further interface on it. */
export const CallerTap = z.strictObject({ tap: interfaceName(), mac: Mac })
export type CallerTap = z.output<typeof CallerTap>

/** A TCP port of this computer that leads to a port of the guest. */
export const PortForward = z.strictObject({ host: Port, guest: Port })
export type PortForward = z.output<typeof PortForward>

export const BridgeSettings = z.strictObject({
  bridge: interfaceName(),
  subnet: Prefix4,
  gateway: Address4,
  /** Interface that guests leave by; any unless told. */
  uplink: interfaceName().optional(),
})
export type BridgeSettings = z.output<typeof BridgeSettings>

/** A machine on the bridge, as the firewall knows it. */
export const Member = z.strictObject({ tap: interfaceName(), mac: Mac, address: Address4, forwards: z.array(PortForward) })
export type Member = z.output<typeof Member>

/** The user-mode network of QEMU (net/slirp.c): guest, gateway and name server are always these. */
export const userNetwork = { address: '10.0.2.15/24', gateway: '10.0.2.2', nameserver: '10.0.2.3' } as const

/** The TAP of a machine: 12 of the 15 bytes that an interface name may have. */
export function tapOf(id: string): string {
  return `vmm-${id}`
}

function octets(value: bigint): string {
  return value.toString(16).padStart(8, '0').match(/../g)?.join(':') ?? ''
}

/** Locally administered, and found again from the address: 06:00 and its four octets. */
export function macOfAddress(address: string): string {
  return `06:00:${octets(parseAddress(address, 4).value)}`
}

/** The MAC of a machine without an address of its own: 06:01 and its id. */
export function macOfId(id: string): string {
  return `06:01:${octets(BigInt(`0x${id}`))}`
}

/** `172.16.0.1/16`: the address of the bridge itself. */
export function gatewayAddress({ gateway, subnet }: BridgeSettings): string {
  return `${formatAddress(parseAddress(gateway, 4))}/${subnet.split('/')[1]}`
}
