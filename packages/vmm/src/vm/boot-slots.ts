/** How many machines boot at the same time, over all commands: more than there are processors only makes all of them slower. */
import { join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Report } from '@imp/kit/base/events.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { withLock } from '@imp/kit/host/lock.ts'

export interface BootSlots {
  readonly directory: string
  readonly count: number
}

/** Runs `action` when one of the slots is free, waiting for it. */
export async function withBootSlot<T>(
  { host, report, signal }: { host: Host; report: Report; signal: AbortSignal },
  slots: BootSlots,
  action: () => Promise<T>,
): Promise<T> {
  let told = false
  for (;;) {
    for (let slot = 0; slot < slots.count; slot += 1) {
      let begun = false
      const path = join(slots.directory, `boot-${slot}.lock`)
      try {
        return await withLock(host.clock, path, { what: 'a boot', timeout: 0 }, () => {
          begun = true
          return action()
        })
      } catch (error) {
        if (begun || !(error instanceof Fault) || error.code !== 'busy') throw error
      }
    }
    if (!told) report({ event: 'log', level: 'info', text: `waiting: ${slots.count} other machines boot at this moment` })
    told = true
    await host.clock.sleep(200, signal)
  }
}
