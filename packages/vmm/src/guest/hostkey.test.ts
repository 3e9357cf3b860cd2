import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { readHostKey } from './hostkey.ts'
import { sampleHostKey } from './sample.ts'

function reasonFor(text: string): string {
  try {
    readHostKey(text)
  } catch (error) {
    assert.ok(error instanceof Fault)
    assert.equal(error.code, 'input')
    return error.message
  }
  return 'accepted'
}

/** The sample with bytes changed inside its armour. */
function edited(change: (bytes: Buffer) => Buffer): string {
  const lines = sampleHostKey.private.trim().split('\n')
  const bytes = change(Buffer.from(lines.slice(1, -1).join(''), 'base64'))
  return `${lines[0]}\n${bytes.toString('base64')}\n${lines.at(-1)}\n`
}

suite('readHostKey', () => {
  test('finds the public key that ssh-keygen wrote', () => {
    assert.equal(readHostKey(sampleHostKey.private).publicLine, sampleHostKey.public)
  })

  test("writes dropbear's format: name, then seed and public key", () => {
    const { dropbear, publicLine } = readHostKey(sampleHostKey.private)
    const publicKey = Buffer.from(publicLine.split(' ')[1] ?? '', 'base64').subarray(-32)
    assert.equal(dropbear.length, 4 + 11 + 4 + 64)
    assert.equal(dropbear.toString('latin1', 4, 15), 'ssh-ed25519')
    assert.equal(dropbear.readUInt32BE(15), 64)
    assert.deepEqual(dropbear.subarray(-32), publicKey)
  })

  const damaged: Readonly<Record<string, string>> = {
    'no key at all': 'hello',
    'a public key': sampleHostKey.public,
    'another armour': sampleHostKey.private.replaceAll('OPENSSH', 'RSA'),
    'a key that is cut': edited((bytes) => bytes.subarray(0, 100)),
    'a key with a passphrase': edited((bytes) => Buffer.from(bytes.toString('latin1').replace('none', 'aes2'), 'latin1')),
    'two keys': edited((bytes) => Buffer.concat([bytes.subarray(0, 38), Buffer.from([2]), bytes.subarray(39)])),
    'check numbers that differ': edited((bytes) => {
      // Magic, cipher, kdf, options, count, then the public key (4 + 51 bytes) and the length of the private part.
      bytes.writeUInt8(bytes.readUInt8(98) ^ 1, 98)
      return bytes
    }),
  }
  for (const [what, text] of Object.entries(damaged)) {
    test(`refuses ${what}`, () => {
      assert.match(reasonFor(text), /^the host key is refused/)
    })
  }
})
