/** Trees between this computer and a guest, as a tar stream over ssh. What a guest sends is not trusted. */
import { dirname, join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { baseOf } from './model.ts'

/** ssh to the guest with words to run there. */
export type Guest = (words: readonly string[]) => Argv

/** An hour: large trees over a slow guest. */
const timeout = 3_600_000

/**
 * Unpacks standard input beside its destination ($1: directory, $2: name in the stream, $3: name or directory that it gets) and then
 * puts it there at once; a directory is copied into, one that has the name is merged into (cp(1), -T).
 */
const unpack = `set -eu
base=$2 to=$3
if [ -d "$to" ]; then to=$to/$base; fi
parent=$(dirname -- "$to")
[ -d "$parent" ] || { echo "there is no directory $parent" >&2; exit 1; }
work=$(mktemp -d "$parent/.vmm-XXXXXX")
trap 'rm -rf -- "$work"' EXIT
tar -xf - -C "$work"
cp -a -T -- "$work/$base" "$to"`

async function require(host: Host, path: string): Promise<void> {
  if ((await host.files.stat(path)) === undefined) throw new Fault('not-found', `there is no ${path} on this computer`)
}

/** Copies a file or directory of this computer into the guest. Owners are root there, as for files that it makes itself. */
export async function copyIn(host: Host, guest: Guest, from: string, to: string, signal: AbortSignal): Promise<void> {
  await require(host, from)
  const base = baseOf(from)
  const pack: Argv = ['tar', '-C', dirname(from), '--owner=0', '--group=0', '-cf', '-', '--', `./${base}`]
  await host.pipe([pack, guest(['sh', '-c', unpack, 'sh', '', base, to])], { timeout, signal })
}

/** Where it goes: into a directory that is there, or under the name that is said. */
async function destination(host: Host, to: string, base: string): Promise<string> {
  if ((await host.files.stat(to))?.kind === 'directory') return join(to, base)
  await require(host, dirname(to))
  return to
}

/** Copies a file or directory of the guest here. Devices do not come along, nor owners and set-user-ID bits. */
export async function copyOut(host: Host, guest: Guest, from: string, to: string, signal: AbortSignal): Promise<string> {
  const base = baseOf(from)
  const end = await destination(host, to, base)
  const work = join(dirname(end), `.vmm-${randomUUID().slice(0, 8)}`)
  await host.files.makeDirectory(work, { mode: 0o700 })
  try {
    const pack = guest(['tar', '-C', dirname(from), '-cf', '-', '--', `./${base}`])
    await host.pipe([pack, ['tar', '-C', work, '--no-same-owner', '--no-same-permissions', '-xf', '-']], { timeout, signal })
    await host.run(['find', work, '-not', '-type', 'f', '-not', '-type', 'd', '-not', '-type', 'l', '-delete'])
    await host.run(['find', work, '-type', 'f', '-perm', '/7000', '-exec', 'chmod', 'ug-s,o-t', '{}', '+'])
    await requireFrom(host, join(work, base), from)
    // Unlinked first: a link of an earlier copy would have the machine write where it leads.
    await host.run(['cp', '-a', '--remove-destination', '-T', '--', join(work, base), end], { timeout, signal })
  } finally {
    await host.files.remove(work)
  }
  return end
}

async function requireFrom(host: Host, path: string, from: string): Promise<void> {
  if ((await host.files.stat(path)) === undefined) throw new Fault('not-found', `the machine sent nothing that is called ${from}`)
}
