/** A queue that lets everything out in the order in which it came in, each thing after its delay. */

export interface HoldBackOptions<T> {
  readonly delayMs: number
  /** The delay varies evenly by up to this much up and down. */
  readonly jitterMs: number
  /** What comes in while this many wait is dropped. */
  readonly limit: number
  readonly now: () => number
  /** 0 to 1. */
  readonly random: () => number
  readonly send: (thing: T) => void
  /** Timer; that of Node unless told. */
  readonly later?: (action: () => void, ms: number) => void
}

interface Waiting<T> {
  readonly due: number
  readonly thing: T
}

/** Returns what takes things in. */
export function holdBack<T>(options: HoldBackOptions<T>): (thing: T) => void {
  const { delayMs, jitterMs, limit, now, random, send } = options
  const later = options.later ?? ((action, ms) => void setTimeout(action, ms))
  const queue: Waiting<T>[] = []
  let last = 0
  const release = (): void => {
    const moment = now()
    const ready = queue.findIndex(({ due }) => due > moment)
    for (const { thing } of queue.splice(0, ready < 0 ? queue.length : ready)) send(thing)
    const next = queue[0]
    // Timers of Node count whole milliseconds and may fire one early: round up.
    if (next !== undefined) later(release, Math.max(1, Math.ceil(next.due - moment)))
  }
  return (thing) => {
    if (queue.length >= limit) return
    // Never before the one in front: jitter must not reorder, TCP would take that for loss.
    last = Math.max(last, now() + delayMs + jitterMs * (2 * random() - 1))
    queue.push({ due: last, thing })
    if (queue.length === 1) later(release, Math.max(0, Math.ceil(last - now())))
  }
}
