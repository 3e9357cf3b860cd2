/** A whole conversation with a person who answers by a script, for tests. */
import { fakeHost, type FakeHost } from '@imp/kit/host/fake.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import { converse, type Ending } from './conversation.ts'
import { draftStore } from './draft.ts'
import { fakeAsk, type FakeAsk, type Line, type Watch } from './fake-ask.ts'
import { merge } from './merge.ts'
import { fresh, nics, situationOf } from './sample.ts'

/** The question with the phases. */
export const menu = /^Configuration of this router$/

export interface Held {
  readonly ending: Ending
  readonly ask: FakeAsk
  readonly host: FakeHost
  /** What the answers make of the candidate. */
  readonly config: RouterConfig | undefined
}

export async function hold(script: readonly Line[], document: RouterConfigInput = fresh, host = fakeHost(), watch?: Watch): Promise<Held> {
  const ask = fakeAsk(script, watch)
  const situation = situationOf(document)
  const ending = await converse({
    ask,
    drafts: draftStore(host, '/state', 'anna'),
    situation,
    configured: (document.interfaces ?? []).length > 0,
    detect: async () => nics,
    review: async (answers) => JSON.stringify(answers),
  })
  const config = ending.ending === 'finished' ? RouterConfig.parse(merge(document, ending.answers, nics)) : undefined
  return { ending, ask, host, config }
}
