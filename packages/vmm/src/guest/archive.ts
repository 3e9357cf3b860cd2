/** A guest's identity as files, in the archive that follows the shared initrd of its kernel. Read by the scripts beside this file. */
import { parseAddress, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import { archive, type CpioEntry } from './cpio.ts'
import { readHostKey } from './hostkey.ts'
import type { GuestIdentity, GuestInterface } from './identity.ts'

/** One thing a line, first word what it is: a shell reads it without any parser (guest/network.sh). */
function interfaceLines(each: GuestInterface): string[] {
  return [
    `interface ${each.mac} ${each.name}`,
    ...(each.mtu === undefined ? [] : [`mtu ${each.name} ${each.mtu}`]),
    ...each.addresses.map((address) => `address ${parseInterfaceAddress(address).family} ${each.name} ${address}`),
  ]
}

function gatewayLines(each: GuestInterface): string[] {
  return each.gateways.map((gateway) => `gateway ${parseAddress(gateway).family} ${each.name} ${gateway}`)
}

function lines(each: readonly string[]): string {
  return each.map((line) => `${line}\n`).join('')
}

/** All names before all addresses, all addresses before all gateways. */
function interfacesFile(interfaces: readonly GuestInterface[]): string {
  const named = interfaces.flatMap(interfaceLines)
  const first = named.filter((line) => line.startsWith('interface '))
  const second = named.filter((line) => !line.startsWith('interface '))
  return lines([...first, ...second, ...interfaces.flatMap(gatewayLines)])
}

function entries(identity: GuestIdentity): CpioEntry[] {
  const key = readHostKey(identity.hostKey)
  const file = (name: string, content: string | Uint8Array, mode = 0o644): CpioEntry => ({
    kind: 'file',
    path: `identity/${name}`,
    mode,
    content,
  })
  return [
    { kind: 'directory', path: 'identity', mode: 0o700 },
    file('hostname', `${identity.hostname}\n`),
    file('machine-id', `${identity.machineId}\n`),
    file('resolv.conf', lines(identity.nameservers.map((server) => `nameserver ${server}`))),
    file('authorized_keys', lines(identity.authorizedKeys)),
    file('ssh_host_ed25519_key', identity.hostKey.endsWith('\n') ? identity.hostKey : `${identity.hostKey}\n`, 0o600),
    file('ssh_host_ed25519_key.pub', `${key.publicLine}\n`),
    file('interfaces', interfacesFile(identity.interfaces)),
    file('mounts', lines(identity.mounts.map(({ label, tag, readOnly }) => `${label} ${tag} ${readOnly ? 'ro' : 'rw'}`))),
    { kind: 'directory', path: 'vmm' },
    { kind: 'file', path: 'vmm/host-key', mode: 0o600, content: key.dropbear },
  ]
}

/** The archive with everything that the identity says. */
export function identityArchive(identity: GuestIdentity): Buffer {
  return archive(entries(identity))
}
