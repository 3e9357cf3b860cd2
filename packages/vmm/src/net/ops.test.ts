import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { contextFor, type VmmContext } from '../context.ts'
import { remove } from '../life/ops.ts'
import type { VmView } from '../vm/model.ts'
import { create, show } from '../vm/ops.ts'
import { networks } from './store.ts'
import { operations } from './ops.ts'
import { contextOn } from '@imp/kit/op/sample.ts'

let directory: string
let context: VmmContext

/** Does what `vmm network WORD` does. */
async function network(word: string, input: Record<string, unknown>): Promise<unknown> {
  const found = operations.find(({ path }) => path.join(' ') === `network ${word}`) ?? assert.fail(word)
  return invoke(found, context, input)
}

async function interfacesOf(name: string): Promise<string[]> {
  const answer = await invoke(show, context, { name })
  assert.ok(answer.answer === 'result')
  return (answer.value as VmView).interfaces.map(
    (each) => `${each.name} ${each.network} ${each.addresses[0]}${each.defaultRoute ? ' default' : ''}`,
  )
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vmc'))
  context = await contextFor(contextOn(localHost(), { yes: true }), true, { VMM_DATA_DIR: directory, HOME: directory })
  const created = context.host.clock.now().toISOString()
  const egress = { policy: 'internet' as const, allow: [] }
  for (const [name, third] of [
    ['front', 101],
    ['back', 102],
  ] as const) {
    const subnet = `172.29.${third}.0/24`
    await networks(context).put(name, {
      name,
      bridge: `vmm-br${third}`,
      subnet,
      gateway: `172.29.${third}.1`,
      isolated: false,
      egress,
      created,
    })
  }
})
after(() => rm(directory, { recursive: true }))

test('machines are made on several networks, put on others and taken off again', async () => {
  await invoke(create, context, { name: 'a', networks: ['front,default'], routeBy: 'default' })
  assert.deepEqual(await interfacesOf('a'), ['eth0 front 172.29.101.2/24', 'eth1 default 172.16.0.2/16 default'])
  await network('connect', { network: 'back', machine: 'a' })
  assert.deepEqual(await interfacesOf('a'), [
    'eth0 front 172.29.101.2/24',
    'eth1 default 172.16.0.2/16 default',
    'eth2 back 172.29.102.2/24',
  ])
  await network('disconnect', { network: 'default', machine: 'a' })
  assert.deepEqual(await interfacesOf('a'), ['eth0 front 172.29.101.2/24 default', 'eth1 back 172.29.102.2/24'])
  await network('disconnect', { network: 'front', machine: 'a' })
  assert.deepEqual(await interfacesOf('a'), ['eth0 back 172.29.102.2/24 default'])
})

test('an address is leased while the machine is on the network, and free afterwards', async () => {
  await invoke(create, context, { name: 'b', networks: ['back', 'front'] })
  assert.deepEqual(await interfacesOf('b'), ['eth0 back 172.29.102.3/24 default', 'eth1 front 172.29.101.2/24'])
  await assert.rejects(network('delete', { name: 'back' }), { code: 'state', hint: 'vmm network disconnect back a' })
  await network('disconnect', { network: 'back', machine: 'a' })
  assert.deepEqual(await interfacesOf('a'), [])
  await invoke(create, context, { name: 'c', networks: ['back'] })
  assert.deepEqual(await interfacesOf('c'), ['eth0 back 172.29.102.2/24 default'])
  await invoke(remove, context, { names: ['c'] })
  await network('connect', { network: 'back', machine: 'a' })
  assert.deepEqual(await interfacesOf('a'), ['eth0 back 172.29.102.2/24 default'])
})

test('what cannot be is refused, and changes nothing', async () => {
  const seen = await interfacesOf('b')
  await assert.rejects(network('connect', { network: 'back', machine: 'b' }), { code: 'conflict' })
  await assert.rejects(network('disconnect', { network: 'default', machine: 'b' }), { code: 'not-found' })
  await assert.rejects(network('connect', { network: 'nowhere', machine: 'b' }), { code: 'not-found' })
  await assert.rejects(invoke(create, context, { name: 'd', networks: ['user', 'back'] }), { code: 'input' })
  await assert.rejects(invoke(create, context, { name: 'd', networks: ['back,back'] }), { code: 'input' })
  await assert.rejects(invoke(create, context, { name: 'd', networks: ['back'], routeBy: 'front' }), { code: 'input' })
  assert.deepEqual(await interfacesOf('b'), seen)
})
