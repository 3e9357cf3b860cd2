/** What baremetalvmm left in the data directory: its machines are listed and not started, its images and kernels wait to be imported. */
import { join } from 'node:path'
import { count } from '@imp/kit/base/text.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { told, type Diagnosis } from './model.ts'

/** Where it keeps files of both kinds, and how they are brought here. */
const kinds = [
  {
    subject: 'former images',
    directory: 'images',
    noun: 'image',
    suffix: '.ext4',
    remedy: (path: string, name: string) =>
      `mount -o loop,ro ${path} /mnt && tar -C /mnt -cf ${name}.tar . && umount /mnt && vmm image import tar:${name}.tar --name ${name}`,
  },
  {
    subject: 'former kernels',
    directory: 'images/kernels',
    noun: 'kernel',
    suffix: '',
    remedy: (path: string, name: string) => `vmm kernel import ${path} --name ${name}`,
  },
] as const

async function filesIn(host: Host, directory: string, suffix: string): Promise<string[]> {
  if ((await host.files.stat(directory))?.kind !== 'directory') return []
  const names = (await host.files.list(directory)).filter((name) => !name.startsWith('.') && name.endsWith(suffix))
  const stats = await Promise.all(names.map((name) => host.files.stat(join(directory, name))))
  return names.filter((_, index) => stats[index]?.kind === 'file')
}

/** Notes on what is there; none when nothing is. `machines` are those whose documents it wrote. */
export async function lookAtFormer(host: Host, data: string, machines: readonly string[]): Promise<Diagnosis[]> {
  const files = await Promise.all(
    kinds.map(async ({ subject, directory, noun, suffix, remedy }) => {
      const names = await filesIn(host, join(data, directory), suffix)
      const [first] = names
      if (first === undefined) return []
      const what = `${count(names.length, noun)} of baremetalvmm: ${names.join(', ')}`
      return [told(subject, 'note', what, remedy(join(data, directory, first), first.slice(0, first.length - suffix.length)))]
    }),
  )
  const [machine] = machines
  const ofMachines =
    machine === undefined
      ? []
      : [
          told(
            'former machines',
            'note',
            `${count(machines.length, 'machine')} of baremetalvmm, listed and not started: ${machines.join(', ')}`,
            `make one of the same image beside it (vmm show ${machine}), and vmm delete ${machine} when its data is over`,
          ),
        ]
  return [...ofMachines, ...files.flat()]
}
