/** All kinds of steps that change a router, bound to a target: what any process needs to finish or to undo a journalled change. */
import { join } from 'node:path'
import type { Report } from '@imp/kit/base/events.ts'
import type { Executor } from '@imp/kit/plan/apply.ts'
import { kinds, type Kinds } from '@imp/kit/plan/step.ts'
import { journalAt, type Journal } from '@imp/kit/store/journal.ts'
import { enableKinds } from '../appliance/enable.ts'
import { applianceStepKinds } from '../appliance/steps.ts'
import { linuxDataplane } from '../dataplane/linux/driver.ts'
import { isThere } from '../dataplane/linux/steps.ts'
import { vppDataplane } from '../dataplane/vpp/driver.ts'
import { frrStepKinds } from '../frr/steps.ts'
import { recordKind } from './running.ts'
import { dataplanePlace, frrPlace, type Target } from './target.ts'
import { verifyKind } from './verify.ts'

function routerKinds(target: Target): Kinds {
  const place = dataplanePlace(target)
  return kinds(
    ...linuxDataplane.kinds(place),
    ...vppDataplane.kinds(place),
    ...frrStepKinds(frrPlace(target), () => isThere(place)),
    ...applianceStepKinds(target.machine),
    ...enableKinds(target.machine),
    verifyKind(target),
    recordKind(target),
  )
}

export function journalOf(target: Pick<Target, 'stateDirectory'>): Journal {
  return journalAt(join(target.stateDirectory, 'journal.jsonl'))
}

export function lockPath(target: Pick<Target, 'stateDirectory'>): string {
  return join(target.stateDirectory, 'lock')
}

export function executorOf(target: Target, report: Report, journal: Journal = journalOf(target)): Executor {
  return { host: target.host, kinds: routerKinds(target), journal, report }
}
