/** The fake answers as the real VPP 25.06 was seen to answer: refusals, what it takes in silence, and what kills it. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import type { VppClient } from '../api/client.ts'
import { fieldsAt, numberAt } from '../api/fields.ts'
import type { Fields } from '../api/layout.ts'
import { fatal, map, path, policy, prepare, refused, takenInSilence } from './contract.ts'
import { clientFor, fakeAndClient } from './sample.ts'

async function prepared(t: TestContext) {
  const options = { namespaces: new Set(['dataplane']), links: new Set(['eth0', 'eth1']), netns: 'dataplane' }
  const { vpp, client } = await fakeAndClient(t, options)
  const index = async (message: string, fields: Fields = {}): Promise<number> => numberAt(await client.call(message, fields), 'sw_if_index')
  return { vpp, client, index, ...(await prepare(client)) }
}

async function retval(client: VppClient, message: string, fields: Fields): Promise<number> {
  return numberAt(await client.request(message, fields), 'retval')
}

suite('a fake VPP', () => {
  for (const [what, expected, ...calls] of [...refused, ...takenInSilence]) {
    test(`${expected === 0 ? 'takes in silence' : 'refuses'} ${what}`, async (t) => {
      const at = await prepared(t)
      for (const [message, fields] of calls.slice(0, -1)) assert.equal(await retval(at.client, message, fields(at)), 0, message)
      const [message, fields] = calls.at(-1) ?? assert.fail()
      assert.equal(await retval(at.client, message, fields(at)), expected)
    })
  }

  for (const [what, signal, ...calls] of fatal) {
    test(`dies of ${what}, and comes back empty`, async (t) => {
      const at = await prepared(t)
      for (const [message, fields] of calls.slice(0, -1)) assert.equal(await retval(at.client, message, fields(at)), 0, message)
      const [message, fields] = calls.at(-1) ?? assert.fail()
      await assert.rejects(at.client.request(message, fields(at)), /closed the connection/)
      assert.deepEqual(at.vpp.deaths, [signal])
      assert.equal((await (await clientFor(t, at.vpp.socket)).dump('sw_interface_dump')).length, 1)
    })
  }

  test('leaves attachments and features behind when an interface goes, for the next one with its index', async (t) => {
    const { client, loop, index } = await prepared(t)
    await client.call('abf_policy_add_del', policy(1, 0))
    await client.call('abf_itf_attach_add_del', { is_add: true, attach: { policy_id: 1, sw_if_index: loop, priority: 4 } })
    await client.call('det44_interface_add_del_feature', { is_add: true, is_inside: true, sw_if_index: loop })
    await client.call('delete_loopback', { sw_if_index: loop })
    assert.equal(await index('create_loopback_instance'), loop)
    const [attached] = await client.dump('abf_itf_attach_dump')
    assert.deepEqual(attached?.['attach'], { policy_id: 1, sw_if_index: loop, priority: 4, is_ipv6: false })
    assert.equal((await client.dump('det44_interface_dump'))[0]?.['sw_if_index'], loop)
  })

  test('adds paths to a policy that is there, and takes the policy with its last path', async (t) => {
    const { client } = await prepared(t)
    const other = { ...path, nh: { address: { ip4: '192.0.2.2' } } }
    const paths = async (): Promise<number[]> =>
      (await client.dump('abf_policy_dump')).map((row) => numberAt(fieldsAt(row, 'policy'), 'n_paths'))
    await client.call('abf_policy_add_del', policy(1, 0))
    await client.call('abf_policy_add_del', policy(1, 0, [other]))
    assert.deepEqual(await paths(), [2])
    await client.call('abf_policy_add_del', { ...policy(1, 0), is_add: false })
    assert.deepEqual(await paths(), [1])
    await client.call('abf_policy_add_del', { ...policy(1, 0, [other]), is_add: false })
    assert.deepEqual(await paths(), [])
  })

  test('gives deterministic ports as VPP does', async (t) => {
    const { client } = await prepared(t)
    await client.call('det44_add_del_map', map('10.0.0.77', 24, '198.51.100.0', 30))
    const block = async (in_addr: string): Promise<unknown[]> => {
      const reply = await client.call('det44_forward', { in_addr })
      return [reply['out_addr'], reply['out_port_lo'], reply['out_port_hi']]
    }
    assert.deepEqual(await block('10.0.0.1'), ['198.51.100.0', 2032, 3039])
    assert.deepEqual(await block('10.0.0.255'), ['198.51.100.3', 64528, 65535])
    assert.equal((await client.call('det44_reverse', { out_addr: '198.51.100.3', out_port: 2032 }))['in_addr'], '10.0.0.193')
    const [row] = await client.dump('det44_map_dump')
    assert.deepEqual([row?.['in_addr'], row?.['sharing_ratio'], row?.['ports_per_host']], ['10.0.0.0', 64, 1008])
  })

  test('takes sub-interfaces with a twin down with their parent, where they stay', async (t) => {
    const { client, eth0, vlan } = await prepared(t)
    for (const [sw_if_index, host_if_name] of [
      [eth0, 'lan'],
      [vlan, 'lan.100'],
    ] as const) {
      await client.call('lcp_itf_pair_add_del_v3', { is_add: true, sw_if_index, host_if_name })
      await client.call('sw_interface_set_flags', { sw_if_index, flags: 1 })
    }
    const flags = async (): Promise<unknown> => (await client.dump('sw_interface_dump', { sw_if_index: vlan }))[0]?.['flags']
    assert.equal(await flags(), 3)
    await client.call('sw_interface_set_flags', { sw_if_index: eth0, flags: 0 })
    await client.call('sw_interface_set_flags', { sw_if_index: eth0, flags: 1 })
    assert.equal(await flags(), 0)
  })
})
