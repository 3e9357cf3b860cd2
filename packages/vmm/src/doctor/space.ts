/** Room on the file system where machines are kept, and whether we may write there. */
import { dirname } from 'node:path'
import { formatBytes } from '@imp/kit/base/units.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { ok, told, type Diagnosis } from './model.ts'

/** Less than this, and building an image fails. */
const enough = 4 * 2 ** 30
/** Less than this, and machines cannot write what they were promised. */
const least = 2 ** 30

/** The nearest directory above a path that exists. */
async function existing(host: Host, path: string): Promise<string> {
  return (await host.files.stat(path)) === undefined ? existing(host, dirname(path)) : path
}

export async function lookAtSpace(host: Host, data: string): Promise<Diagnosis[]> {
  const place = await existing(host, data)
  const { stdout } = await host.query(['df', '--output=avail', '--block-size=1', '--', place])
  const free = Number(stdout.split('\n')[1]?.trim())
  const words = `${formatBytes(free)} free on the file system of ${data}`
  const { status } = await host.query(['test', '-w', place], { statuses: [0, 1] })
  const writable =
    status === 0 ? [] : [told('data', 'note', `${place} may only be read by this user`, 'run vmm as root to change machines')]
  if (free < least)
    return [told('space', 'problem', words, `free some: vmm image prune, or another data_dir (vmm config show)`), ...writable]
  if (free < enough) return [told('space', 'warning', `${words}: little for building images`, 'vmm image prune'), ...writable]
  return [ok('space', words), ...writable]
}
