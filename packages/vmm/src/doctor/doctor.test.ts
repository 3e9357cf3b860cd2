import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { lookAtNetwork } from './network.ts'
import { lookAtPrograms } from './programs.ts'
import { lookAtSpace } from './space.ts'

const bridge = { name: 'vmm-br0', subnet: '172.16.0.0/16' }

function network(answers: Partial<Record<'routes' | 'default' | 'chains' | 'links', unknown>>): ReturnType<typeof lookAtNetwork> {
  const host = fakeHost({
    answers: {
      'ip -j -4 route show': JSON.stringify(answers.routes ?? []),
      'ip -j -4 route show default': JSON.stringify(answers.default ?? [{ dst: 'default', dev: 'eth0' }]),
      'nft -j list chains': JSON.stringify({ nftables: answers.chains ?? [] }),
      'ip -j link show': JSON.stringify(answers.links ?? []),
    },
  })
  return lookAtNetwork(host, bridge, new Set(['vmm-0badcafe']))
}

test('a computer with nothing in the way is well', async () => {
  assert.deepEqual([...new Set((await network({})).map(({ severity }) => severity))], ['ok'])
})

test('what is in the way of the network is named with its remedy', async () => {
  const drop = { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' }
  const found = await network({
    routes: [
      { dst: '172.16.0.0/16', dev: 'vmm-br0' },
      { dst: '172.16.5.0/24', dev: 'docker0' },
    ],
    default: [],
    chains: [{ chain: drop }],
    links: [{ ifname: 'vmm-0badcafe' }, { ifname: 'vmm-00000001' }, { ifname: 'vmm-br0' }],
  })
  assert.deepEqual(
    found.map(({ severity, message }) => `${severity}: ${message}`),
    [
      'problem: 172.16.0.0/16 of vmm-br0 overlaps with 172.16.5.0/24 on docker0',
      'warning: there is no default route: machines reach nothing beyond this computer',
      'note: ip filter FORWARD drops what nobody accepts; vmm adds an accept for its bridge there while machines run',
      'warning: vmm-00000001: no machine has it',
    ],
  )
  assert.equal(found[3]?.remedy, 'ip link delete vmm-00000001')
})

test('programs that are missing are named with the packages that bring them', async () => {
  const found = await lookAtPrograms((program) => Promise.resolve(program !== 'mke2fs' && program !== 'ssh-keygen'), false)
  assert.equal(found[0]?.message, 'mke2fs, ssh-keygen missing')
  assert.equal(found[0]?.remedy, 'apt-get install e2fsprogs openssh-client')
  assert.equal(
    found.some(({ subject }) => subject === 'the bridge of machines'),
    false,
  )
})

test('room is that of the nearest directory that exists', async () => {
  const [found] = await lookAtSpace(localHost(), '/var/lib/no-such-directory/of-ours')
  assert.match(found?.message ?? '', /free on the file system of \/var\/lib\/no-such-directory\/of-ours/)
})
