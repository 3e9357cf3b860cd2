/** What every operation receives, for tests: nobody at the terminal, and events go nowhere. */
import type { Host } from '../host/host.ts'
import type { OperationContext } from './operation.ts'

export function contextOn(host: Host, more: Partial<OperationContext> = {}): OperationContext {
  const { signal } = new AbortController()
  return { host, signal, report: () => undefined, dryRun: false, interactive: false, passthrough: false, ...more }
}
