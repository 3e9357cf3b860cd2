/** Operations on kernels, and `ensureKernel`, by which machines get theirs. */
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath, VersionedName, parse } from '@imp/kit/base/schema.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import type { VmmContext } from '../context.ts'
import { isInstalled } from '../engine/choose.ts'
import { archive } from '../guest/cpio.ts'
import { driverEntries } from '../guest/initrd.ts'
import { ensureInitrd } from '../guest/ops.ts'
import { downloadPackages, findMirrors, findOffer, unpackPackages, type Repository } from '../image/apt.ts'
import { download, get } from '../image/download.ts'
import { shortText } from '../image/oci/ask.ts'
import { maximumDocument } from '../image/oci/manifest.ts'
import { defaultRelease, SourceRelease } from '../image/sources.ts'
import { machinesUsing } from '../image/use.ts'
import { assemble, making, patience } from './assemble.ts'
import { requireCompiler } from './compile.ts'
import { inspectKernel } from './extract.ts'
import { fetchKernel } from './fetch.ts'
import { buildKernel, originOf } from './from-source.ts'
import { Architecture, defaultKernel, Kernel, LinuxVersion, type KernelFiles } from './model.ts'
import { copyModules } from './module-tree.ts'
import { findLeftovers, removeLeftovers } from './prune.ts'
import type { KernelParts, Package } from './parts.ts'
import type { SourceWish } from './source.ts'
import { deleteKernel, findKernel, getKernel, kernelPaths, listKernels } from './store.ts'
import { kernelMirror } from './upstream.ts'
import { viewKernel, viewKernels, viewRemoved } from './views.ts'

async function repositoryOf({ host }: VmmContext): Promise<Repository & { architecture: Architecture }> {
  const { stdout } = await host.query(['dpkg', '--print-architecture'])
  const architecture = parse(Architecture, stdout, 'the architecture of this machine')
  return { release: defaultRelease, architecture, mirrors: await findMirrors(host) }
}

async function unpackFrom(context: VmmContext, repository: Repository, name: string, directory: string): Promise<Package> {
  const packages = await downloadPackages(context, repository, [name])
  await unpackPackages(context, packages, directory)
  const [only] = packages
  if (only === undefined) throw new Fault('bug', 'nothing was downloaded')
  return only
}

/** What other rooms do for kernels. */
function partsOf(context: VmmContext): KernelParts {
  const { host } = context
  return {
    architecture: async () => (await repositoryOf(context)).architecture,
    unpackPackage: async (name, directory) => unpackFrom(context, await repositoryOf(context), name, directory),
    async unpackSource(name, directory) {
      const repository = await findOffer(context, await repositoryOf(context), name, SourceRelease.options)
      return unpackFrom(context, repository, name, directory)
    },
    download: (url, sha256, directory) => download(context, { what: basename(url), url, sha256 }, directory),
    async readText(url) {
      const text = await shortText(await get(context, url), url, maximumDocument)
      if (text === undefined) throw new Fault('input', `${url} is longer than ${maximumDocument} bytes`)
      return text
    },
    kernelMirror: context.config.file.kernel_mirror ?? kernelMirror,
    packDrivers: async (drivers) => archive(drivers.paths.length === 0 ? [] : await driverEntries(host, drivers)),
    isInstalled: (program) => isInstalled(host, program),
  }
}

/**
 * The files of a kernel. The default one is fetched from Debian when it is missing, which takes some seconds and 30 MB;
 * a `not-found` fault for any other.
 */
export async function ensureKernel(context: VmmContext, name: string = defaultKernel): Promise<KernelFiles> {
  const { host, paths } = context
  const found = await findKernel(host, paths, name)
  const kernel =
    found ?? (name === defaultKernel ? await fetchKernel(context, partsOf(context), false) : await getKernel(host, paths, name))
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

const completeName = async ({ host, paths }: VmmContext): Promise<string[]> => (await listKernels(host, paths)).map(({ name }) => name)

const list = operation<VmmContext>()({
  path: ['kernel', 'list'],
  summary: 'List the kernels that machines can boot',
  effect: 'read',
  input: z.strictObject({}),
  output: z.array(Kernel),
  examples: ['vmm kernel list', 'vmm kernel list --json'],
  run: ({ host, paths }) => listKernels(host, paths),
  view: viewKernels,
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
  view: viewKernel,
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
    const kernel = await fetchKernel(context, partsOf(context), force)
    await ensureKernel(context, kernel.name)
    return kernel
  },
  view: viewKernel,
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
    const { host } = context
    const file = resolve(path)
    await inspectKernel(host, file)
    await requireFreeName(context, name, force)
    planned(context, [step('kernel.import', `import ${file} as ${name}`, { path: file, name })])
    return making(context, name, async (work) => {
      const tree = join(work, 'package')
      if (modules !== undefined) await copyModules(host, resolve(modules), tree)
      return assemble(context, partsOf(context), {
        name,
        source: { kind: 'file', path: file },
        file,
        ...(modules === undefined ? {} : { tree }),
      })
    })
  },
  view: viewKernel,
})

/** Where the source comes from, as the words of the command say it. */
function sourceWish(input: z.output<typeof Build>): SourceWish {
  const { version, source, tarball, sha256 } = input
  if (source !== undefined && tarball !== undefined) throw new Fault('input', 'give --source or --tarball, not both')
  if (tarball !== undefined && sha256 === undefined)
    throw new Fault('input', 'a tarball needs the checksum that its publisher tells', { hint: 'give --sha256 as well' })
  if (tarball === undefined && sha256 !== undefined) throw new Fault('input', '--sha256 belongs to --tarball')
  if (source !== undefined) return { from: 'directory', path: resolve(source) }
  if (tarball !== undefined && sha256 !== undefined && /^https?:\/\//.test(tarball)) return { from: 'download', url: tarball, sha256 }
  if (tarball !== undefined && sha256 !== undefined) return { from: 'tarball', path: resolve(tarball), sha256 }
  // Debian has one of each series, which is not the one that is meant.
  return { from: version.split('.').length === 2 ? 'debian' : 'upstream', version }
}

const Build = z.strictObject({
  version: LinuxVersion.describe('version to build'),
  name: VersionedName.describe('what to call it'),
  source: FilePath.optional().describe('source tree of Linux that is there already, and clean'),
  tarball: FilePath.optional().describe('tarball of the source, a file or an address'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 lower case hexadecimal digits')
    .optional()
    .describe('checksum of the tarball'),
  force: z.boolean().default(false).describe('replace the kernel of that name'),
})

/** Refuses names that are taken: by Debian's kernel always, by another unless forced. */
async function requireFreeName({ host, paths }: VmmContext, name: string, force: boolean): Promise<void> {
  if (name === defaultKernel)
    throw new Fault('conflict', `${name} is the name of the kernel that comes from Debian`, { hint: 'choose another name' })
  if (!force && (await findKernel(host, paths, name)) !== undefined)
    throw new Fault('conflict', `there is a kernel ${name} already`, { hint: 'choose another name, or replace it with --force' })
}

const build = operation<VmmContext>()({
  path: ['kernel', 'build'],
  summary: 'Build a kernel from source, small and with everything built in',
  description:
    "The source is Debian's package of it unless told, such as linux-source-6.1, of whichever release has it; where there is none, or for a version of three numbers, the release of Linux itself, from kernel.org or kernel_mirror of the settings. A build that fails or is killed goes on where it was when it is asked for again; one that is cancelled leaves nothing. What failed and is not wanted any more is taken away by vmm kernel prune.",
  effect: 'write',
  short: { force: 'f' },
  input: Build,
  output: Kernel,
  examples: [
    'vmm kernel build --version 6.1 --name kernel-6.1',
    'vmm kernel build --version 5.10 --name kernel-5.10',
    'vmm kernel build --version 6.6 --name kernel-6.6',
    'vmm kernel build --version 6.12 --name own --source ./linux',
    'vmm kernel build --version 6.6.30 --name lts --tarball https://cdn.kernel.org/pub/linux/kernel/v6.x/linux-6.6.30.tar.xz --sha256 0f2e4cb7b5ca1a2f27a6ab2bcf6d0a7d8f2a2bfbd0f2b9c6e0d38f6c1b7e5a90',
  ],
  async run(context, input) {
    const { version, name, force } = input
    const wish = sourceWish(input)
    await requireFreeName(context, name, force)
    planned(context, [step('kernel.build', `build Linux ${version} from ${originOf(wish)} as ${name}`, { name, version })])
    const parts = partsOf(context)
    await requireCompiler((program) => parts.isInstalled(program))
    return buildKernel(context, parts, name, version, wish)
  },
  view: viewKernel,
})

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
    await deleteKernel(host, paths, name)
    return { name }
  },
  view: ({ name }) => `Deleted the kernel ${name}.`,
})

const Removed = z.strictObject({ kind: z.enum(['build', 'leftover']), name: z.string(), size: z.int() })

const prune = operation<VmmContext>()({
  path: ['kernel', 'prune'],
  summary: 'Take away what builds that failed and killed commands left',
  description: 'A build that failed keeps its sources and what it compiled, some GiB, so that the same command goes on from there.',
  effect: 'destroy',
  input: z.strictObject({}),
  output: z.strictObject({ removed: z.array(Removed), bytes: z.int() }),
  examples: ['vmm kernel prune', 'vmm kernel prune --dry-run'],
  async run(context) {
    const found = await findLeftovers(context)
    const steps = found.map(({ kind, name, size }) =>
      step('kernel.prune', `remove the ${kind} of ${name}, ${formatBytes(size)}`, { kind, name }),
    )
    planned(context, steps)
    const removed = (await removeLeftovers(context, found)).map(({ kind, name, size }) => ({ kind, name, size }))
    return { removed, bytes: removed.reduce((sum, { size }) => sum + size, 0) }
  },
  view: viewRemoved,
})

export const operations: readonly AnyOperation<VmmContext>[] = [list, show, pull, importKernel, build, remove, prune]
