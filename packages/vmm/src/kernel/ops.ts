/** Operations on kernels, and `ensureKernel`, by which machines get theirs. */
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { reported } from '@imp/kit/base/events.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath, VersionedName, parse } from '@imp/kit/base/schema.ts'
import { table } from '@imp/kit/base/text.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import { writeDocument } from '@imp/kit/store/document.ts'
import type { VmmContext } from '../context.ts'
import { archive } from '../guest/cpio.ts'
import { driverEntries } from '../guest/initrd.ts'
import { ensureInitrd } from '../guest/ops.ts'
import { downloadPackages, findMirrors, unpackPackages, type Repository } from '../image/apt.ts'
import { defaultRelease } from '../image/sources.ts'
import { machinesUsing } from '../image/use.ts'
import { findModules, indexModules, packModules, selectDrivers } from './build.ts'
import { extractKernel, inspectKernel, releaseOf } from './extract.ts'
import { Architecture, defaultKernel, Kernel, kernelDocument, type KernelFiles } from './model.ts'
import { findKernel, getKernel, kernelPaths, listKernels, publish, restore } from './store.ts'

/** Milliseconds that one command waits for another that fetches the same kernel. */
const patience = 1_800_000

async function repositoryOf(context: VmmContext): Promise<Repository & { architecture: Architecture }> {
  const { stdout } = await context.host.query(['dpkg', '--print-architecture'])
  const architecture = parse(Architecture, stdout, 'the architecture of this machine')
  return { release: defaultRelease, architecture, mirrors: await findMirrors(context.host) }
}

interface Ingredients {
  readonly name: string
  readonly source: Kernel['source']
  /** The kernel as it is shipped. */
  readonly file: string
  /** Directory in which lib/modules lies; it is changed. */
  readonly tree?: string
}

/** Makes the kernel at `building` and puts it in place. To be called under the lock. */
async function assemble(context: VmmContext, ingredients: Ingredients): Promise<Kernel> {
  const { host, paths } = context
  const { name, source, file } = ingredients
  const { building } = kernelPaths(paths, name)
  const made = kernelPaths({ ...paths, data: join(building, 'made') }, name)
  await host.files.makeDirectory(made.directory)
  const architecture = await extractKernel(host, file, made.vmlinux)
  const own = (await repositoryOf(context)).architecture
  if (architecture !== own) throw new Fault('unsupported', `${file} is a kernel for ${architecture}, and this machine is ${own}`)
  const tree = ingredients.tree === undefined ? undefined : await findModules(host, ingredients.tree)
  if (tree !== undefined) {
    await indexModules(host, tree)
    await packModules(host, tree, made.modules)
  }
  const drivers = tree === undefined ? [] : await driverEntries(host, await selectDrivers(host, tree))
  await host.files.write(made.drivers, archive(drivers))
  const release = tree?.release ?? (await releaseOf(host, made.vmlinux))
  const kernel: Kernel = {
    name,
    ...(release === undefined ? {} : { release }),
    architecture,
    source,
    size: (await host.files.stat(made.vmlinux))?.size ?? 0,
    digest: (await host.query(['sha256sum', made.vmlinux])).stdout.slice(0, 64),
    modules: tree !== undefined,
    created: host.clock.now().toISOString(),
  }
  await writeDocument(host, kernelDocument, made.document, kernel)
  await publish(host, paths, name, made.directory)
  return kernel
}

/** Runs `make` under the kernel's lock in a clean place, and leaves nothing of it behind. */
async function making(context: VmmContext, name: string, make: (work: string) => Promise<Kernel>): Promise<Kernel> {
  const { host, paths } = context
  const { lock, building } = kernelPaths(paths, name)
  return withLock(host.clock, lock, { what: `the kernel ${name}`, timeout: patience }, async () => {
    await restore(host, paths, name)
    try {
      return await make(building)
    } finally {
      await host.files.remove(building)
    }
  })
}

/** Fetches Debian's cloud kernel; keeps one that is there, unless forced. */
async function fetchKernel(context: VmmContext, force: boolean): Promise<Kernel> {
  const { host, paths, report } = context
  const name = defaultKernel
  const repository = await repositoryOf(context)
  return making(context, name, async (work) => {
    const found = await findKernel(host, paths, name)
    if (found !== undefined && !force) return found
    const wanted = [`linux-image-cloud-${repository.architecture}*`]
    const [linux] = await reported(report, 'fetch the Debian cloud kernel', () => downloadPackages(context, repository, wanted))
    if (linux === undefined) throw new Fault('bug', 'nothing was downloaded')
    return reported(report, `unpack ${linux.name} ${linux.version}`, async () => {
      const tree = join(work, 'package')
      await unpackPackages(context, [linux], tree)
      const file = (await host.files.list(join(tree, 'boot'))).find((each) => each.startsWith('vmlinuz-'))
      if (file === undefined) throw new Fault('not-found', `the package ${linux.name} holds no kernel`)
      const source = { kind: 'package', package: linux.name, version: linux.version } as const
      return assemble(context, { name, source, file: join(tree, 'boot', file), tree })
    })
  })
}

/**
 * The files of a kernel. The default one is fetched from Debian when it is missing, which takes some seconds and 30 MB;
 * a `not-found` fault for any other.
 */
export async function ensureKernel(context: VmmContext, name: string = defaultKernel): Promise<KernelFiles> {
  const { host, paths } = context
  const found = await findKernel(host, paths, name)
  const kernel = found ?? (name === defaultKernel ? await fetchKernel(context, false) : await getKernel(host, paths, name))
  const { directory, drivers, vmlinux, modules, lock } = kernelPaths(paths, name)
  const repository = await repositoryOf(context)
  const initrd = await withLock(host.clock, lock, { what: `the kernel ${name}`, timeout: patience }, () =>
    ensureInitrd(context, repository, { directory, drivers }),
  )
  return { name, vmlinux, initrd, ...(kernel.modules ? { modules } : {}) }
}

function step(kind: string, summary: string, data: unknown): Step {
  return { kind, summary, disruption: 'none', data }
}

function describe(source: Kernel['source']): string {
  return source.kind === 'package' ? `${source.package} ${source.version}` : source.path
}

function view(kernel: Kernel): string {
  const rows = [
    ['name', kernel.name],
    ['release', kernel.release ?? 'unknown'],
    ['architecture', kernel.architecture],
    ['source', describe(kernel.source)],
    ['size', formatBytes(kernel.size)],
    ['modules', kernel.modules ? 'on a disk of their own' : 'none'],
    ['digest', `sha256:${kernel.digest}`],
    ['created', kernel.created],
  ]
  return table(rows).join('\n')
}

const completeName = async ({ host, paths }: VmmContext): Promise<string[]> => (await listKernels(host, paths)).map(({ name }) => name)

const list = operation<VmmContext>()({
  path: ['kernel', 'list'],
  summary: 'List the kernels that machines can boot',
  effect: 'read',
  input: z.strictObject({}),
  output: z.array(Kernel),
  examples: ['vmm kernel list', 'vmm kernel list --json'],
  run: ({ host, paths }) => listKernels(host, paths),
  view: (kernels) => {
    if (kernels.length === 0) return 'No kernels yet: vmm kernel pull fetches the default one, and so does the first start of a machine.'
    const rows = kernels.map((kernel) => [
      kernel.name,
      kernel.release ?? '-',
      kernel.architecture,
      formatBytes(kernel.size),
      describe(kernel.source),
    ])
    return table([['NAME', 'RELEASE', 'ARCHITECTURE', 'SIZE', 'SOURCE'], ...rows]).join('\n')
  },
})

const show = operation<VmmContext>()({
  path: ['kernel', 'show'],
  summary: 'Show what is known of a kernel',
  effect: 'read',
  args: ['name'],
  input: z.strictObject({ name: VersionedName.describe('name of the kernel') }),
  output: Kernel,
  examples: ['vmm kernel show debian'],
  complete: { name: completeName },
  run: ({ host, paths }, { name }) => getKernel(host, paths, name),
  view,
})

const pull = operation<VmmContext>()({
  path: ['kernel', 'pull'],
  summary: 'Fetch the default kernel from Debian',
  description:
    'Keeps the one that is there, unless --force asks for the newest. Machines that run keep theirs until they are started again.',
  effect: 'write',
  input: z.strictObject({ force: z.boolean().default(false).describe('fetch it although there is one') }),
  output: Kernel,
  examples: ['vmm kernel pull', 'vmm kernel pull --force'],
  async run(context, { force }) {
    planned(context, [step('kernel.fetch', `fetch the Debian cloud kernel as ${defaultKernel}`, { name: defaultKernel, force })])
    const kernel = await fetchKernel(context, force)
    await ensureKernel(context, kernel.name)
    return kernel
  },
  view,
})

const importKernel = operation<VmmContext>()({
  path: ['kernel', 'import'],
  summary: 'Import a kernel from a file',
  description:
    'Takes an ELF vmlinux, a bzImage, or on arm64 an Image. Machines need virtio-mmio, virtio-blk, virtio-net, squashfs, overlayfs and ext4 in it, or as modules given with --modules.',
  effect: 'write',
  args: ['path'],
  short: { force: 'f' },
  input: z.strictObject({
    path: FilePath.describe('the kernel'),
    name: VersionedName.describe('what to call it'),
    modules: FilePath.optional().describe('its lib/modules/RELEASE directory'),
    force: z.boolean().default(false).describe('replace the kernel of that name'),
  }),
  output: Kernel,
  examples: ['vmm kernel import ./vmlinux --name mine', 'vmm kernel import /boot/vmlinuz-6.1 --name own --modules /lib/modules/6.1'],
  async run(context, { path, name, modules, force }) {
    const { host, paths } = context
    const file = resolve(path)
    await inspectKernel(host, file)
    if (name === defaultKernel)
      throw new Fault('conflict', `${name} is the name of the kernel that comes from Debian`, { hint: 'choose another name' })
    if (!force && (await findKernel(host, paths, name)) !== undefined)
      throw new Fault('conflict', `there is a kernel ${name} already`, { hint: 'choose another name, or replace it with --force' })
    planned(context, [step('kernel.import', `import ${file} as ${name}`, { path: file, name })])
    return making(context, name, async (work) => {
      const tree = join(work, 'package')
      if (modules !== undefined) await copyModules(context, resolve(modules), tree)
      return assemble(context, { name, source: { kind: 'file', path: file }, file, ...(modules === undefined ? {} : { tree }) })
    })
  },
  view,
})

/** The directory must be called after the kernel's release, as modprobe looks for it. `build` and `source` lead out of it. */
async function copyModules({ host }: VmmContext, directory: string, tree: string): Promise<void> {
  if ((await host.files.stat(join(directory, 'kernel')))?.kind !== 'directory')
    throw new Fault('input', `${directory} holds no modules`, { hint: 'give a directory such as /lib/modules/6.1.0' })
  const parent = join(tree, 'lib', 'modules')
  await host.files.makeDirectory(parent)
  await host.run(['cp', '--recursive', '--no-dereference', '--preserve=links', '--', directory, parent], { timeout: 300_000 })
  const release = directory.slice(directory.lastIndexOf('/') + 1)
  for (const link of ['build', 'source']) await host.files.remove(join(parent, release, link))
}

const remove = operation<VmmContext>()({
  path: ['kernel', 'delete'],
  aliases: [['kernel', 'rm']],
  summary: 'Delete a kernel',
  effect: 'destroy',
  args: ['name'],
  input: z.strictObject({ name: VersionedName.describe('name of the kernel') }),
  output: z.strictObject({ name: z.string() }),
  examples: ['vmm kernel delete mine'],
  complete: { name: completeName },
  async run(context, { name }) {
    const { host, paths } = context
    await getKernel(host, paths, name)
    const users = await machinesUsing(host, paths.data, (uses) => (uses.kernel ?? defaultKernel) === name)
    if (users.length > 0)
      throw new Fault('conflict', `the kernel ${name} is used by ${users.join(', ')}`, {
        hint: 'delete those machines first, or give them another',
      })
    planned(context, [step('kernel.delete', `delete the kernel ${name}`, { name })])
    const { directory, former, lock } = kernelPaths(paths, name)
    await withLock(host.clock, lock, { what: `the kernel ${name}` }, async () => {
      await host.files.rename(directory, former)
      await host.files.remove(former)
    })
    return { name }
  },
  view: ({ name }) => `Deleted the kernel ${name}.`,
})

export const operations: readonly AnyOperation<VmmContext>[] = [list, show, pull, importKernel, remove]
