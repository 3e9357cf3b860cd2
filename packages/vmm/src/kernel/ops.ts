/** Operations on kernels, and `ensureKernel`, by which machines get theirs. */
import { basename, join, resolve } from 'node:path'
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
import { isInstalled } from '../engine/choose.ts'
import { archive } from '../guest/cpio.ts'
import { driverEntries } from '../guest/initrd.ts'
import { ensureInitrd } from '../guest/ops.ts'
import { downloadPackages, findMirrors, unpackPackages, type Repository } from '../image/apt.ts'
import { defaultRelease } from '../image/sources.ts'
import { machinesUsing } from '../image/use.ts'
import { findModules, indexModules, packModules, selectDrivers } from './build.ts'
import { extractKernel, inspectKernel, releaseOf } from './extract.ts'
import { compileKernel, isVersion, requireCompiler, versionOf } from './compile.ts'
import { readConfiguration } from './configuration.ts'
import { Architecture, defaultKernel, Kernel, kernelDocument, LinuxVersion, type KernelFiles } from './model.ts'
import { missingOptions } from './options.ts'
import { openSource, type SourceWish } from './source.ts'
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

/** Refuses a kernel that tells what it was built with and lacks what machines need; one that does not tell is taken at its word. */
async function requireOptions({ host, report }: VmmContext, vmlinux: string, file: string, architecture: Architecture, modules: boolean) {
  const configuration = await readConfiguration(host, vmlinux)
  if (configuration === undefined) {
    const text = `${file} does not tell its options (CONFIG_IKCONFIG): whether machines boot it is seen when one starts`
    return report({ event: 'log', level: 'info', text })
  }
  const missing = missingOptions(configuration, architecture, modules)
  if (missing.length === 0) return undefined
  const detail = missing.map((name) => `CONFIG_${name}=${configuration.get(name) ?? 'n'}`).join('\n')
  const isModule = missing.every((name) => configuration.get(name) === 'm')
  throw new Fault('unsupported', `${file} is a kernel that machines cannot use: it lacks ${missing.join(', ')}`, {
    hint: isModule ? 'give its modules as well: --modules DIRECTORY' : 'vmm kernel build makes one that has all of it',
    detail,
  })
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
  // Debian's is known to do, with its modules, and does not tell.
  if (source.kind !== 'package') await requireOptions(context, made.vmlinux, file, architecture, tree !== undefined)
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
  if (source.kind === 'build') return `built from ${source.origin}`
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
    const { host } = context
    const file = resolve(path)
    await inspectKernel(host, file)
    await requireFreeName(context, name, force)
    planned(context, [step('kernel.import', `import ${file} as ${name}`, { path: file, name })])
    return making(context, name, async (work) => {
      const tree = join(work, 'package')
      if (modules !== undefined) await copyModules(context, resolve(modules), tree)
      return assemble(context, { name, source: { kind: 'file', path: file }, file, ...(modules === undefined ? {} : { tree }) })
    })
  },
  view,
})

/** Where the source comes from, as the words of the command say it. */
function sourceWish(input: z.output<typeof Build>): SourceWish {
  const { version, source, tarball, sha256 } = input
  if (source !== undefined && tarball !== undefined) throw new Fault('input', 'give --source or --tarball, not both')
  if (tarball !== undefined && sha256 === undefined)
    throw new Fault('input', 'a tarball needs the checksum that its publisher tells', { hint: 'give --sha256 as well' })
  if (tarball === undefined && sha256 !== undefined) throw new Fault('input', '--sha256 belongs to --tarball')
  if (source !== undefined) return { from: 'directory', path: resolve(source) }
  if (tarball !== undefined && sha256 !== undefined) return { from: 'tarball', path: resolve(tarball), sha256 }
  return { from: 'debian', version: version.split('.').slice(0, 2).join('.') }
}

function originOf(wish: SourceWish): string {
  if (wish.from === 'debian') return `linux-source-${wish.version} of Debian`
  return wish.from === 'tarball' ? basename(wish.path) : wish.path
}

/**
 * Builds in a place that stays when a build fails or is killed, so that the same command goes on from there; whoever cancels it leaves
 * nothing. Another source begins anew.
 */
async function buildKernel(context: VmmContext, name: string, version: string, wish: SourceWish): Promise<Kernel> {
  const { host, paths, signal } = context
  const place = join(paths.cache, 'kernel-builds', name)
  const mark = join(place, 'wish.json')
  const said = JSON.stringify({ version, ...wish })
  const repository = await repositoryOf(context)
  return making(context, name, async () => {
    if ((await host.files.stat(mark)) === undefined || (await host.files.read(mark)) !== said) await host.files.remove(place)
    await host.files.makeDirectory(place, { mode: 0o755 })
    await host.files.write(mark, said)
    try {
      const unpackPackage = async (wanted: string, directory: string): Promise<void> =>
        unpackPackages(context, await downloadPackages(context, repository, [wanted]), directory)
      const tree = await openSource(context, unpackPackage, wish, join(place, 'source'))
      const found = await versionOf(context, tree)
      if (!isVersion(found, version)) throw new Fault('input', `${originOf(wish)} is Linux ${found}, not ${version}`)
      const { file } = await compileKernel(context, tree, join(place, 'output'), repository.architecture)
      const kernel = await assemble(context, { name, source: { kind: 'build', version: found, origin: originOf(wish) }, file })
      await host.files.remove(place)
      return kernel
    } catch (error) {
      if (signal.aborted) await host.files.remove(place)
      throw error
    }
  })
}

const Build = z.strictObject({
  version: LinuxVersion.describe('version to build'),
  name: VersionedName.describe('what to call it'),
  source: FilePath.optional().describe('source tree of Linux that is there already, and clean'),
  tarball: FilePath.optional().describe('tarball of the source'),
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
    "The source is Debian's package of it unless told: linux-source-6.1 where the release has it. A build that fails or is killed goes on where it was when it is asked for again; one that is cancelled leaves nothing.",
  effect: 'write',
  short: { force: 'f' },
  input: Build,
  output: Kernel,
  examples: [
    'vmm kernel build --version 6.1 --name kernel-6.1',
    'vmm kernel build --version 6.6 --name own --source ./linux',
    'vmm kernel build --version 6.6.30 --name lts --tarball linux-6.6.30.tar.xz --sha256 0f2e4cb7b5ca1a2f27a6ab2bcf6d0a7d8f2a2bfbd0f2b9c6e0d38f6c1b7e5a90',
  ],
  async run(context, input) {
    const { version, name, force } = input
    const wish = sourceWish(input)
    await requireFreeName(context, name, force)
    planned(context, [step('kernel.build', `build Linux ${version} from ${originOf(wish)} as ${name}`, { name, version })])
    await requireCompiler(context.host, isInstalled)
    return buildKernel(context, name, version, wish)
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

export const operations: readonly AnyOperation<VmmContext>[] = [list, show, pull, importKernel, build, remove]
