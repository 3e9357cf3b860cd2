/** Several watchers at once, until the person has seen enough, the time is over or there were as many events as wanted. */
import type { Clock } from '@imp/kit/host/host.ts'
import type { Happening } from './event.ts'

/** Tells of what happens from when it says that it is ready until the signal comes; then it returns or throws what it likes. */
export type Watcher = (tell: (happenings: readonly Happening[]) => void, signal: AbortSignal, ready: () => void) => Promise<void>

/** Sleeps, or returns at once when the signal comes. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Looks again and again and tells what is different. */
export function polling<T>(
  clock: Clock,
  interval: number,
  look: () => Promise<T>,
  compare: (before: T, after: T) => readonly Happening[],
): Watcher {
  return async (tell, signal, ready) => {
    let before = await look()
    ready()
    while (!signal.aborted) {
      await pause(clock, interval, signal)
      if (signal.aborted) return
      const after = await look()
      tell(compare(before, after))
      before = after
    }
  }
}

export interface Limits {
  readonly signal: AbortSignal
  /** Milliseconds. */
  readonly duration?: number
  readonly count?: number
}

export interface Listener {
  /** Called once, when all watchers are ready. */
  ready(): void
  tell(happening: Happening): void
}

/** Runs the watchers until a limit is reached, and waits for their ends; the fault of one that fails ends all. */
export async function watchAll(clock: Clock, watchers: readonly Watcher[], limits: Limits, listener: Listener): Promise<void> {
  const ended = new AbortController()
  const signal = AbortSignal.any([limits.signal, ended.signal])
  let left = limits.count ?? Number.POSITIVE_INFINITY
  let waiting = watchers.length
  const tell = (happenings: readonly Happening[]): void => {
    for (const happening of happenings) {
      if (signal.aborted) return
      listener.tell(happening)
      left -= 1
      if (left <= 0) ended.abort()
    }
  }
  const ready = (): void => {
    waiting -= 1
    if (waiting === 0) listener.ready()
  }
  const guarded = async (watcher: Watcher): Promise<void> => {
    try {
      await watcher(tell, signal, ready)
    } catch (error) {
      // What a watcher throws at the end that it was told is the end.
      if (signal.aborted) return
      ended.abort()
      throw error
    }
  }
  const timer = limits.duration === undefined ? undefined : pause(clock, limits.duration, signal).then(() => ended.abort())
  const outcomes = await Promise.allSettled(watchers.map(guarded))
  ended.abort()
  await timer
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
