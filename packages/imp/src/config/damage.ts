/** Files of our own that somebody else, or a broken disk, has cut or written over: told as damage, with the way to go on without them. */
import { Fault } from '@imp/kit/base/fault.ts'

/** Reads such a file. What is wrong with what it says is no fault of the person's input but a `state` fault with this hint. */
export async function readOwn<T>(hint: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'input') throw error
    const { message, detail, findings } = error
    throw new Fault('state', message, { hint, detail, findings, cause: error })
  }
}
