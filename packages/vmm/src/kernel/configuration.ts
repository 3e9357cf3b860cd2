/** Reads the configuration that a kernel carries in itself (CONFIG_IKCONFIG; Linux, kernel/configs.c). */
import { gunzipSync } from 'node:zlib'
import { Fault } from '@imp/kit/base/fault.ts'
import { readStream } from '@imp/kit/host/streams.ts'
import { findText } from './find-text.ts'
import { parseConfiguration } from './options.ts'

/** What stands before and behind the configuration, which is compressed with gzip. */
const [begin, end] = ['IKCFG_ST', 'IKCFG_ED']

/** Bytes that a configuration may have, compressed or not: that of a kernel with everything has 300 KiB. */
const longest = 8 << 20

async function bytesOf(path: string, offset: number, length: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of await readStream(path, { offset, length })) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}

/** The options of the uncompressed kernel at `path`; undefined when it does not tell. `input` for what is no configuration. */
export async function readConfiguration(path: string): Promise<ReadonlyMap<string, string> | undefined> {
  const [from, to] = [(await findText(path, new RegExp(begin)))?.offset, (await findText(path, new RegExp(end)))?.offset]
  if (from === undefined || to === undefined || to <= from + begin.length) return undefined
  const start = from + begin.length
  try {
    if (to - start > longest) throw new RangeError(`it has ${to - start} bytes`)
    return parseConfiguration(gunzipSync(await bytesOf(path, start, to - start), { maxOutputLength: longest }).toString('latin1'))
  } catch (error) {
    throw new Fault('input', `the configuration in ${path} cannot be read`, { detail: String(error), cause: error })
  }
}
