/** Everything that is wrong with a configuration, beyond what the schema of a single field can say. */
import type { Finding } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from './model.ts'

/** All findings at once, errors and warnings, in the order of the configuration. Empty when nothing is wrong. */
export function checkConfig(_config: RouterConfig): Finding[] {
  return []
}
