/**
 * Archives and layers that cannot be read as they lie, unpacked beside: those that are read in place, and those in a compression that
 * Node.js does not have, by the programs for it.
 */
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { readStream } from '@imp/kit/host/streams.ts'
import { defaultLimits, peek, saveInflated, type Layer, type Limits } from './layer.ts'

/** First bytes of a file by its compression, and what undoes it. A dictionary of more than 256 MiB is no honest archive's. */
const programs: readonly { readonly mark: Buffer; readonly argv: Argv }[] = [
  { mark: Buffer.from('\xfd7zXZ\0', 'latin1'), argv: ['xz', '--decompress', '--stdout', '--memlimit-decompress=512MiB'] },
  { mark: Buffer.from('BZh'), argv: ['bzip2', '--decompress', '--stdout'] },
  { mark: Buffer.from('LZIP'), argv: ['lzip', '--decompress', '--stdout'] },
]

const longest = Math.max(...programs.map(({ mark }) => mark.length))

async function programFor(stream: Readable): Promise<Argv | undefined> {
  const first = await peek(stream, longest)
  return programs.find(({ mark }) => first.subarray(0, mark.length).equals(mark))?.argv
}

export interface UnpackContext {
  readonly host: Host
  readonly signal: AbortSignal
}

/** Milliseconds for one archive on a slow machine. */
const timeout = 3_600_000

/** Lets a program of the system undo the compression; the kernel stops what grows beyond the limit (setrlimit(2), RLIMIT_FSIZE). */
async function runProgram(
  { host, signal }: UnpackContext,
  what: string,
  stored: Readable,
  argv: Argv,
  output: string,
  most: number,
): Promise<void> {
  try {
    const write: Argv = ['prlimit', `--fsize=${most}`, 'dd', `of=${output}`, 'bs=1M', 'iflag=fullblock', 'status=none']
    await host.pipe([argv, write], { input: stored, signal, timeout })
  } catch (error) {
    const fault = asFault(error)
    if (fault.code !== 'exec') throw error
    const size = (await host.files.stat(output))?.size ?? 0
    await host.files.remove(output)
    if (/No space left/.test(fault.detail ?? '')) throw error
    if (size >= most) throw new Fault('input', `${what} is larger than ${most} bytes when it is unpacked`, { cause: error })
    throw new Fault('input', `${what} cannot be read: it is cut off or broken`, { detail: fault.detail, cause: error })
  }
}

/** What an archive of so many bytes may grow to. */
function mostOf(limits: Limits, stored: number): number {
  return Math.min(limits.bytes, Math.max(2 ** 30, stored * limits.ratio))
}

/** Unpacks a compressed file beside; false for one that is not compressed. Throws `input` when it is broken or grows too much. */
export async function unpackFile(context: UnpackContext, path: string, output: string, limits: Limits = defaultLimits): Promise<boolean> {
  const stored = await readStream(path)
  try {
    const argv = await programFor(stored)
    if (argv === undefined) return await saveInflated(path, stored, output, limits)
    const size = (await context.host.files.stat(path))?.size ?? 0
    await runProgram(context, path, stored, argv, output, mostOf(limits, size))
    return true
  } finally {
    stored.destroy()
  }
}

async function unpackLayer(context: UnpackContext, layer: Layer, output: string, limits: Limits): Promise<Layer> {
  const stored = await layer.open()
  try {
    const argv = await programFor(stored)
    if (argv === undefined) return layer
    await runProgram(context, `the layer ${layer.name}`, stored, argv, output, limits.bytes)
  } finally {
    stored.destroy()
  }
  const { name, diffId } = layer
  return { name, ...(diffId === undefined ? {} : { diffId }), open: () => readStream(output) }
}

/** The layers, those that are compressed with xz, bzip2 or lzip as files in the directory; of these only the content is checked. */
export async function unpackLayers(
  context: UnpackContext,
  layers: readonly Layer[],
  directory: string,
  limits: Limits = defaultLimits,
): Promise<Layer[]> {
  const all: Layer[] = []
  for (const [index, layer] of layers.entries()) all.push(await unpackLayer(context, layer, join(directory, `layer-${index}.tar`), limits))
  return all
}
