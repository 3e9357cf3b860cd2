/** Gets the kernel that machines boot out of the file that distributions ship. */
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { findText } from './find-text.ts'
import { compressionOf, headLength, recognise, sizeSuffix, type Compression, type KernelFile } from './image.ts'
import type { Architecture } from './model.ts'

const inflaters: Readonly<Record<Compression, Argv>> = {
  gzip: ['gzip', '-dc'],
  xz: ['xz', '-dc', '--memlimit-decompress=512MiB'],
  zstd: ['zstd', '-dc'],
  lz4: ['lz4', '-dc'],
  bzip2: ['bzip2', '-dc'],
  lzma: ['xz', '--format=lzma', '-dc', '--memlimit-decompress=512MiB'],
}

/** Bytes of a kernel, packed or not; one with all that Linux has, and what debuggers want to know, has some hundred MiB. */
const largest = 2 ** 30

/** `length` bytes of a file from `offset` on; fewer at its end. */
export async function readRange(host: Host, path: string, offset: number, length: number): Promise<Buffer> {
  const { stdout } = await host.query(['od', '-An', '-v', '-tx1', `-j${offset}`, `-N${length}`, path])
  return Buffer.from(stdout.replaceAll(/\s/g, ''), 'hex')
}

/** What kind of kernel a file holds; an `input` fault when it holds none. */
export async function inspectKernel(host: Host, path: string): Promise<KernelFile> {
  const found = await host.files.stat(path)
  if (found === undefined) throw new Fault('not-found', `there is no file ${path}`)
  // What is no file may never end, or never begin.
  if (found.kind !== 'file') throw new Fault('input', `${path} is no file`)
  if (found.size > largest) throw new Fault('input', `${path} is no kernel: it has ${found.size} bytes`)
  return recognise(await readRange(host, path, 0, headLength))
}

/** The kernel of the system stops what grows beyond all measure (setrlimit(2), RLIMIT_FSIZE). */
async function inflate(host: Host, path: string, [read, inflater]: readonly [Argv, Argv], output: string, most: number): Promise<void> {
  const write: Argv = ['prlimit', `--fsize=${most}`, 'dd', `of=${output}`, 'bs=1M', 'iflag=fullblock', 'status=none']
  try {
    await host.pipe([read, inflater, write], { timeout: 120_000 })
  } catch (error) {
    const { code, detail } = asFault(error)
    if (code !== 'exec' || /No space left/.test(detail ?? '')) throw error
    const size = (await host.files.stat(output))?.size ?? 0
    const why = size >= most ? `its payload has more than ${most} bytes when it is unpacked` : detail
    throw new Fault('input', `${path} is damaged`, { detail: why, cause: error })
  }
}

async function unpack(host: Host, path: string, file: KernelFile & { kind: 'packed' }, output: string, most: number): Promise<void> {
  const size = (await host.files.stat(path))?.size ?? 0
  const length = file.length ?? size - file.offset
  if (file.offset + length > size)
    throw new Fault('input', `${path} is cut short`, { detail: `its payload ends at byte ${file.offset + length} of ${size}` })
  const compression = compressionOf(await readRange(host, path, file.offset, 8))
  const suffix = sizeSuffix(file.wrapper, compression)
  const range = ['iflag=skip_bytes,count_bytes', `skip=${file.offset}`, `count=${length - suffix}`, 'bs=1M', 'status=none']
  await inflate(host, path, [['dd', `if=${path}`, ...range], inflaters[compression]], output, most)
  if (suffix === 0) return
  const inflated = (await readRange(host, path, file.offset + length - suffix, suffix)).readUInt32LE()
  const written = (await host.files.stat(output))?.size
  if (written !== inflated) throw new Fault('input', `${path} is damaged`, { detail: `it says ${inflated} bytes and holds ${written}` })
}

/** Writes the bootable kernel in `path` to `output` and says what it is for. Refuses with `input` what is no kernel. */
export async function extractKernel(host: Host, path: string, output: string, most = largest): Promise<Architecture> {
  const file = await inspectKernel(host, path)
  if (file.kind === 'plain') {
    await host.run(['cp', '--sparse=never', '--no-preserve=mode', '--', path, output])
    return file.architecture
  }
  await unpack(host, path, file, output, most)
  const inner = await inspectKernel(host, output)
  if (inner.kind !== 'plain') throw new Fault('input', `${path} is packed twice`)
  return inner.architecture
}

/** What `uname -r` will say, from the banner in the kernel; undefined when there is none. */
export async function releaseOf(kernel: string): Promise<string | undefined> {
  return (await findText(kernel, /Linux version (\d[0-9A-Za-z.+~_-]{0,64})/))?.match[1]
}
