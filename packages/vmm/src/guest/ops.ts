/** The parts of initrds that come from Debian packages, made once and kept. No operations of their own. */
import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { withLock } from '@imp/kit/host/lock.ts'
import { findDocument, writeDocument, type DocumentKind } from '@imp/kit/store/document.ts'
import type { VmmContext } from '../context.ts'
import { downloadPackages, unpackPackages, type Repository } from '../image/apt.ts'
import { archive } from './cpio.ts'
import { joinArchives } from './initrd.ts'
import { scriptEntries, toolEntries, toolPackages } from './tools.ts'

const Tools = z.strictObject({ packages: z.array(z.strictObject({ name: z.string(), version: z.string() })) })
const toolsDocument = { schema: 'vmm.tools', version: 1, fields: Tools } satisfies DocumentKind<typeof Tools>

/** Multiarch names (Debian wiki, Multiarch/Tuples). */
const triplets: Readonly<Record<string, string>> = { amd64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }

interface ToolArchive {
  readonly path: string
  /** Tells one set of programs from another. */
  readonly key: string
}

async function makeTools(context: VmmContext, repository: Repository, directory: string): Promise<void> {
  const { host } = context
  const building = join(directory, '.building')
  await host.files.remove(building)
  try {
    const packages = await downloadPackages(context, repository, toolPackages)
    await unpackPackages(context, packages, building)
    const entries = await toolEntries(host, building, triplets[repository.architecture] ?? '')
    await host.files.write(join(directory, 'tools.cpio'), archive(entries))
    // Last: what it says is there.
    const versions = packages.map(({ name, version }) => ({ name, version }))
    await writeDocument(host, toolsDocument, join(directory, 'tools.json'), { packages: versions })
  } finally {
    await host.files.remove(building)
  }
}

/** The archive of the programs that every guest gets, fetched from Debian when it is missing. */
export async function ensureTools(context: VmmContext, repository: Repository): Promise<ToolArchive> {
  const { host, paths } = context
  const directory = join(paths.data, 'guest', repository.architecture)
  await host.files.makeDirectory(directory)
  const document = join(directory, 'tools.json')
  return withLock(host.clock, join(directory, '.lock'), { what: 'the programs for guests', timeout: 1_800_000 }, async () => {
    const found = await findDocument(host, toolsDocument, document)
    if (found === undefined) await makeTools(context, repository, directory)
    const tools = found ?? (await findDocument(host, toolsDocument, document))
    return { path: join(directory, 'tools.cpio'), key: JSON.stringify(tools?.packages) }
  })
}

export interface KernelParts {
  /** Directory of the kernel, where the initrd goes. */
  readonly directory: string
  /** Archive of its modules. */
  readonly drivers: string
}

/**
 * The initrd of a kernel. Its name tells what it was made of, so that a newer version of our scripts or programs makes a newer one;
 * machines that run keep the copy that they were started with.
 */
export async function ensureInitrd(context: VmmContext, repository: Repository, kernel: KernelParts): Promise<string> {
  const { host } = context
  const scripts = archive(await scriptEntries(host))
  const tools = await ensureTools(context, repository)
  const key = createHash('sha256').update(scripts).update(tools.key).digest('hex').slice(0, 16)
  const output = join(kernel.directory, `initrd-${key}`)
  if ((await host.files.stat(output)) !== undefined) return output
  const scriptArchive = join(kernel.directory, `.scripts-${key}.cpio`)
  await host.files.write(scriptArchive, scripts)
  await joinArchives(host, [tools.path, kernel.drivers, scriptArchive], output)
  await host.files.remove(scriptArchive)
  const older = (await host.files.list(kernel.directory)).filter((name) => name.startsWith('initrd-') && name !== basename(output))
  await Promise.all(older.map((name) => host.files.remove(join(kernel.directory, name))))
  return output
}
