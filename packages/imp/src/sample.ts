/** What every operation of `imp` receives, for tests. */
import { join } from 'node:path'
import type { Host } from '@imp/kit/host/host.ts'
import { contextOn } from '@imp/kit/op/sample.ts'
import type { ImpContext } from './context.ts'

/** On the directories of a machine, unless `more` says others. */
export function impContextOn(host: Host, more: Partial<ImpContext> = {}): ImpContext {
  return { ...contextOn(host), vmm: ['vmm'], runDirectory: '/run/imp', stateDirectory: '/persistent/config', ...more }
}

/** On directories below one of the test's own. */
export function impContextIn(directory: string, host: Host, more: Partial<ImpContext> = {}): ImpContext {
  return impContextOn(host, { runDirectory: join(directory, 'run'), stateDirectory: join(directory, 'state'), ...more })
}
