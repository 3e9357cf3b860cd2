import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { inspect } from '@imp/kit/base/schema.ts'
import { identityArchive } from './archive.ts'
import { bootArguments } from './boot.ts'
import { GuestIdentity } from './identity.ts'
import { sampleHostKey, sampleIdentity } from './sample.ts'

/** The content of one file of an archive, by GNU cpio. */
function fileIn(bytes: Buffer, path: string): string {
  return execFileSync('cpio', ['--quiet', '--extract', '--to-stdout', path], { input: bytes, encoding: 'utf8' })
}

suite('identityArchive', () => {
  const bytes = identityArchive(sampleIdentity)

  test('names all interfaces, then gives addresses, then gateways', () => {
    assert.deepEqual(fileIn(bytes, 'identity/interfaces').trim().split('\n'), [
      'interface 06:00:c0:00:02:05 eth0',
      'interface 06:00:c6:33:64:05 eth1',
      'interface 06:00:00:00:00:07 lan',
      'address 4 eth0 192.0.2.5/24',
      'address 6 eth0 2001:db8::5/64',
      'address 4 eth1 198.51.100.5/32',
      'gateway 4 eth0 192.0.2.1',
      'gateway 6 eth0 2001:db8::1',
    ])
  })

  const files: Readonly<Record<string, string>> = {
    'identity/hostname': 'web1.example.net\n',
    'identity/machine-id': '0123456789abcdef0123456789abcdef\n',
    'identity/resolv.conf': 'nameserver 192.0.2.53\nnameserver 2001:db8::53\n',
    'identity/authorized_keys': 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKq0 admin@example.net\n',
    'identity/ssh_host_ed25519_key': sampleHostKey.private,
    'identity/ssh_host_ed25519_key.pub': `${sampleHostKey.public}\n`,
  }
  for (const [path, content] of Object.entries(files)) {
    test(`writes ${path}`, () => assert.equal(fileIn(bytes, path), content))
  }

  test('keeps private keys from everybody but root', () => {
    const listing = execFileSync('cpio', ['--quiet', '--list', '--verbose'], { input: bytes, encoding: 'utf8' })
    assert.match(listing, /^drwx------ .* identity$/m)
    assert.match(listing, /^-rw------- .* identity\/ssh_host_ed25519_key$/m)
    assert.match(listing, /^-rw------- .* vmm\/host-key$/m)
  })

  test('is the same for the same identity', () => assert.deepEqual(identityArchive(structuredClone(sampleIdentity)), bytes))
})

suite('GuestIdentity', () => {
  const wrong: Readonly<Record<string, Partial<GuestIdentity>>> = {
    'a hostname with a blank': { hostname: 'a b' },
    'a machine id of zeros': { machineId: '0'.repeat(32) },
    'a machine id with dashes': { machineId: '01234567-89ab-cdef-0123-456789abcdef' },
    'two lines as one key': { authorizedKeys: ['ssh-ed25519 AAAA\nssh-ed25519 BBBB'] },
    'a word that is no key': { authorizedKeys: ['hello'] },
    'a nameserver that is a name': { nameservers: ['dns.example.net'] },
    'an address without length': { interfaces: [{ mac: '06:00:00:00:00:01', name: 'eth0', addresses: ['192.0.2.1'], gateways: [] }] },
    'a name that a shell would read': { interfaces: [{ mac: '06:00:00:00:00:01', name: 'eth0;reboot', addresses: [], gateways: [] }] },
  }
  for (const [what, change] of Object.entries(wrong)) {
    test(`refuses ${what}`, () => assert.equal(inspect(GuestIdentity, { ...sampleIdentity, ...change }).findings.length > 0, true))
  }

  for (const key of [
    'ssh-ed25519 AAAA',
    'ecdsa-sha2-nistp256 AAAA= me',
    'no-pty,from="10.0.0.0/8" ssh-rsa AAAA a b',
    'sk-ssh-ed25519@openssh.com AAAA',
  ]) {
    test(`takes the key ${key}`, () => assert.deepEqual(inspect(GuestIdentity, { ...sampleIdentity, authorizedKeys: [key] }).findings, []))
  }
})

test('bootArguments tells the root and keeps the names of interfaces', () => {
  assert.deepEqual(bootArguments({ root: 'overlay' }), ['vmm.root=overlay', 'net.ifnames=0'])
  assert.deepEqual(bootArguments({ root: 'disk', init: '/bin/app' }), ['vmm.root=disk', 'vmm.init=/bin/app', 'net.ifnames=0'])
})
