/** Gets the kernel that machines boot out of the file that distributions ship. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { compressionOf, headLength, recognise, sizeSuffix, type Compression, type KernelFile } from './image.ts'
import type { Architecture } from './model.ts'

const inflaters: Readonly<Record<Compression, Argv>> = {
  gzip: ['gzip', '-dc'],
  xz: ['xz', '-dc'],
  zstd: ['zstd', '-dc'],
  lz4: ['lz4', '-dc'],
  bzip2: ['bzip2', '-dc'],
  lzma: ['xz', '--format=lzma', '-dc'],
}

/** `length` bytes of a file from `offset` on; fewer at its end. */
export async function readRange(host: Host, path: string, offset: number, length: number): Promise<Buffer> {
  const { stdout } = await host.query(['od', '-An', '-v', '-tx1', `-j${offset}`, `-N${length}`, path])
  return Buffer.from(stdout.replaceAll(/\s/g, ''), 'hex')
}

/** What kind of kernel a file holds; an `input` fault when it holds none. */
export async function inspectKernel(host: Host, path: string): Promise<KernelFile> {
  const found = await host.files.stat(path)
  if (found === undefined) throw new Fault('not-found', `there is no file ${path}`)
  return recognise(await readRange(host, path, 0, headLength))
}

async function unpack(host: Host, path: string, file: KernelFile & { kind: 'packed' }, output: string): Promise<void> {
  const size = (await host.files.stat(path))?.size ?? 0
  const length = file.length ?? size - file.offset
  if (file.offset + length > size)
    throw new Fault('input', `${path} is cut short`, { detail: `its payload ends at byte ${file.offset + length} of ${size}` })
  const compression = compressionOf(await readRange(host, path, file.offset, 8))
  const suffix = sizeSuffix(file.wrapper, compression)
  const range = ['iflag=skip_bytes,count_bytes', `skip=${file.offset}`, `count=${length - suffix}`, 'bs=1M', 'status=none']
  await host.pipe(
    [['dd', `if=${path}`, ...range], inflaters[compression], ['dd', `of=${output}`, 'bs=1M', 'iflag=fullblock', 'status=none']],
    {
      timeout: 120_000,
    },
  )
  if (suffix === 0) return
  const inflated = (await readRange(host, path, file.offset + length - suffix, suffix)).readUInt32LE()
  const written = (await host.files.stat(output))?.size
  if (written !== inflated) throw new Fault('input', `${path} is damaged`, { detail: `it says ${inflated} bytes and holds ${written}` })
}

/** Writes the bootable kernel in `path` to `output` and says what it is for. Refuses with `input` what is no kernel. */
export async function extractKernel(host: Host, path: string, output: string): Promise<Architecture> {
  const file = await inspectKernel(host, path)
  if (file.kind === 'plain') {
    await host.run(['cp', '--sparse=never', '--no-preserve=mode', '--', path, output])
    return file.architecture
  }
  await unpack(host, path, file, output)
  const inner = await inspectKernel(host, output)
  if (inner.kind !== 'plain') throw new Fault('input', `${path} is packed twice`)
  return inner.architecture
}

/** What `uname -r` will say, from the banner in the kernel; undefined when there is none. */
export async function releaseOf(host: Host, kernel: string): Promise<string | undefined> {
  const pattern = 'Linux version [0-9][0-9A-Za-z.+~_-]*'
  const { stdout } = await host.query(['grep', '--text', '--only-matching', '--max-count=1', pattern, kernel], { statuses: [0, 1] })
  return stdout.split('\n')[0]?.split(' ')[2]
}
