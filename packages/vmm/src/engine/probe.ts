/**
 * What this computer can run guests with, found by running one: a /dev/kvm may answer every ioctl and still never execute guest
 * code, and the frequency of the time stamp counter is written down nowhere that all kernels and users can read.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parseJson } from '@imp/kit/base/schema.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { bootFloppy } from './boot-sector.ts'
import { Accelerator } from './model.ts'

/** isa-debug-exit ends QEMU with (value << 1) | 1 (hw/misc/debugexit.c); the sector writes 1, since QEMU's own failures end with 1. */
const exitStatus = 3

const Remembered = z.strictObject({
  bootId: z.string(),
  kvm: z.strictObject({ usable: z.boolean(), reason: z.string() }).optional(),
  tscKhz: z.int().optional(),
})
type Remembered = z.output<typeof Remembered>

export interface KvmAnswer {
  readonly usable: boolean
  /** Why not, or how it is known. */
  readonly reason: string
}

export interface Probe {
  kvm(): Promise<KvmAnswer>
  /** In kHz, as a guest under TCG sees it. */
  tscKhz(): Promise<number>
}

/** One value of the counter and when its line came, in milliseconds. */
export interface Sample {
  readonly counter: bigint
  readonly at: number
}

function probeArgv(accelerator: Accelerator, floppy: string): Argv {
  const options = [
    ['-machine', 'pc,smm=off', '-accel', accelerator, '-m', '16', '-nodefaults', '-no-user-config', '-display', 'none'],
    ['-chardev', 'stdio,id=lines', '-device', 'isa-debugcon,chardev=lines,iobase=0xe9'],
    ['-device', 'isa-debug-exit,iobase=0xf4,iosize=1'],
    ['-drive', `if=floppy,format=raw,readonly=on,file=${floppy.replaceAll(',', ',,')}`],
  ]
  return ['qemu-system-x86_64', ...options.flat()]
}

/** Runs the boot sector; the samples that it wrote. A `timeout` fault when it stays silent. */
async function runSector(host: Host, cache: string, accelerator: Accelerator, lines: number, timeout: number): Promise<Sample[]> {
  const floppy = join(cache, `probe-${process.pid}-${accelerator}.img`)
  const samples: Sample[] = []
  await host.files.makeDirectory(cache)
  await host.files.write(floppy, bootFloppy(lines))
  try {
    await host.query(probeArgv(accelerator, floppy), {
      timeout,
      statuses: [exitStatus],
      onLine: (line) => {
        if (/^[0-9a-f]{16}$/.test(line)) samples.push({ counter: BigInt(`0x${line}`), at: host.clock.monotonic() })
      },
    })
    return samples
  } finally {
    await host.files.remove(floppy)
  }
}

/**
 * Counts per millisecond between the least delayed sample of the first third and that of the last: lines are never early, and the
 * least late ones are nearest to the truth.
 */
export function frequency(samples: readonly Sample[]): number | undefined {
  const first = samples[0]
  const last = samples.at(-1)
  if (first === undefined || last === undefined || samples.length < 9 || last.at <= first.at) return undefined
  const third = Math.floor(samples.length / 3)
  const [early, late] = [samples.slice(0, third), samples.slice(-third)]
  let rate = slope(first, last)
  // The first estimate is as wrong as its two lines were late; with it the promptest lines are found, and with them better ones.
  for (let round = 0; round < 3; round += 1) rate = slope(promptest(early, rate), promptest(late, rate))
  return Math.round(rate)
}

function slope(a: Sample, b: Sample): number {
  return Number(b.counter - a.counter) / (b.at - a.at)
}

function promptest(samples: readonly Sample[], rate: number): Sample {
  const delay = (sample: Sample): number => sample.at - Number(sample.counter) / rate
  return samples.reduce((best, each) => (delay(each) < delay(best) ? each : best))
}

/**
 * Inside a virtual machine `cpu MHz` is the frequency of the counter, since nothing scales; on bare metal it is that of the
 * moment. The flag `hypervisor` tells which (arch/x86/kernel/cpu/proc.c in Linux).
 */
export function guestTscKhz(cpuinfo: string): number | undefined {
  const megahertz = /^cpu MHz\s*: ([\d.]+)$/m.exec(cpuinfo)?.[1]
  if (megahertz === undefined || !/^flags\s*:.*\bhypervisor\b/m.test(cpuinfo)) return undefined
  return Math.round(Number(megahertz) * 1000)
}

/** What a processor that never leaves KVM_RUN looks like. */
const silence = '/dev/kvm opens, but never runs guest code'

/** How long a guest may be silent, in milliseconds, before it is asked whether it or this computer is slow. */
const patience = [3000, 12_000, 48_000] as const

async function saysNothing(host: Host, cache: string, accelerator: Accelerator, timeout: number): Promise<boolean> {
  try {
    return (await runSector(host, cache, accelerator, 1, timeout)).length === 0
  } catch (error) {
    if (error instanceof Fault && error.code === 'timeout') return true
    throw error
  }
}

/**
 * A computer at its boot may be so busy that nothing starts in time, and would do without KVM until the next: silence counts when a
 * guest under TCG spoke at once meanwhile.
 */
async function tryKvm(host: Host, cache: string): Promise<KvmAnswer> {
  for (const timeout of patience) {
    if (!(await saysNothing(host, cache, 'kvm', timeout))) return { usable: true, reason: 'it ran a guest' }
    if (!(await saysNothing(host, cache, 'tcg', timeout / 2))) return { usable: false, reason: silence }
  }
  return { usable: false, reason: 'this computer is too busy to tell whether /dev/kvm runs guest code' }
}

async function probeKvm(host: Host, cache: string): Promise<KvmAnswer> {
  if ((await host.files.stat('/dev/kvm')) === undefined) return { usable: false, reason: '/dev/kvm does not exist' }
  try {
    return await tryKvm(host, cache)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    if (error.code === 'missing-program') return permissionOnly(host)
    return { usable: false, reason: (error.detail ?? error.message).split('\n').at(-1) ?? error.message }
  }
}

/** Without QEMU there is nothing that could run the boot sector: the permission is all that can be looked at. */
async function permissionOnly(host: Host): Promise<KvmAnswer> {
  const { status } = await host.query(['test', '-w', '/dev/kvm'], { statuses: [0, 1] })
  return status === 0
    ? { usable: true, reason: 'not tried, since QEMU is not installed' }
    : { usable: false, reason: '/dev/kvm may not be used by this user' }
}

async function measureTsc(host: Host, cache: string): Promise<number> {
  const known = guestTscKhz(await host.files.read('/proc/cpuinfo'))
  if (known !== undefined) return known
  const measured = frequency(await runSector(host, cache, 'tcg', 2000, 20_000))
  if (measured === undefined) throw new Fault('exec', 'cannot measure the frequency of the time stamp counter')
  return measured
}

/**
 * Probes this computer, each thing at most once per boot; `cache` is where the answers are kept. Unless it `mayTry`, as in a dry
 * run, only what is kept is answered, and a guess where nothing is.
 */
export function probeAt(host: Host, cache: string, mayTry = true): Probe {
  const path = join(cache, 'probe.json')
  const recall = async (): Promise<Remembered> => {
    const bootId = (await host.files.read('/proc/sys/kernel/random/boot_id')).trim()
    if ((await host.files.stat(path)) === undefined) return { bootId }
    const found = Remembered.safeParse(parseJson(await host.files.read(path), path))
    return found.success && found.data.bootId === bootId ? found.data : { bootId }
  }
  const remember = async (known: Partial<Remembered>): Promise<void> => {
    await host.files.makeDirectory(cache)
    await host.files.write(path, `${JSON.stringify({ ...(await recall()), ...known })}\n`)
  }
  return {
    async kvm() {
      const { kvm } = await recall()
      if (kvm !== undefined) return kvm
      if (!mayTry) return { usable: false, reason: 'not tried in a dry run' }
      const found = await probeKvm(host, cache)
      // A missing permission or program may be mended at any time.
      if (found.usable || found.reason === silence) await remember({ kvm: found })
      return found
    },
    async tscKhz() {
      const { tscKhz } = await recall()
      if (tscKhz !== undefined) return tscKhz
      if (!mayTry) return 1_000_000
      const found = await measureTsc(host, cache)
      await remember({ tscKhz: found })
      return found
    },
  }
}
