/** The operation `cp`: files between this computer and a machine. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { Name } from '@imp/kit/base/schema.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import { running, sshTo, User } from '../console/ops.ts'
import type { VmmContext } from '../context.ts'
import { machines } from '../vm/store.ts'
import { readPlaces } from './model.ts'
import { copyIn, copyOut } from './transfer.ts'

async function places(context: VmmContext): Promise<string[]> {
  return (await machines(context).names()).map((name) => `${name}:`)
}

const PlaceWord = z.string().min(1).max(4096)

const cp = operation<VmmContext>()({
  path: ['cp'],
  summary: 'Copy a file or directory into a machine or out of it',
  description:
    'Into a directory that is there, else under the name that is said; directories are merged. What comes out of a machine belongs to you, without devices and set-user-ID bits.',
  effect: 'write',
  args: ['source', 'destination'],
  input: z.strictObject({
    source: PlaceWord.describe('path here, or NAME:PATH in a machine'),
    destination: PlaceWord.describe('the other of both'),
    user: User,
  }),
  output: z.strictObject({ name: Name, from: z.string(), to: z.string() }),
  examples: ['vmm cp site.tar web1:/srv/', 'vmm cp web1:/var/log ./logs'],
  complete: { source: places, destination: places },
  async run(context, { source, destination, user }) {
    const { machine, from, to, into } = readPlaces(source, destination)
    const { vm } = await running(context, machine)
    const { host, signal } = context
    const summary = `copy ${source} to ${destination}`
    planned(context, [{ kind: 'vmm.copy', summary, disruption: 'none', data: { from, to, into } }])
    const guest = (words: readonly string[]) => sshTo(context, vm, user, ['-o', 'BatchMode=yes'], words)
    if (into) await copyIn(host, guest, resolve(from), to, signal)
    else await copyOut(host, guest, from, resolve(to), signal)
    return { name: vm.name, from: source, to: destination }
  },
  view: () => '',
})

export const operations: readonly AnyOperation<VmmContext>[] = [cp]
