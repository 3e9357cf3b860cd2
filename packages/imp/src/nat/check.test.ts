import { suite, test } from 'node:test'
import { assertFound, lan, onlyNat, ports, wan, titleOf, type Case } from '../config/sample.ts'

const cases: readonly Case[] = [
  {
    rule: 'a pool that is larger than the inside',
    changes: onlyNat('192.168.0.0/29', '203.0.113.96/28'),
    path: 'nat.mappings[0].outside',
    message: /larger than the inside/,
  },
  { rule: 'no port for a host', changes: onlyNat('10.0.0.0/8', '203.0.113.96/32'), path: 'nat.mappings[0].outside', message: /no port/ },
  {
    rule: 'few ports for a host',
    severity: 'warning',
    changes: onlyNat('192.168.0.0/17', '203.0.113.96/29'),
    path: 'nat.mappings[0].outside',
    message: /15 ports to each host: 4096 share/,
  },
  { rule: 'too many hosts', changes: onlyNat('10.0.0.0/13', '203.0.113.0/25'), path: 'nat.mappings', message: /524288 hosts/ },
  {
    rule: 'many hosts',
    severity: 'warning',
    changes: onlyNat('10.0.0.0/15', '203.0.113.128/25'),
    path: 'nat.mappings',
    message: /131072 hosts/,
  },
  {
    rule: 'an inside twice',
    changes: {
      nat: {
        mappings: [
          { inside: '192.168.0.0/17', outside: '203.0.113.96/28' },
          { inside: '192.168.40.0/24', outside: '203.0.113.128/30' },
        ],
      },
    },
    path: 'nat.mappings[1].inside',
    message: /overlaps 192\.168\.0\.0\/17/,
  },
  {
    rule: 'a pool twice',
    changes: {
      nat: {
        mappings: [
          { inside: '192.168.0.0/17', outside: '203.0.113.96/28' },
          { inside: '10.234.116.0/24', outside: '203.0.113.96/30' },
        ],
      },
    },
    path: 'nat.mappings[1].outside',
    message: /overlaps 203\.0\.113\.96\/28/,
  },
  {
    rule: 'an inside that is a pool',
    changes: onlyNat('203.0.113.96/28', '203.0.113.96/28'),
    path: 'nat.mappings[0].inside',
    message: /overlaps the pool/,
  },
  {
    rule: 'an inside that is outside',
    changes: onlyNat('198.51.100.0/24', '203.0.113.96/30'),
    path: 'nat.mappings[0].inside',
    message: /external interface wan/,
  },
  {
    rule: 'a pool that is not announced',
    changes: onlyNat('192.168.0.0/17', '198.18.0.0/28'),
    path: 'nat.mappings[0].outside',
    message: /no announced prefix/,
  },
  {
    rule: 'a pool with the address of a peer',
    changes: onlyNat('192.168.0.0/24', '198.51.100.0/30'),
    path: 'nat.mappings[0].outside',
    message: /another router, 198\.51\.100\.1/,
  },
  {
    rule: 'a pool with hosts in it',
    changes: onlyNat('192.168.0.0/24', '203.0.113.24/30'),
    path: 'nat.mappings[0].outside',
    message: /overlaps the network of dmz\.7\.9/,
  },
  {
    rule: 'a pool that nobody answers ARP for',
    severity: 'warning',
    changes: { ...ports({ ...wan, addresses: ['198.51.100.2/24'] }, lan), ...onlyNat('192.168.0.0/24', '198.51.100.64/28') },
    path: 'nat.mappings[0].outside',
    message: /network of wan/,
  },
  {
    rule: 'NAT without an outside',
    changes: { ...ports(lan), ...onlyNat('192.168.0.0/24', '203.0.113.96/30') },
    path: 'nat',
    message: /no external interface/,
  },
  {
    rule: 'a bypass without effect',
    severity: 'warning',
    changes: {
      nat: {
        mappings: [
          { inside: '192.168.0.0/17', outside: '203.0.113.96/28' },
          { inside: '10.234.116.0/24', outside: '203.0.113.128/30' },
        ],
        bypass: [{ source: '172.16.0.0/24', destination: '10.0.0.0/8' }],
      },
    },
    path: 'nat.bypass[0].source',
    message: /in no mapping/,
  },
  {
    rule: 'a private network without a mapping',
    severity: 'warning',
    changes: onlyNat('192.168.0.0/24', '203.0.113.96/30'),
    path: 'interfaces[1].subinterfaces[0].addresses[0]',
    message: /in no NAT mapping/,
  },
]

suite('rules of NAT', () => {
  for (const each of cases) test(titleOf(each), () => assertFound(each))
})
