/**
 * What a new machine costs, by the size of its image: bytes on disk, and time of its creation with the disk that its first start makes.
 * A machine has a writable layer above the image, which it shares (`--disk-mode overlay`, the default): nothing of the image is read or
 * copied, so that the images here are files of the right size without content. A copy (`--disk-mode full`) costs what the image holds.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { localHost } from '@imp/kit/host/local.ts'
import { decode, encode } from '@imp/kit/store/document.ts'
import { diskLabels } from '../../packages/vmm/src/guest/boot.ts'
import { imageDocument, imageFile, imagesDirectory } from '../../packages/vmm/src/image/model.ts'
import { diskStep } from '../../packages/vmm/src/vm/disks.ts'
import { vmDocument } from '../../packages/vmm/src/vm/model.ts'
import { machinePaths } from '../../packages/vmm/src/vm/paths.ts'
import { compare, run, type Ratio, type Side } from './measure.ts'
import { withScratch, type Scratch } from './scratch.ts'

const name = 'bench'
const runs = 5

async function writeImage({ data }: Scratch, gibibytes: number): Promise<string> {
  const image = `image${gibibytes}`
  const [size, digest] = [gibibytes * 1024 ** 3, createHash('sha256').update(image).digest('hex')]
  const file = imageFile(data, digest)
  await mkdir(join(imagesDirectory(data), 'files'), { recursive: true })
  const handle = await open(file, 'w')
  await handle.truncate(size)
  await handle.close()
  const document = { name: image, architecture: 'amd64', packages: [], size, digest, inputs: digest, created: '2026-01-01T00:00:00.000Z' }
  await writeFile(join(imagesDirectory(data), `${image}.json`), encode(imageDocument, document))
  return image
}

/** Creates the machine, and makes the disk as the plan of its first start has it. */
async function make(scratch: Scratch, image: string): Promise<void> {
  const { data } = scratch
  await scratch.vmm('create', name, '--image', image, '--network', 'none')
  const path = join(data, 'vms', `${name}.json`)
  const vm = decode(vmDocument, await readFile(path, 'utf8'), path)
  const { directory, disk } = machinePaths({ data, run: join(data, 'sockets'), cache: join(data, 'cache') }, vm.id)
  await mkdir(directory, { recursive: true })
  await diskStep.do(localHost(), { path: disk, size: vm.disk, label: diskLabels.writable })
}

async function remove({ data }: Scratch): Promise<void> {
  for (const each of ['vms', 'machines']) await rm(join(data, each), { recursive: true, force: true })
}

/** KiB that all of the machine takes (du(1)), which is not what its files are long. */
async function kibibytesOf(scratch: Scratch, image: string): Promise<number> {
  await make(scratch, image)
  const shown = await run(['du', '--summarize', '--total', '--block-size=1024', join(scratch.data, 'vms'), join(scratch.data, 'machines')])
  await remove(scratch)
  return Number(/^(\d+)\ttotal$/m.exec(shown)?.[1])
}

export async function benchmarkDisk(): Promise<Ratio[]> {
  return withScratch(async (scratch) => {
    const [large, small] = [await writeImage(scratch, 10), await writeImage(scratch, 1)]
    const names = { what: 'new machine with its disk, image of 10 GiB', than: 'image of 1 GiB' }
    const side = (words: string, image: string): Side => ({
      name: words,
      work: () => make(scratch, image),
      after: () => remove(scratch),
    })
    return [
      { ...names, ours: await kibibytesOf(scratch, large), theirs: await kibibytesOf(scratch, small), unit: 'KiB', runs: 1 },
      await compare(side(names.what, large), side(names.than, small), runs),
    ]
  })
}
