/** Which router is looked at: the words that say it, and the way there. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath } from '@imp/kit/base/schema.ts'
import { namespacePath } from '@imp/kit/host/namespace.ts'
import type { ImpContext } from '../context.ts'
import { findDaemons } from '../frr/daemons.ts'
import type { FrrDaemon } from '../frr/daemon.ts'
import { defaultNamespace, frrPlace, NamespaceName, openTarget, TargetName, type Target } from './target.ts'

/** Input of every operation on a router. */
export const where = {
  namespace: NamespaceName.default(defaultNamespace).describe('network namespace of the router on this machine'),
  target: TargetName.describe('node of a running lab instead of a namespace').exactOptional(),
  stateDirectory: FilePath.describe('directory of the running document and the journal').exactOptional(),
  runDirectory: FilePath.describe('directory of the sockets and logs of FRR').exactOptional(),
}
export type Where = z.output<z.ZodObject<typeof where>>

/** The same with paths that no change of directory moves. */
export function absolute(input: Where): Where {
  const { stateDirectory, runDirectory } = input
  return {
    ...input,
    ...(stateDirectory === undefined ? {} : { stateDirectory: resolve(stateDirectory) }),
    ...(runDirectory === undefined ? {} : { runDirectory: resolve(runDirectory) }),
  }
}

/** The words of the command line by which another process finds the same router. */
export function wordsOf({ namespace, target, stateDirectory, runDirectory }: Where): string[] {
  const given = Object.entries({ namespace, target, 'state-directory': stateDirectory, 'run-directory': runDirectory })
  return given.flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}=${value}`]))
}

/** Opens the router, uses it and closes it. */
export async function withTarget<T>(context: ImpContext, input: Where, use: (target: Target) => Promise<T>): Promise<T> {
  const opened = await openTarget(context, absolute(input))
  try {
    return await use(opened)
  } finally {
    await opened.close()
  }
}

/** A `not-found` fault when the network namespace of the router is not there. */
export async function requireNamespace({ machine, namespace, name }: Target): Promise<void> {
  if (namespace === undefined || (await machine.files.stat(namespacePath(namespace))) !== undefined) return
  throw new Fault('not-found', `${name} is not there: no router was brought up in it`, { hint: 'imp apply router.json' })
}

/** A `state` fault when the FRR daemon does not run. */
export async function requireDaemon(target: Target, daemon: FrrDaemon): Promise<void> {
  if ((await findDaemons(frrPlace(target))).has(daemon)) return
  throw new Fault('state', `${daemon} does not run in ${target.name}`, { hint: 'imp drift shows what is missing, imp apply mends it' })
}
