/** Waiting for a condition, never for a while. */
import { Fault } from '../base/fault.ts'
import type { Clock } from './host.ts'

export interface UntilOptions {
  /** Milliseconds until a `timeout` fault. */
  readonly timeout: number
  /** Milliseconds between two looks; 50 unless told. */
  readonly interval?: number
  readonly signal?: AbortSignal
  /** For the fault: `BGP session with 192.0.2.1`. */
  readonly what: string
}

/** Looks until `probe` answers something other than undefined or false; throws a `timeout` fault after the deadline. */
export async function until<T>(clock: Clock, options: UntilOptions, probe: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = clock.monotonic() + options.timeout
  for (;;) {
    const answer = await probe()
    if (answer !== undefined && answer !== false) return answer
    if (clock.monotonic() >= deadline) throw new Fault('timeout', `${options.what}: not within ${options.timeout / 1000} s`)
    await clock.sleep(options.interval ?? 50, options.signal)
  }
}
