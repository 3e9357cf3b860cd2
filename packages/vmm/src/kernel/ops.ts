/** Operations on kernels. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { AnyOperation } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../context.ts'
import { defaultKernel, type KernelFiles } from './model.ts'

/** The files of a kernel; the default one is fetched when it is missing. A `not-found` fault for any other. */
export async function ensureKernel(context: VmmContext, name: string = defaultKernel): Promise<KernelFiles> {
  throw new Fault('unsupported', `kernel ${name} cannot be made on ${context.host.name} yet`)
}

export const operations: readonly AnyOperation<VmmContext>[] = []
