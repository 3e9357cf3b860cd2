/** Who a guest is: what the host tells it before its own init runs. Everything here ends up in files of the guest. */
import { z } from 'zod'
import { Address, HostName, InterfaceAddress, Mac, interfaceName } from '@imp/kit/base/schema.ts'

/** One line of an authorized_keys file (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
export const AuthorizedKey = z
  .string()
  .regex(/^[\x20-\x7e]+$/, 'must be one line of printable ASCII')
  .regex(/(^|\s)(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(\s|$)/, 'must be a line of an authorized_keys file')

/** One network interface. The guest finds it by its MAC and gives it the name; without addresses it is named and left down. */
export const GuestInterface = z.strictObject({
  mac: Mac,
  /** Usually `eth0`, `eth1`... in the order of the interfaces of the machine. */
  name: interfaceName(),
  addresses: z.array(InterfaceAddress).max(32),
  /** Next hops of default routes, at most one of each family. */
  gateways: z.array(Address).max(2),
  /** Bytes; that of the device unless told. */
  mtu: z.int().min(1280).max(65_535).optional(),
})
export type GuestInterface = z.output<typeof GuestInterface>

/** A disk of its own that is mounted at /mnt/<tag>; found by its label. */
export const GuestMount = z.strictObject({
  label: z.string().regex(/^[A-Za-z0-9-]{1,16}$/),
  tag: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/),
  readOnly: z.boolean(),
})

export const GuestIdentity = z.strictObject({
  hostname: HostName,
  /** 32 lower case hexadecimal digits (machine-id(5)). */
  machineId: z.string().regex(/^(?!0{32})[0-9a-f]{32}$/, 'must be 32 lower case hexadecimal digits, not all zero'),
  /** Root may log in with these, besides what the image itself allows. */
  authorizedKeys: z.array(AuthorizedKey).max(256),
  /** Private ed25519 host key in OpenSSH format (PEM armour `OPENSSH PRIVATE KEY`), without passphrase. */
  hostKey: z.string(),
  nameservers: z.array(Address).max(3),
  interfaces: z.array(GuestInterface).max(32),
  mounts: z.array(GuestMount).max(16),
})
export type GuestIdentity = z.output<typeof GuestIdentity>
