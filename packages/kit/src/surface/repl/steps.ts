/**
 * Names with parts (`interfaces.wan.addresses[0]`) are offered part by part, as files are directory by directory: a configuration has
 * thousands of places, of which a person wants the few that come next.
 */

/** The beginnings of a name that end where a part of it does, shortest first; the name itself is none of them. */
function beginnings(name: string): string[] {
  return [...name.matchAll(/[.[]/g)].map(({ index }) => name.slice(0, index)).filter((part) => part !== '')
}

export interface Step {
  readonly name: string
  /** Whether longer names begin with it. */
  readonly goesOn: boolean
}

/** Of names that begin with what is typed, those behind which no shorter one among them comes first. */
export function nextSteps(names: readonly string[], typed: string): readonly Step[] {
  const known = new Set(names)
  const long = new Set(names.flatMap(beginnings))
  return names
    .filter((name) => !beginnings(name).some((part) => part.length > typed.length && known.has(part)))
    .map((name) => ({ name, goesOn: long.has(name) }))
}
