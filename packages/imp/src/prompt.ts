/** What the prompt of a session shows beside the menu: whether the candidate holds what is not committed. */
import { z } from 'zod'
import { invoke } from '@imp/kit/op/operation.ts'
import { findOperation, type Registry } from '@imp/kit/op/registry.ts'
import type { ImpContext } from './context.ts'

const Difference = z.looseObject({ changes: z.array(z.unknown()) })

/** `*` while the candidate differs from the configuration that it was made from; asked as a person would ask, by `diff`. */
export async function candidateMark(registry: Registry<ImpContext>, context: ImpContext): Promise<string> {
  const { operation } = await findOperation(registry, ['diff'])
  const answer = await invoke(operation, context, {})
  return answer.answer === 'result' && Difference.parse(answer.value).changes.length > 0 ? '*' : ''
}
