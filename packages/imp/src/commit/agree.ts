/** Asking before a change that is felt. */
import { Fault } from '@imp/kit/base/fault.ts'
import { disruptionOf } from '@imp/kit/plan/step.ts'
import type { ImpContext } from '../context.ts'
import type { RouterPlan } from './router.ts'

/** Asks before sessions or links go down, where there is somebody to ask; a `failed` fault when the answer is no. */
export async function agree({ ask, yes = false }: Pick<ImpContext, 'ask' | 'yes'>, { steps, effects, summary }: RouterPlan): Promise<void> {
  if (yes || ask === undefined || disruptionOf(steps) === 'none') return
  const help = [...effects, summary].join('\n')
  const reply = await ask.confirm({ message: 'This disturbs traffic. Go on?', help, initial: false })
  if (reply.reply === 'value' && reply.value) return
  throw new Fault('failed', 'not confirmed, nothing was changed', { hint: 'the candidate is kept' })
}
