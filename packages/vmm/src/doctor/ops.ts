/** `vmm doctor`: whether machines can run here, how well, and what to do about what is missing. */
import { z } from 'zod'
import { asFault } from '@imp/kit/base/fault.ts'
import { table } from '@imp/kit/base/text.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../context.ts'
import { isInstalled } from '../engine/choose.ts'
import { probeAt } from '../engine/probe.ts'
import { tapOf } from '../net/model.ts'
import { networks } from '../net/store.ts'
import { placesOf } from '../vm/networks.ts'
import { machines } from '../vm/store.ts'
import { lookAtFormer } from './former.ts'
import { Diagnosis, ok, told } from './model.ts'
import { lookAtNetwork } from './network.ts'
import { lookAtPrograms } from './programs.ts'
import { lookAtSpace } from './space.ts'

/** KVM is tried by running a guest: a device that opens may still never run one. */
async function lookAtEngines({ host, paths, dryRun }: VmmContext): Promise<Diagnosis[]> {
  const [firecracker, qemu, kvm] = await Promise.all([
    isInstalled(host, 'firecracker'),
    isInstalled(host, 'qemu-system-x86_64'),
    probeAt(host, paths.cache, !dryRun).kvm(),
  ])
  const device = kvm.usable
    ? ok('KVM', kvm.reason)
    : told(
        'KVM',
        'warning',
        kvm.reason,
        'machines run by translation, several times slower: use a computer with virtualization, or enable it (nested) where this one runs',
      )
  if (firecracker && kvm.usable) return [device, ok('engine', 'Firecracker')]
  if (qemu) return [device, ok('engine', `QEMU${kvm.usable ? ' on KVM' : ' by translation'}`)]
  const remedy = 'apt-get install qemu-system-x86'
  return [
    device,
    told(
      'engine',
      'problem',
      firecracker ? 'Firecracker needs KVM, and QEMU is not installed' : 'neither Firecracker nor QEMU is installed',
      remedy,
    ),
  ]
}

/** One thing that cannot be looked at does not hide the others. */
async function guarded(subject: string, look: () => Promise<Diagnosis[]>): Promise<Diagnosis[]> {
  try {
    return await look()
  } catch (error) {
    const { message, hint } = asFault(error)
    return [told(subject, 'problem', message, hint)]
  }
}

const doctor = operation<VmmContext>()({
  path: ['doctor'],
  summary: 'Look whether machines can run here, and say what is missing',
  description: 'Exit status 1 when something that people do will fail.',
  effect: 'read',
  input: z.strictObject({}),
  output: z.strictObject({ diagnoses: z.array(Diagnosis) }),
  examples: ['vmm doctor', 'vmm doctor --json'],
  exitStatus: ({ diagnoses }) => (diagnoses.some(({ severity }) => severity === 'problem') ? 1 : 0),
  async run(context) {
    const { host, root, paths, config } = context
    const { bridgeName, subnet, hostInterface } = config.settings
    const network = async (): Promise<Diagnosis[]> => {
      const taps = new Set((await machines(context).all()).flatMap((vm) => [tapOf(vm.id), ...placesOf(vm).map(({ tap }) => tap)]))
      const bridges = [bridgeName.value, ...(await networks(context).all()).map(({ bridge }) => bridge)]
      return lookAtNetwork(host, { name: bridgeName.value, subnet: subnet.value, hostInterface: hostInterface.value, bridges, taps })
    }
    const former = async (): Promise<Diagnosis[]> => {
      const foreign = (await machines(context).all()).filter((vm) => vm.foreign !== undefined)
      return lookAtFormer(
        host,
        paths.data,
        foreign.map(({ name }) => name),
      )
    }
    const all = await Promise.all([
      guarded('engine', () => lookAtEngines(context)),
      guarded('programs', () => lookAtPrograms((program) => isInstalled(host, program), root)),
      guarded('space', () => lookAtSpace(host, paths.data)),
      guarded('former machines', former),
      ...(root
        ? [guarded('network', network)]
        : [Promise.resolve([told('network', 'note', 'not root: machines have the network of QEMU (user mode)')])]),
    ])
    return { diagnoses: all.flat() }
  },
  view: ({ diagnoses }) => {
    const rows = diagnoses.map(({ subject, severity, message }) => [severity, subject, message])
    const lines = table([['', 'SUBJECT', 'SEEN'], ...rows])
    const remedies = diagnoses.flatMap(({ subject, remedy }) => (remedy === undefined ? [] : [`${subject}: ${remedy}`]))
    return [...lines, ...(remedies.length === 0 ? [] : ['', 'What to do', ...remedies.map((each) => `  ${each}`)])].join('\n')
  },
})

export const operations: readonly AnyOperation<VmmContext>[] = [doctor]
