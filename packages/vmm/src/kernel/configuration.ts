/** Reads the configuration that a kernel carries in itself (CONFIG_IKCONFIG; Linux, kernel/configs.c). */
import type { Host } from '@imp/kit/host/host.ts'
import { parseConfiguration } from './options.ts'

/** What stands before and behind the configuration, which is compressed with gzip. */
const [begin, end] = ['IKCFG_ST', 'IKCFG_ED']

async function offsetOf(host: Host, path: string, mark: string): Promise<number | undefined> {
  // Bytes, as nothing of it is text: LANG of the host's programs is UTF-8 otherwise.
  const options = { statuses: [0, 1], env: { LC_ALL: 'C' }, timeout: 60_000 }
  const { stdout } = await host.query(['grep', '--text', '--only-matching', '--byte-offset', mark, path], options)
  const offset = /^(\d+):/.exec(stdout)?.[1]
  return offset === undefined ? undefined : Number(offset)
}

/** The options of the uncompressed kernel at `path`; undefined when it does not tell. */
export async function readConfiguration(host: Host, path: string): Promise<ReadonlyMap<string, string> | undefined> {
  const [from, to] = [await offsetOf(host, path, begin), await offsetOf(host, path, end)]
  if (from === undefined || to === undefined || to <= from) return undefined
  const start = from + begin.length
  const range = ['iflag=skip_bytes,count_bytes', `skip=${start}`, `count=${to - start}`, 'bs=64K', 'status=none']
  const { stdout } = await host.pipe([
    ['dd', `if=${path}`, ...range],
    ['gzip', '-dc'],
  ])
  return parseConfiguration(stdout)
}
