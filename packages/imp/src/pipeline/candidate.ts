/** The candidate of an editor as the configuration that a commit would bring into force. */
import { isDeepStrictEqual } from 'node:util'
import { refuse } from '@imp/kit/base/fault.ts'
import { candidateOf, withRouter } from '../commit/ops.ts'
import { documentAt, readCandidate } from '../config/candidate.ts'
import { checkConfig } from '../config/check.ts'
import { findingsByName } from '../config/findings-by-name.ts'
import { RouterConfig } from '../config/model.ts'
import type { ImpContext } from '../context.ts'
import type { Where } from './where.ts'

/**
 * The candidate, checked; the running configuration when nobody has edited or committed anything. An `input` fault with all findings when
 * a commit would refuse it.
 */
export function candidateConfig(context: ImpContext, input: Where & { readonly candidate?: string }): Promise<RouterConfig> {
  return withRouter(context, input, async ({ router }, store) => {
    const { base, document } = await readCandidate(context, candidateOf(store, input))
    const isUntouched = base === 0 && isDeepStrictEqual(document, await documentAt(store, base))
    const config = RouterConfig.parse(document)
    const running = isUntouched ? await router.running() : undefined
    refuse('the candidate', findingsByName(document, checkConfig(config)))
    return running ?? config
  })
}
