import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '@imp/kit/base/fault.ts'
import { fakeHost } from '@imp/kit/host/fake.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { bootSector } from './boot-sector.ts'
import { frequency, guestTscKhz, probeAt } from './probe.ts'

const bootId = '/proc/sys/kernel/random/boot_id'

/** A machine on which QEMU does what `qemu` says. */
function machine(qemu: Host['query'], files: Record<string, string> = {}): Host {
  return { ...fakeHost({ files: { [bootId]: 'first\n', '/dev/kvm': '', ...files } }), query: qemu }
}

test('the boot sector is one that a BIOS boots, with the number of lines in it', () => {
  const sector = bootSector(0x1234)
  assert.equal(sector.length, 512)
  assert.deepEqual(sector.slice(510), Uint8Array.of(0x55, 0xaa))
  assert.deepEqual(sector.slice(1, 4), Uint8Array.of(0xbf, 0x34, 0x12))
  assert.throws(() => bootSector(0))
  assert.throws(() => bootSector(65_536))
})

/** What QEMU does with a KVM that never runs a guest, on a computer where one under TCG speaks from `awake` tries on. */
function silentKvm(asked: string[], awake: number): Host {
  let tries = 0
  return machine((argv, options) => {
    const accelerator = argv[argv.indexOf('-accel') + 1] ?? ''
    asked.push(`${accelerator} ${options?.timeout}`)
    if (accelerator === 'tcg') tries += 1
    if (accelerator === 'kvm' || tries < awake) return Promise.reject(new Fault('timeout', `${argv[0]} did not finish in time`))
    options?.onLine?.('00000000deadbeef')
    return Promise.resolve({ argv, status: 3, stdout: '', stderr: '' })
  })
}

test('silence where a guest without KVM speaks means that KVM is unusable, and is asked for once per boot', async () => {
  const asked: string[] = []
  const silent = silentKvm(asked, 1)
  assert.deepEqual(await probeAt(silent, '/cache').kvm(), { usable: false, reason: '/dev/kvm opens, but never runs guest code' })
  await probeAt(silent, '/cache').kvm()
  assert.deepEqual(asked, ['kvm 3000', 'tcg 1500'])
  await silent.files.write(bootId, 'second\n')
  await probeAt(silent, '/cache').kvm()
  assert.equal(asked.length, 4, 'another boot may be another computer')
})

test('silence of a computer on which no guest speaks in time is given longer', async () => {
  const asked: string[] = []
  assert.match((await probeAt(silentKvm(asked, 2), '/cache').kvm()).reason, /never runs guest code/)
  assert.deepEqual(asked, ['kvm 3000', 'tcg 1500', 'kvm 12000', 'tcg 6000'])
})

test('a computer too busy for an answer is asked again the next time', async () => {
  const busy = silentKvm([], Infinity)
  const { usable, reason } = await probeAt(busy, '/cache').kvm()
  assert.equal(usable, false)
  assert.match(reason, /too busy to tell/)
  assert.equal(await busy.files.stat('/cache/probe.json'), undefined)
})

test('a guest that says something on KVM proves that it runs', async () => {
  const working = machine((argv, options) => {
    options?.onLine?.('00000000deadbeef')
    return Promise.resolve({ argv, status: 3, stdout: '', stderr: '' })
  })
  assert.equal((await probeAt(working, '/cache').kvm()).usable, true)
})

test('a damaged cache is probed anew', async () => {
  const working = machine(
    (argv, options) => {
      options?.onLine?.('00000000deadbeef')
      return Promise.resolve({ argv, status: 3, stdout: '', stderr: '' })
    },
    { '/cache/probe.json': '{"bootId":"first","kvm":{"usable":"maybe"}}' },
  )
  assert.equal((await probeAt(working, '/cache').kvm()).usable, true)
})

test('the words of QEMU say why KVM cannot be used', async () => {
  const refusing = machine(() =>
    Promise.reject(new Fault('exec', 'ended with status 1', { detail: '$ qemu\nfailed to open: Permission denied' })),
  )
  assert.deepEqual(await probeAt(refusing, '/cache').kvm(), { usable: false, reason: 'failed to open: Permission denied' })
  assert.equal(await refusing.files.stat('/cache/probe.json'), undefined, 'it may be mended before the next boot')
})

test('cpu MHz is the frequency of the counter only inside a virtual machine', () => {
  const cpuinfo = (flags: string): string => `processor\t: 0\ncpu MHz\t\t: 2596.148\nflags\t\t: fpu tsc ${flags} sse2\n`
  assert.equal(guestTscKhz(cpuinfo('hypervisor')), 2_596_148)
  assert.equal(guestTscKhz(cpuinfo('msr')), undefined)
  assert.equal(guestTscKhz(''), undefined)
})

test('the frequency is found through delayed lines', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 800_000, max: 5_500_000 }),
      fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 300, maxLength: 300 }),
      (kHz, delays) => {
        // Every tenth line comes as soon as it was written, as on a computer that is busy now and then.
        const samples = delays.map((delay, index) => ({
          counter: BigInt(Math.round(index * 0.4 * kHz)),
          at: index * 0.4 + (index % 10 === 0 ? 0 : delay),
        }))
        const found = frequency(samples) ?? 0
        assert.ok(Math.abs(found - kHz) / kHz < 0.02, `${found} instead of ${kHz}`)
      },
    ),
  )
  assert.equal(frequency([]), undefined)
})
