/** Operations on images. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { AnyOperation } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../context.ts'
import type { ImageFile } from './model.ts'

/** The disk of an image; a `not-found` fault when there is no such image. */
export async function getImage(context: VmmContext, name: string): Promise<ImageFile> {
  throw new Fault('unsupported', `image ${name} cannot be read on ${context.host.name} yet`)
}

export const operations: readonly AnyOperation<VmmContext>[] = []
