/** Levels of a session: places of the candidate, as its editor has it at the moment. They are no operations and say only those. */
import type { Levels } from '@imp/kit/op/levels.ts'
import { learnInstalled } from '../../commit/edit/ops.ts'
import { readCandidate } from '../../config/candidate.ts'
import { parsePath } from '../../config/paths.ts'
import type { ImpContext } from '../../context.ts'
import { follow, levelOf, pathsBelow, placeAt, topOf, type Place } from '../levels.ts'

async function placeOf(context: ImpContext, words: readonly string[]): Promise<{ readonly top: Place; readonly place: Place | undefined }> {
  await learnInstalled(context)
  const { document } = await readCandidate(context)
  return { top: topOf(document), place: placeAt(document, words) }
}

export const levels: Levels<ImpContext> = {
  async at(context, words) {
    const { place } = await placeOf(context, words)
    return place === undefined ? undefined : levelOf(place)
  },

  async find(context, from, path) {
    const { top, place } = await placeOf(context, from)
    const segments = parsePath(path)
    const [first] = segments
    // What is not right below is said from the top, as everything else in a session.
    const isHere = place !== undefined && from.length > 0 && levelOf(place).inside.some(({ word }) => word === String(first))
    return (isHere ? follow(place, segments) : follow(top, segments)).words
  },

  async places(context, from) {
    const { top, place } = await placeOf(context, from)
    const below = place === undefined || from.length === 0 ? [] : pathsBelow(place)
    return [...below, ...pathsBelow(top)]
  },
}
