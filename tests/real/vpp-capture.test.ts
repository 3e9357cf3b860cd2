/** Captures of a real VPP, where one is installed: what it records, with which filters, and what becomes of them when it dies. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { until } from '@imp/kit/host/until.ts'
import type { Capture } from '../../packages/imp/src/capture/model.ts'
import { captureFiles, capturePlace, type CapturePlace } from '../../packages/imp/src/capture/place.ts'
import { captures } from '../../packages/imp/src/capture/store.ts'
import { printPackets } from '../../packages/imp/src/capture/tcpdump.ts'
import { parseVppFilter } from '../../packages/imp/src/capture/vpp-filter.ts'
import { findPort } from '../../packages/imp/src/capture/vpp-pcap.ts'
import { forgetInVpp, inspectInVpp, startInVpp, stopInVpp } from '../../packages/imp/src/capture/vpp-record.ts'
import { waiterOf } from '../../packages/imp/src/capture/waiter.ts'
import { openVpp, type VppClient } from '../../packages/imp/src/dataplane/vpp/api/client.ts'
import { machine, realVpp, vppObstacle } from './vpp-fixture.ts'

interface Bench {
  readonly vpp: VppClient
  readonly place: CapturePlace
  readonly store: ReturnType<typeof captures>
  readonly start: (name: string, link: string, filter?: string, packets?: number) => Promise<Capture>
  /** What tcpdump prints of a capture that has ended, without the times. */
  readonly lines: (name: string) => Promise<string[]>
  readonly ping: (address: string) => Promise<void>
  readonly kill: () => Promise<void>
}

/** A VPP with the port lan towards a namespace that has 10.86.1.2. */
async function open(t: TestContext): Promise<Bench> {
  const real = await realVpp(t, 'capture', ['lan'])
  const child = await real.start('core', ['af_packet', 'ping'], '192M')
  const vpp = await real.connect('core')
  t.after(() => vpp.close())
  const host = `${real.namespace}-lan`
  await machine.run(['ip', '-n', real.namespace, 'link', 'set', 'lan', 'up'])
  await machine.run(['ip', '-n', host, 'address', 'add', '10.86.1.2/24', 'dev', 'eth0'])
  const lines = ['create host-interface name lan', 'set interface name host-lan lan', 'set interface state lan up']
  const vlan = ['create sub-interfaces lan 40', 'set interface state lan.40 up', 'set interface ip address lan.40 10.86.40.1/24']
  const rest = ['set interface ip address lan 10.86.1.1/24', 'create loopback interface instance 7']
  for (const line of [...lines, ...rest, ...vlan]) await vpp.cli(line)
  const living = new Set<string>()
  const place = capturePlace(
    { name: 'real', local: machine, machine, host: machine, stateDirectory: real.directory },
    {
      connect: (instance) =>
        openVpp(machine, { name: instance, socket: join(real.directory, `${instance}-api.sock`) }).catch(() => undefined),
      waiter: {
        start: async (name) => void living.add(name),
        isAlive: async (name) => living.has(name),
        stop: async (name) => void living.delete(name),
        forget: async () => undefined,
      },
    },
  )
  const store = captures(machine, place.directory)
  return {
    vpp,
    place,
    store,
    async start(name, link, filter, packets = 1000) {
      const port = await findPort(vpp, link)
      const capture: Capture = {
        interface: link,
        ...(filter === undefined ? {} : { filter }),
        maxSizeMib: 1,
        maxSeconds: 600,
        startedAt: new Date().toISOString(),
        vpp: { instance: 'core', file: `imp-${randomBytes(8).toString('hex')}.pcap`, packets, bytes: 2000 },
      }
      await startInVpp(place, vpp, name, capture, port, filter === undefined ? [{}] : parseVppFilter(filter))
      return capture
    },
    async lines(name) {
      const printed = await printPackets(machine, captureFiles(place, name).packets, 1000)
      return printed.map((line) => line.replace(/^\S+ \S+ /, ''))
    },
    async kill() {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
    async ping(address) {
      const argv = ['ip', 'netns', 'exec', host, 'ping', '-c', '1', '-W', '2', address] as const
      await until(machine.clock, { timeout: 60_000, what: `an answer of ${address}` }, async () => {
        return (await machine.query(argv, { statuses: [0, 1] })).status === 0
      })
    },
  }
}

async function obstacle(): Promise<string | undefined> {
  const missing = vppObstacle()
  if (missing !== undefined) return missing
  return machine.query(['tcpdump', '--version']).then(
    () => undefined,
    () => 'needs tcpdump',
  )
}
const missing = await obstacle()

test('the process that waits for the end of a capture ends when the capture is gone, and leaves nothing', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'imp-capture-'))
  t.after(() => machine.files.remove(directory))
  const environment = { IMP_STATE_DIR: directory, IMP_RUN_DIR: directory }
  const waiter = waiterOf({ host: machine, captures: join(directory, 'dataplane/captures'), words: [], environment })
  await waiter.start('gone')
  await until(machine.clock, { timeout: 120_000, what: 'end of the process' }, async () => !(await waiter.isAlive('gone')))
  assert.deepEqual(await machine.files.list(join(directory, 'dataplane/captures/.waiting')), [])
})

suite('captures of a real VPP', { skip: missing ?? false }, () => {
  test('take what the filter says in both directions, one at a time, and are told when VPP died', async (t) => {
    const { vpp, place, store, start, lines, ping, kill } = await open(t)
    const stop = async (name: string): Promise<void> => stopInVpp(place, name, await store.get(name))
    const state = async (name: string) => {
      const { vpp: recording } = await store.get(name)
      return recording === undefined ? undefined : inspectInVpp(place, name, recording)
    }
    const stat = (file: string) => machine.files.stat(join('/tmp', file))

    await ping('10.86.1.1')
    const all = await start('all', 'any')
    await ping('10.86.1.1')
    assert.partialDeepStrictEqual(await state('all'), { state: 'running' })
    await assert.rejects(start('second', 'lan'), { code: 'conflict' })
    assert.deepEqual(await store.names(), ['all'])
    await stop('all')
    assert.deepEqual(await state('all'), { state: 'ended' })
    const seen = await lines('all')
    assert.ok(
      seen.some((line) => /10\.86\.1\.2 > 10\.86\.1\.1: ICMP echo request/.test(line)),
      seen.join('\n'),
    )
    assert.ok(
      seen.some((line) => /10\.86\.1\.1 > 10\.86\.1\.2: ICMP echo reply/.test(line)),
      seen.join('\n'),
    )
    assert.equal(await stat(all.vpp?.file ?? ''), undefined)

    await start('one', 'lan', 'icmp and src host 10.86.1.2')
    await ping('10.86.1.1')
    await stop('one')
    const requests = await lines('one')
    assert.ok(
      requests.length > 0 && requests.every((line) => line.includes('10.86.1.2 > 10.86.1.1: ICMP echo request')),
      requests.join('\n'),
    )

    await start('none', 'lan', 'tcp port 179')
    await ping('10.86.1.1')
    await stop('none')
    assert.deepEqual([await lines('none'), await state('none')], [[], { state: 'ended' }])

    await start('few', 'lan', 'icmp', 1)
    await ping('10.86.1.1')
    assert.deepEqual(await state('few'), { state: 'full', held: 1 })
    await stop('few')
    assert.equal((await lines('few')).length, 1)
    assert.deepEqual(await state('few'), { state: 'full' })

    // Asks who has an address that nobody has, on the VLAN and then on the port.
    await start('vlan', 'lan.40', 'arp')
    for (const address of ['10.86.40.9', '10.86.1.9']) await vpp.cli(`ping ${address} repeat 1 interval 0.1`)
    await until(machine.clock, { timeout: 60_000, what: 'a packet of the VLAN' }, async () => ((await state('vlan'))?.held ?? 0) > 0)
    await stop('vlan')
    const tagged = await lines('vlan')
    assert.ok(tagged.length > 0 && tagged.every((line) => line.includes('who-has 10.86.40.9')), tagged.join('\n'))

    // Filters and memory are given back.
    assert.match(await vpp.cli('show classify tables'), /No classifier tables/)
    await assert.rejects(findPort(vpp, 'loop7'), { code: 'unsupported' })
    await assert.rejects(findPort(vpp, 'nosuch'), { code: 'not-found' })

    await start('died', 'lan')
    await kill()
    assert.deepEqual(await state('died'), { state: 'lost' })
    await stop('died')
    assert.deepEqual(await state('died'), { state: 'lost' })
    for (const name of await store.names()) await forgetInVpp(place, name, await store.get(name))
  })
})
