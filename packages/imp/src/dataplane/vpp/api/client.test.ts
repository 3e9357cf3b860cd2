import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { clientFor, fakeAndClient, fakeFor, host } from '../fake/sample.ts'
import { openVpp } from './client.ts'

function faultLike(code: string, message: RegExp, detail?: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof Fault)
    assert.equal(error.code, code)
    assert.match(error.message, message)
    if (detail !== undefined) assert.match(error.detail ?? '', detail)
    return true
  }
}

/** A socket on which something else than VPP listens. */
async function strangerFor(t: TestContext, greeting: Buffer | undefined): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'imp-vpp-'))
  const socket = join(directory, 'api.sock')
  const server = createServer((connection) => {
    connection.on('error', () => connection.destroy())
    if (greeting !== undefined) connection.write(greeting)
    t.after(() => connection.destroy())
  })
  server.listen(socket)
  await once(server, 'listening')
  t.after(async () => {
    server.close()
    await rm(directory, { recursive: true, force: true })
  })
  return socket
}

suite('a client of VPP', () => {
  test('calls by names and gets typed answers', async (t) => {
    const { client } = await fakeAndClient(t)
    const { sw_if_index: loopback } = await client.call('create_loopback_instance', { is_specified: true, user_instance: 7 })
    await client.call('sw_interface_add_del_address', { sw_if_index: loopback ?? 0, is_add: true, prefix: '2001:db8::1/64' })
    const rows = await client.dump('ip_address_dump', { sw_if_index: loopback ?? 0, is_ipv6: true })
    assert.deepEqual(
      rows.map((row) => row['prefix']),
      ['2001:db8::1/64'],
    )
    assert.match(await client.cli('show version'), /^vpp v25\.06/)
  })

  test('has requests and dumps in flight at the same time, each with its own answers', async (t) => {
    const { client } = await fakeAndClient(t)
    const [made, version, rows, pairs] = await Promise.all([
      Promise.all(Array.from({ length: 300 }, () => client.call('create_loopback_instance'))),
      client.call('show_version'),
      client.dump('sw_interface_dump'),
      client.dump('lcp_itf_pair_get_v2'),
    ])
    assert.equal(new Set(made.map((each) => each['sw_if_index'])).size, 300)
    assert.equal(version['version'], '25.06-release')
    assert.equal(rows.length, 301)
    assert.deepEqual(pairs, [])
  })

  test('says in words what VPP refused', async (t) => {
    const { client } = await fakeAndClient(t)
    await assert.rejects(
      client.call('delete_subif', { sw_if_index: 77 }),
      faultLike('exec', /refused delete_subif: no such interface \(-2\)/),
    )
    assert.equal((await client.request('delete_subif', { sw_if_index: 77 }))['retval'], -2)
    await assert.rejects(client.cli('set speed'), faultLike('exec', /refused the command "set speed"/, /unknown input/))
  })

  test('knows what this VPP does not serve, before anything is sent', async (t) => {
    const { client, vpp } = await fakeAndClient(t, { plugins: new Set(['acl_plugin.so']) })
    assert.deepEqual([client.serves('acl_add_replace'), client.serves('abf_policy_add_del')], [true, false])
    await assert.rejects(client.call('abf_policy_add_del'), faultLike('unsupported', /does not serve abf_policy_add_del/))
    await assert.rejects(client.call('acl_add_replace', { tga: 'x' }), faultLike('bug', /acl_add_replace cannot be sent: .*no field tga/))
    assert.deepEqual(vpp.received, [])
  })

  test('fails everything in flight when VPP dies, and names it', async (t) => {
    const { client, vpp } = await fakeAndClient(t)
    vpp.dieAfter(2)
    const calls = await Promise.allSettled([
      client.call('show_version'),
      client.call('create_loopback_instance'),
      client.dump('sw_interface_dump'),
    ])
    assert.deepEqual(
      calls.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected'],
    )
    const [, second] = calls
    assert.ok(second?.status === 'rejected')
    assert.ok(
      faultLike('exec', /closed the connection/, /in flight: create_loopback_instance, sw_interface_dump, control_ping/)(second.reason),
    )
    assert.match((await client.ended).message, /closed the connection/)
    await assert.rejects(client.call('show_version'), faultLike('exec', /closed the connection/))
    const again = await clientFor(t, vpp.socket)
    assert.equal((await again.dump('sw_interface_dump')).length, 1, 'it came back empty')
  })

  test('gives up on a VPP that says nothing', async (t) => {
    const socket = await strangerFor(t, undefined)
    await assert.rejects(
      openVpp(host, { name: 'core', socket, timeout: 20 }),
      faultLike('timeout', /VPP \(core\) gave no answer within 0\.02 s/, /in flight: sockclnt_create/),
    )
  })

  test('refuses a socket that is not VPP’s', async (t) => {
    const socket = await strangerFor(t, Buffer.from('ssh-2.0-hello-hello-hello'))
    await assert.rejects(openVpp(host, { name: 'core', socket }), faultLike('exec', /VPP \(core\) sent what is not its API/))
    await assert.rejects(openVpp(host, { name: 'core', socket: `${socket}.none` }), faultLike('not-found', /no socket/))
  })

  test('fails what is in flight when it is closed', async (t) => {
    const vpp = await fakeFor(t)
    const client = await openVpp(host, { name: 'core', socket: vpp.socket })
    const call = client.call('show_version')
    client.close()
    await assert.rejects(call, faultLike('bug', /was closed by us/))
  })
})
