/** Captures of VPP over the fake: how they begin and end, what is refused, and what is told when somebody dies. */
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import type { FakeVpp } from '../dataplane/vpp/fake/server.ts'
import { clientFor, fakeFor } from '../dataplane/vpp/fake/sample.ts'
import type { VppClient } from '../dataplane/vpp/api/client.ts'
import type { Capture } from './model.ts'
import { emptyFile } from './pcap.ts'
import { captureFiles, capturePlace, type CapturePlace } from './place.ts'
import { captures } from './store.ts'
import { parseVppFilter } from './vpp-filter.ts'
import { findPort } from './vpp-pcap.ts'
import { awaitEnd, forgetInVpp, inspectInVpp, startInVpp, stopInVpp } from './vpp-record.ts'

interface Bench {
  readonly vpp: FakeVpp
  readonly client: VppClient
  readonly host: ReturnType<typeof fakeHost>
  readonly place: CapturePlace
  readonly living: Set<string>
  readonly start: (name: string, link?: string, filter?: string) => Promise<void>
  readonly stop: (name: string) => Promise<void>
  readonly state: (name: string) => Promise<unknown>
}

function captureOf(name: string, link: string, filter: string | undefined): Capture {
  return {
    interface: link,
    ...(filter === undefined ? {} : { filter }),
    maxSizeMib: 1,
    maxSeconds: 5,
    startedAt: '1970-01-01T00:00:00.000Z',
    vpp: { instance: 'core', file: `imp-${name}.pcap`, packets: 10, bytes: 1522 },
  }
}

async function open(t: TestContext): Promise<Bench> {
  const host = fakeHost()
  const vpp = await fakeFor(t, { links: new Set(['eth0']), writes: (path, packets) => void host.contents.set(path, `${packets} packets`) })
  const client = await clientFor(t, vpp.socket)
  await client.call('af_packet_create_v3', { mode: 1, use_random_hw_addr: true, host_if_name: 'eth0' })
  await client.call('sw_interface_set_interface_name', { sw_if_index: 1, name: 'lan' })
  await client.call('create_vlan_subif', { sw_if_index: 1, vlan_id: 40 })
  const living = new Set<string>()
  const waiter = {
    start: async (name: string) => void living.add(name),
    isAlive: async (name: string) => living.has(name),
    stop: async (name: string) => void living.delete(name),
    forget: async () => undefined,
  }
  const connect = (): Promise<VppClient | undefined> => clientFor(t, vpp.socket).catch(() => undefined)
  const place = capturePlace({ name: 'test', local: host, machine: host, host, stateDirectory: '/state' }, { connect, waiter })
  const store = captures(host, place.directory)
  return {
    vpp,
    client,
    host,
    place,
    living,
    start: async (name, link = 'lan', filter) => {
      const matches = filter === undefined ? [{}] : parseVppFilter(filter)
      await startInVpp(place, client, name, captureOf(name, link, filter), await findPort(client, link), matches)
    },
    stop: async (name) => stopInVpp(place, name, await store.get(name)),
    state: async (name) => {
      const { vpp: recording } = await store.get(name)
      return recording === undefined ? undefined : inspectInVpp(place, name, recording)
    },
  }
}

function packetsOf({ place, host }: Bench, name: string): string | undefined {
  return host.contents.get(captureFiles(place, name).packets)
}

suite('captures of VPP', () => {
  test('record until they are stopped, and their packets come to their place', async (t) => {
    const bench = await open(t)
    const { vpp, start, stop, state, host } = bench
    await start('loss')
    assert.deepEqual(await state('loss'), { state: 'running', held: 0 })
    const { pcap } = vpp.state
    assert.ok(pcap !== undefined && !pcap.filter)
    pcap.captured = 3
    assert.deepEqual(await state('loss'), { state: 'running', held: 3 })
    await stop('loss')
    await stop('loss')
    assert.deepEqual([await state('loss'), packetsOf(bench, 'loss')], [{ state: 'ended' }, '3 packets'])
    assert.equal(host.contents.has('/tmp/imp-loss.pcap'), false)
    assert.deepEqual(vpp.deaths, [])
  })

  test('without a packet are an empty file, since VPP writes none', async (t) => {
    const bench = await open(t)
    await bench.start('none')
    await bench.stop('none')
    assert.deepEqual([await bench.state('none'), packetsOf(bench, 'none')], [{ state: 'ended' }, emptyFile().toString()])
  })

  test('of a VLAN take the frames of its port that carry its tag; filters go with them', async (t) => {
    const { vpp, start, stop } = await open(t)
    await start('vlan', 'lan.40', 'host 10.0.0.1')
    const { pcap, tables } = vpp.state
    assert.deepEqual([pcap?.interface, pcap?.filter, tables.size], [1, true, 2])
    assert.ok([...tables.values()].every(({ sessions }) => sessions.length === 1 && sessions[0]?.slice(12, 16).join() === '129,0,0,40'))
    await stop('vlan')
    assert.equal(vpp.state.tables.size, 0)
  })

  test('are one at a time: the second is refused and leaves nothing', async (t) => {
    const { start, state, place, host } = await open(t)
    await start('first')
    await assert.rejects(start('second'), { code: 'conflict' })
    assert.deepEqual(await captures(host, place.directory).names(), ['first'])
    assert.deepEqual(await state('first'), { state: 'running', held: 0 })
  })

  test('are refused on interfaces that are not there, and on those without frames', async (t) => {
    const { client, vpp } = await open(t)
    await client.call('create_loopback_instance', { is_specified: true, user_instance: 1 })
    await assert.rejects(findPort(client, 'nosuch'), { code: 'not-found', hint: 'there are any, lan, lan.40, loop1' })
    await assert.rejects(findPort(client, 'loop1'), { code: 'unsupported' })
    assert.deepEqual(vpp.deaths, [])
  })

  test('whose waiting process died are told, and can still be ended', async (t) => {
    const bench = await open(t)
    await bench.start('loss')
    bench.living.clear()
    assert.deepEqual(await bench.state('loss'), { state: 'unattended', held: 0 })
    await bench.stop('loss')
    assert.deepEqual(await bench.state('loss'), { state: 'ended' })
  })

  test('are lost when VPP is started anew, and it is told', async (t) => {
    const bench = await open(t)
    await bench.start('loss')
    await bench.vpp.restart()
    assert.deepEqual(await bench.state('loss'), { state: 'lost' })
    await bench.stop('loss')
    assert.deepEqual([await bench.state('loss'), packetsOf(bench, 'loss')], [{ state: 'lost' }, undefined])
  })

  test('that VPP wrote before somebody died are collected by the next who stops them', async (t) => {
    const bench = await open(t)
    await bench.start('loss')
    assert.ok(bench.vpp.state.pcap)
    bench.vpp.state.pcap.captured = 2
    await bench.client.request('pcap_trace_off')
    assert.deepEqual(await bench.state('loss'), { state: 'ended' })
    await bench.stop('loss')
    assert.equal(packetsOf(bench, 'loss'), '2 packets')
  })

  test('end at their time, or when VPP has all that it keeps, or when it does not record any more', async (t) => {
    const { start, stop, place, host, vpp } = await open(t)
    const { signal } = new AbortController()
    await start('time')
    await awaitEnd(place, 'time', signal)
    assert.equal(host.clock.now().getTime(), 5000)
    assert.ok(vpp.state.pcap)
    vpp.state.pcap.captured = 10
    const [store, now] = [captures(host, place.directory), host.clock.now()]
    await store.put('time', { ...(await store.get('time')), startedAt: now.toISOString() })
    await awaitEnd(place, 'time', signal)
    await stop('time')
    assert.equal((await store.get('time')).vpp?.outcome, 'full')
    await awaitEnd(place, 'gone', signal)
    assert.deepEqual(host.clock.now(), now)
  })

  test('leave nothing when they are deleted while they record', async (t) => {
    const bench = await open(t)
    await bench.start('loss')
    await forgetInVpp(bench.place, 'loss', captureOf('loss', 'lan', undefined))
    assert.deepEqual([bench.vpp.state.pcap?.on, bench.living.size, bench.host.contents.has('/tmp/imp-loss.pcap')], [false, 0, false])
  })
})
