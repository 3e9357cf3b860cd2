/** `vmm image import` of an OCI directory, beside the tools with which the same is done by hand. */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { layoutText, tag, writeLayout } from './layout.ts'
import { compare, compareCpu, run, type Ratio } from './measure.ts'
import { withScratch, type Scratch } from './scratch.ts'

const programs = ['skopeo', 'umoci', 'mkfs.ext4'] as const
const runs = 3

async function missing(): Promise<string[]> {
  const found = await Promise.all(programs.map((program) => run(['which', program]).catch(() => '')))
  return programs.filter((_, index) => found[index] === '')
}

async function importImage(scratch: Scratch, layout: string): Promise<void> {
  await scratch.vmm('image', 'import', `oci:${layout}:${tag}`, '--name', 'bench', '--start', 'ssh', '--force')
}

/** Copies with its digests checked, unpacks, and fills a file system that a machine could start from. */
async function byHand(directory: string, layout: string): Promise<void> {
  const [copy, bundle, disk] = ['copy', 'bundle', 'disk.ext4'].map((name) => join(directory, name)) as [string, string, string]
  const rootless = process.getuid?.() === 0 ? [] : ['--rootless']
  await run(['skopeo', 'copy', '--quiet', '--insecure-policy', `oci:${layout}:${tag}`, `oci:${copy}:${tag}`])
  await run(['umoci', 'unpack', ...rootless, '--image', `${copy}:${tag}`, bundle])
  await run(['mkfs.ext4', '-q', '-F', '-d', join(bundle, 'rootfs'), disk, '1G'])
}

export async function benchmarkImport(): Promise<Ratio[]> {
  const lacking = await missing()
  if (lacking.length > 0) {
    console.error(`bench: import: skipped, needs ${lacking.join(', ')} (apt-get install skopeo umoci e2fsprogs)`)
    return []
  }
  return withScratch(async (scratch) => {
    const [layout, hand] = [join(scratch.data, 'layout'), join(scratch.data, 'by-hand')]
    await writeLayout(layout)
    const clear = async (): Promise<void> => {
      await rm(hand, { recursive: true, force: true })
      await mkdir(hand)
    }
    const ours = { name: `vmm image import, ${layoutText}`, work: () => importImage(scratch, layout) }
    const theirs = { name: 'skopeo, umoci and mkfs.ext4', before: clear, work: () => byHand(hand, layout) }
    return [await compare(ours, theirs, runs), await compareCpu(ours, theirs, runs)]
  })
}
