/** Looks whether what a lab's file promises is true, each line until it holds or its time is over. */
import { z } from 'zod'
import { asFault } from '@imp/kit/base/fault.ts'
import { parseDuration } from '@imp/kit/base/units.ts'
import type { Clock } from '@imp/kit/host/host.ts'
import { address } from './assertions/address.ts'
import type { Check, Lookout, Seen } from './assertions/assertion.ts'
import { noReach, reach } from './assertions/reach.ts'
import { noRoute, route, routes } from './assertions/route.ts'
import { seenAs } from './assertions/seen-as.ts'
import { session } from './assertions/session.ts'
import { assertionKinds, type Assertion, type AssertionKind } from './model.ts'

export const Verdict = z.strictObject({
  kind: z.enum(assertionKinds),
  subject: z.string().describe('which nodes and addresses are meant'),
  holds: z.boolean(),
  expected: z.string(),
  seen: z.string().describe('what the last look saw'),
  milliseconds: z.int().describe('time until it held or was given up'),
})
export type Verdict = z.output<typeof Verdict>

interface Line {
  readonly kind: AssertionKind
  readonly check: Check
  readonly deadlineMs: number
}

type Maker<K extends AssertionKind> = (fields: NonNullable<Assertion[K]>) => Check

const makers: { readonly [K in AssertionKind]: Maker<K> } = {
  reach,
  'no-reach': noReach,
  session,
  route,
  'no-route': noRoute,
  routes,
  address,
  'seen-as': seenAs,
}

function lineFor<K extends AssertionKind>(kind: K, fields: Assertion[K]): Line | undefined {
  if (fields === undefined) return undefined
  return { kind, check: makers[kind](fields), deadlineMs: parseDuration(fields.deadline) }
}

/** The one assertion that an entry holds. */
function lineOf(assertion: Assertion): Line {
  const lines = assertionKinds.flatMap((kind) => lineFor(kind, assertion[kind]) ?? [])
  const [first] = lines
  if (first === undefined) throw new Error('an assertion without a kind')
  return first
}

/** Milliseconds between two looks: each starts a program or two in a node. */
const interval = 250

async function lookOnce(check: Check, lookout: Lookout): Promise<Seen> {
  try {
    return await check.look(lookout)
  } catch (error) {
    const { message, detail } = asFault(error)
    lookout.signal.throwIfAborted()
    const last = detail?.split('\n').findLast((line) => line.trim() !== '' && !line.startsWith('$'))
    return { holds: false, seen: last === undefined ? message : `${message}: ${last}` }
  }
}

async function judge(clock: Clock, line: Line, lookout: Lookout): Promise<Verdict> {
  const began = clock.monotonic()
  for (;;) {
    const { holds, seen } = await lookOnce(line.check, lookout)
    const passed = clock.monotonic() - began
    if (holds || passed >= line.deadlineMs) {
      const { subject, expected } = line.check
      return { kind: line.kind, subject, holds, expected, seen, milliseconds: Math.round(passed) }
    }
    await clock.sleep(interval, lookout.signal)
  }
}

/** Looks at the same time, bounded so that the looks do not slow down what they look at. */
const atOnce = 6

/** Works through a list, so many at the same time; results in the order of the list. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const queue = items.entries()
  const results: R[] = []
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return results
}

/** What must not be: true of a lab that has not begun to work, so it is looked at when all else has been waited for. */
const absences: readonly AssertionKind[] = ['no-reach', 'no-route']

/** The verdict on every assertion, in their order; `onProgress` hears how many there are so far. */
export async function verifyLab(
  clock: Clock,
  assertions: readonly Assertion[],
  lookout: Lookout,
  onProgress: (judged: number) => void,
): Promise<Verdict[]> {
  const lines = assertions.map(lineOf)
  const verdicts: Verdict[] = []
  let judged = 0
  const look = async (late: boolean): Promise<void> => {
    const indices = [...lines.keys()].filter((index) => absences.includes(lines[index]?.kind ?? 'reach') === late)
    await inParallel(indices, async (index) => {
      const line = lines[index]
      if (line === undefined) return
      verdicts[index] = await judge(clock, line, lookout)
      judged += 1
      onProgress(judged)
    })
  }
  await look(false)
  await look(true)
  return verdicts
}
