/** The guest's ed25519 host key in the formats of OpenSSH and dropbear. */
import { Fault } from '@imp/kit/base/fault.ts'

const magic = 'openssh-key-v1\0'
const algorithm = 'ssh-ed25519'

export interface HostKey {
  /** One line for `.pub` files and known_hosts: `ssh-ed25519 AAAA...`. */
  readonly publicLine: string
  /** Private key file of dropbear. */
  readonly dropbear: Buffer
}

function refused(why: string): Fault {
  return new Fault('input', `the host key is refused: ${why}`, { hint: "make one with: ssh-keygen -t ed25519 -N ''" })
}

/** Reads length-prefixed strings (RFC 4251, 5) from the bytes. */
function reader(bytes: Buffer): { number: () => number; string: () => Buffer } {
  let at = 0
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw refused('it is cut short')
    at += length
    return bytes.subarray(at - length, at)
  }
  const number = (): number => take(4).readUInt32BE()
  return { number, string: () => take(number()) }
}

function lengthPrefixed(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function armoured(text: string): Buffer {
  const match = /^-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END OPENSSH PRIVATE KEY-----\s*$/.exec(text)
  if (match?.[1] === undefined) throw refused('it is no OpenSSH private key')
  const bytes = Buffer.from(match[1], 'base64')
  if (bytes.subarray(0, magic.length).toString('latin1') !== magic) throw refused('it is no OpenSSH private key')
  return bytes.subarray(magic.length)
}

/**
 * Reads an OpenSSH private key (openssh-portable, PROTOCOL.key); an `input` fault when it is anything but one plain ed25519 key.
 * Dropbear keeps the name of the algorithm and the same 64 bytes: the seed and the public key (dropbear, src/ed25519.c).
 */
export function readHostKey(text: string): HostKey {
  const outer = reader(armoured(text))
  const cipher = outer.string().toString()
  if (cipher !== 'none') throw refused('it has a passphrase')
  outer.string()
  outer.string()
  if (outer.number() !== 1) throw refused('it holds more than one key')
  const publicKey = outer.string()
  const inner = reader(outer.string())
  if (inner.number() !== inner.number()) throw refused('it is damaged')
  if (inner.string().toString() !== algorithm) throw refused('it is no ed25519 key')
  inner.string()
  const secret = inner.string()
  if (secret.length !== 64) throw refused('it is damaged')
  return {
    publicLine: `${algorithm} ${publicKey.toString('base64')}`,
    dropbear: Buffer.concat([lengthPrefixed(Buffer.from(algorithm)), lengthPrefixed(secret)]),
  }
}
