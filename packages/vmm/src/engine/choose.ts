/** Which engine runs a machine: Firecracker where it can, then QEMU on KVM, then QEMU by translation. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { Choice, Engine, Wish } from './model.ts'
import type { Probe } from './probe.ts'

/** Whether a program is on the PATH that programs get from us. */
export async function isInstalled(host: Host, program: string): Promise<boolean> {
  try {
    await host.query([program, '--version'], { statuses: [...Array(256).keys()], timeout: 10_000 })
    return true
  } catch (error) {
    if (error instanceof Fault && error.code === 'missing-program') return false
    throw error
  }
}

/** Chooses among `engines`, which stand in the order of preference. Throws `missing-program` or `unsupported` when none will do. */
export async function chooseEngine(host: Host, probe: Probe, engines: readonly Engine[], wish: Wish): Promise<Choice> {
  const candidates = engines.filter(({ name }) => wish.name === undefined || wish.name === name)
  const reasons: string[] = []
  for (const engine of candidates) {
    if (wish.userNetwork && !engine.features.userNetwork) {
      reasons.push(`${engine.title} has no network of its own`)
    } else if (!(await isInstalled(host, engine.program[0]))) {
      reasons.push(`${engine.program[0]} is not installed`)
    } else {
      const kvm = await probe.kvm()
      if (!kvm.usable) reasons.push(`KVM: ${kvm.reason}`)
      const accelerator = kvm.usable ? 'kvm' : 'tcg'
      if (engine.features.accelerators.includes(accelerator)) return { engine, accelerator, reason: reasons.join('; ') }
    }
  }
  throw new Fault('unsupported', `no engine can run this machine: ${[...new Set(reasons)].join('; ')}`, {
    hint: candidates.some(({ name }) => name === 'qemu') ? 'apt-get install qemu-system-x86' : 'leave the engine to vmm, or use qemu',
  })
}
