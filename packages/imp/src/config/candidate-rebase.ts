/** Brings a candidate that others overtook up to date: its own changes, made again on what is in force now. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import { conflictsOf, differences, type Change } from './difference.ts'
import type { RouterConfigInput } from './model.ts'
import { deleteAt, parsePath, putAt } from './paths.ts'

export interface Rebased {
  readonly document: RouterConfigInput
  /** Own changes that were given up for those of others. */
  readonly dropped: readonly Change[]
}

function redo(document: RouterConfigInput, { path, after, order }: Change): RouterConfigInput {
  const segments = parsePath(path)
  if (order === true)
    throw new Fault('unsupported', `the order of ${path} cannot be carried over`, { hint: 'imp discard, then edit again' })
  return after === undefined ? deleteAt(document, segments) : putAt(document, segments, after)
}

/** Changes from `base` to `mine` made on `theirs`. Those that conflict with what others changed are left out. */
export function rebase(base: RouterConfigInput, mine: RouterConfigInput, theirs: RouterConfigInput): Rebased {
  const own = differences(base, mine)
  const others = differences(base, theirs)
  const dropped = [...new Set(conflictsOf(own, others).map((conflict) => conflict.mine))]
  // What both sides did is done already.
  const done = new Set(differences(theirs, mine).map(({ path }) => path))
  const wanted = own.filter((change) => !dropped.includes(change) && done.has(change.path))
  return { document: wanted.reduce(redo, theirs), dropped }
}
