/** A guest with a balloon, a vsock and limits on real QEMU: set when it is created, changed while it runs, gone with it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { Fault } from '@imp/kit/base/fault.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'
import { connectVsock } from '../../packages/vmm/src/engine/vsock.ts'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { obstacle, openMachines, type Machines } from '../real/vmm-machine-fixture.ts'

const run = promisify(execFile)
const host = localHost()
const mebibyte = 1 << 20

interface Balloon {
  readonly size: number | null
  readonly memory: { readonly balloon: number; readonly total: number | null } | null
}

describe('devices of a machine', { skip: obstacle() ?? false, concurrency: false }, () => {
  let machines: Machines
  let vm: VmView

  before(async () => {
    machines = await openMachines()
    const limits = ['--rate-limit-disk-bandwidth', '200', '--rate-limit-net-bandwidth', '400mbit']
    const size = ['--memory', '256', '--disk', '64', '--engine', 'qemu']
    await machines.inside.json('create', 'dev1', ...size, '--balloon', '16', '--vsock', ...limits)
    await machines.inside.json('start', 'dev1')
    vm = await machines.show('dev1')
  })
  after(() => machines.close())

  /** Queues at the machine's TAP, and its table of the family netdev, as tc and nft print them. */
  async function limits(): Promise<{ queue: string; rules: string }> {
    const enter = ['netns', 'exec', machines.namespace]
    const { stdout: queue } = await run('ip', [...enter, 'tc', 'qdisc', 'show', 'dev', vm.interfaces[0]?.tap ?? ''])
    return { queue, rules: await machines.rules() }
  }

  it('are shown with the machine', () => {
    assert.equal(vm.balloon, 16)
    assert.deepEqual(vm.rateLimits, { diskBandwidth: 200, netBandwidth: 400_000_000 })
    assert.ok((vm.vsock?.cid ?? 0) > 2)
  })

  it('the balloon takes what it was told, and another size while the machine runs', async () => {
    for (const size of [16, 48, 0]) {
      const set = await machines.inside.json<Balloon>('balloon', 'dev1', String(size))
      assert.equal(set.size, size)
      await until(host.clock, { timeout: 120_000, interval: 500, what: `a balloon of ${size} MiB` }, async () => {
        return (await machines.inside.json<Balloon>('balloon', 'dev1')).memory?.balloon === size * mebibyte
      })
    }
    const refused = await machines.inside.run('balloon', 'dev1', '256')
    assert.equal(refused.status, 2, refused.stderr)
    assert.equal((await machines.show('dev1')).balloon, 0, 'what is refused is not noted')
  })

  it('the network is limited both ways, anew while the machine runs, and the guest is still reached', async () => {
    const before = await limits()
    assert.match(before.queue, /qdisc tbf .* rate 400Mbit/)
    assert.match(before.rules, new RegExp(`table netdev vmm-${vm.id} \\{.*limit rate over`, 's'))
    await machines.inside.json('rate-limit', 'dev1', '--net-bandwidth', '800mbit', '--disk-iops', '1000')
    assert.match((await limits()).queue, /rate 800Mbit/)
    assert.equal((await machines.inside.json<{ status: number }>('exec', 'dev1', '--', 'true')).status, 0)
    assert.deepEqual((await machines.show('dev1')).rateLimits, { diskBandwidth: 200, diskIops: 1000, netBandwidth: 800_000_000 })
    await machines.inside.json('rate-limit', 'dev1', '--net-bandwidth', 'none')
    const none = await limits()
    assert.doesNotMatch(none.queue, /tbf/)
    assert.doesNotMatch(none.rules, /table netdev/)
  })

  it('host and guest talk by the vsock, or what stands in for it', async (t) => {
    const { transport, path } = vm.vsock ?? {}
    if (transport !== 'serial' || path === undefined) return t.skip('this computer has vhost-vsock')
    const files = { id: vm.id, name: vm.name, directory: '/', sockets: path.slice(0, path.lastIndexOf('/')) }
    const stream = await connectVsock(host, files, transport, 1)
    const late = setTimeout(() => stream.destroy(new Fault('timeout', 'the guest says nothing')), 120_000)
    // One line comes in, the same line goes out.
    const repeat = machines.inside.json(
      'exec',
      'dev1',
      '--',
      'sh',
      '-c',
      'exec 3<>/dev/virtio-ports/vmm; read -r line <&3; echo "heard $line" >&3',
    )
    stream.write('hello\n')
    let heard = ''
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      heard += chunk.toString()
      if (heard.includes('\n')) break
    }
    clearTimeout(late)
    assert.equal(heard, 'heard hello\n')
    await repeat
  })

  it('a stopped machine keeps what it was given, and leaves no limits behind', async () => {
    await machines.inside.json('rate-limit', 'dev1', '--net-bandwidth', '400mbit')
    assert.match(await machines.rules(), /table netdev/)
    await machines.inside.json('stop', 'dev1', '--kill')
    assert.equal(await machines.rules(), '')
    assert.equal((await machines.inside.json<Balloon>('balloon', 'dev1', '8')).size, 8)
    await machines.nothingLeft(vm.id, true)
    await machines.inside.json('delete', '--yes', 'dev1')
  })
})
