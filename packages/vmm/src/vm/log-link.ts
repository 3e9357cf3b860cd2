/** `<data>/logs/<name>.log`: where people look for what a machine has printed, by its name. */
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { FilePath } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { stepKind } from '@imp/kit/plan/step.ts'
import type { VmmPaths } from '../context.ts'
import type { Vm } from './model.ts'

const LogLink = z.strictObject({
  path: FilePath,
  /** What it leads to, relative to where it is, so that the data directory can be moved. */
  target: FilePath,
  /** One that goes for it. */
  former: FilePath.optional(),
})
type LogLink = z.output<typeof LogLink>

/** The link of a machine whose console log has this name in the machine's directory. */
export function logLinkOf({ data }: VmmPaths, { id, name }: Pick<Vm, 'id' | 'name'>, log = 'console.log'): LogLink {
  return { path: join(data, 'logs', `${name}.log`), target: join('..', 'machines', id, log) }
}

async function makeLink(host: Host, { path, target, former }: LogLink): Promise<void> {
  await host.files.makeDirectory(dirname(path))
  await host.run(['ln', '--symbolic', '--force', '--no-dereference', '--', target, path])
  if (former !== undefined && former !== path) await host.files.remove(former)
}

/** Only a link that another one went for comes back: what a start that failed has printed is what people look for. */
export const logLinkStep = stepKind({
  kind: 'vmm.log',
  schema: LogLink,
  do: makeLink,
  async undo(host, { path, target, former }) {
    if (former !== undefined) await makeLink(host, { path: former, target, former: path })
  },
})
