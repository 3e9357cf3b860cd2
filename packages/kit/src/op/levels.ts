/**
 * Levels of a session that no path of an operation names: places of what is edited, such as one member of a list. What is typed at a
 * level becomes the words of an operation, so that levels do nothing that the command line cannot.
 */

/** A word that means something at a level only. */
export interface LevelCommand {
  readonly word: string
  readonly summary: string
  /** What is said from the top in its place. */
  readonly says: readonly string[]
  /** The place to which the next word is relative, when it is a place. */
  readonly within?: string
  /** What is said from the top when nothing follows, where that is something else. */
  readonly alone?: readonly string[]
}

export interface Level {
  /** The levels inside, each with what it is. */
  readonly inside: readonly { readonly word: string; readonly summary: string }[]
  readonly commands: readonly LevelCommand[]
}

export interface Levels<Context> {
  /** The level that the words name; undefined when they name none. */
  at(context: Context, words: readonly string[]): Promise<Level | undefined>
  /** The words of the level at a place, which is relative to the level of `from` or said from the top; a fault when it is none. */
  find(context: Context, from: readonly string[], place: string): Promise<readonly string[]>
  /** Places of the levels below one, relative to it. */
  places(context: Context, from: readonly string[]): Promise<readonly string[]>
}

/** A place said from the top: `interfaces.wan` and `mtu` make `interfaces.wan.mtu`, and `[0]` comes without a dot. */
export function joinPlaces(base: string, place: string): string {
  return place.startsWith('[') ? `${base}${place}` : `${base}.${place}`
}

/** The rest of a place that is below another one; undefined when it is not. */
export function placeBelow(base: string, place: string): string | undefined {
  if (place.startsWith(`${base}.`)) return place.slice(base.length + 1)
  return place.startsWith(`${base}[`) ? place.slice(base.length) : undefined
}
