/** What every kind of assertion of a lab is made of: words for people, and one look at the lab. */
import type { Parts } from '../parts.ts'
import type { Places } from '../places.ts'

export interface Lookout {
  readonly places: Places
  readonly parts: Parts
  readonly signal: AbortSignal
}

export interface Seen {
  readonly holds: boolean
  /** What was seen, for people. */
  readonly seen: string
}

/** One line of `verify`, ready to be looked at again and again. */
export interface Check {
  /** Who or what is meant: `client to 203.0.113.10`. */
  readonly subject: string
  /** What must be seen. */
  readonly expected: string
  look(lookout: Lookout): Promise<Seen>
}
