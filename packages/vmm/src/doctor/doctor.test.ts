import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { lookAtFormer } from './former.ts'
import { lookAtNetwork } from './network.ts'
import { lookAtPrograms } from './programs.ts'
import { lookAtSpace } from './space.ts'

const subject = { name: 'vmm-br0', subnet: '172.16.0.0/16', bridges: ['vmm-br0', 'vmm-br1'], taps: new Set(['vmm-0badcafe']) }

function network(
  answers: Partial<Record<'routes' | 'default' | 'chains' | 'links', unknown>> & { named?: string },
): ReturnType<typeof lookAtNetwork> {
  const host = fakeHost({
    answers: {
      'ip -j -4 route show': JSON.stringify(answers.routes ?? []),
      'ip -j -4 route show default': JSON.stringify(answers.default ?? [{ dst: 'default', dev: 'eth0' }]),
      'nft -j list ruleset': JSON.stringify({ nftables: answers.chains ?? [] }),
      'ip -j link show': JSON.stringify(answers.links ?? []),
    },
  })
  return lookAtNetwork(host, { ...subject, hostInterface: answers.named })
}

test('a computer with nothing in the way is well', async () => {
  assert.deepEqual([...new Set((await network({})).map(({ severity }) => severity))], ['ok'])
})

test('what is in the way of the network is named with its remedy', async () => {
  const drop = { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop' }
  const ours = { family: 'inet', table: 'vmm-br0', name: 'egress' }
  const found = await network({
    routes: [
      { dst: '172.16.0.0/16', dev: 'vmm-br0' },
      { dst: '172.16.5.0/24', dev: 'docker0' },
    ],
    default: [],
    chains: [
      { chain: drop },
      { chain: ours },
      { rule: { family: 'ip', table: 'filter', chain: 'FORWARD', handle: 2, comment: 'vmm vmm-br0' } },
    ],
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

test('rules that somebody took away are a problem, of bridges that are there', async () => {
  const theirs = { family: 'inet', table: 'firewalld', name: 'filter_FORWARD', hook: 'forward', policy: 'accept' }
  const found = await network({
    chains: [
      { chain: theirs },
      { rule: { family: 'inet', table: 'firewalld', chain: 'filter_FORWARD', handle: 9, expr: [{ reject: null }] } },
      { chain: { family: 'inet', table: 'vmm-br0', name: 'egress' } },
    ],
    links: [{ ifname: 'vmm-br0' }],
  })
  const [problem, ...others] = found.filter(({ severity }) => severity === 'problem')
  assert.equal(problem?.message, 'inet firewalld filter_FORWARD does not let vmm-br0 through any more')
  assert.equal(problem.remedy, 'vmm network repair')
  assert.deepEqual(others, [])
  const gone = await network({ links: [{ ifname: 'vmm-br1' }] })
  assert.equal(gone.find(({ severity }) => severity === 'problem')?.message, 'the rules of vmm-br1 are gone')
})

test('an interface of the settings that is not that of the default route is told', async () => {
  const told = async (named: string): Promise<string[]> =>
    (await network({ named })).flatMap(({ severity, message }) => (severity === 'note' ? [message] : []))
  assert.deepEqual(await told('eth0'), [])
  assert.match((await told('wlan0'))[0] ?? '', /host_interface of the settings is wlan0, but the default route leads by eth0/)
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

test('what baremetalvmm left is named with the commands that bring it here', async (t) => {
  const data = await mkdtemp(join(tmpdir(), 'vmf'))
  t.after(() => rm(data, { recursive: true, force: true }))
  assert.deepEqual(await lookAtFormer(localHost(), data, []), [])
  await mkdir(join(data, 'images', 'kernels'), { recursive: true })
  for (const path of ['images/rootfs.ext4', 'images/ubuntu-base.ext4', 'images/debian.json', 'images/kernels/kernel-6.1'])
    await writeFile(join(data, path), '')
  const found = await lookAtFormer(localHost(), data, ['old1'])
  assert.deepEqual(
    found.map(({ subject, severity, message }) => [subject, severity, message]),
    [
      ['former machines', 'note', '1 machine of baremetalvmm, listed and not started: old1'],
      ['former images', 'note', '2 images of baremetalvmm: rootfs.ext4, ubuntu-base.ext4'],
      ['former kernels', 'note', '1 kernel of baremetalvmm: kernel-6.1'],
    ],
  )
  assert.match(found[1]?.remedy ?? '', /vmm image import tar:rootfs\.tar --name rootfs$/)
  assert.equal(found[2]?.remedy, `vmm kernel import ${join(data, 'images/kernels/kernel-6.1')} --name kernel-6.1`)
})
