/** Removes all that a lab is or ever was, from whatever state a crash left: found by prefix, document and journal. */
import { z } from 'zod'
import { asFault, Fault } from '@imp/kit/base/fault.ts'
import { journalAt } from '@imp/kit/store/journal.ts'
import { deleteGuest } from './guests.ts'
import { namespacePrefix } from './names.ts'
import { listNamespaces, removeNamespaces } from './namespaces.ts'
import type { LabRun } from './run.ts'
import { runningLab } from './steps.ts'
import { listMachines } from './vmm.ts'

/** What a plan of ours carries for whoever finds its journal. */
export const PlanContext = z.object({ guests: z.array(z.string()) })

const PlanEntry = z.looseObject({ entry: z.literal('plan'), context: PlanContext })

/** Nodes whose machine of vmm runs, or would run, in a namespace of the lab. */
async function guestsByNamespace(run: LabRun): Promise<string[]> {
  const prefix = namespacePrefix(run.name)
  const own = (await listMachines(run.vmm)).flatMap((machine) => machine.namespace ?? []).filter((name) => name.startsWith(prefix))
  return own.map((namespace) => namespace.slice(prefix.length))
}

/** Nodes that may have a guest: those of the running lab and those of the last plan, finished or not. */
async function possibleGuests(run: LabRun): Promise<Set<string>> {
  const lab = await runningLab(run)
  const plans = (await journalAt(run.paths.journal).records()).flatMap((record) => PlanEntry.safeParse(record).data ?? [])
  // Machines outlive a restart of this computer, our records do not.
  if (lab === undefined && plans.length === 0) return new Set(await guestsByNamespace(run))
  const running = (lab?.nodes ?? []).filter((node) => node.realised === 'guest').map((node) => node.name)
  return new Set([...running, ...plans.flatMap((plan) => plan.context.guests)])
}

export interface Swept {
  readonly namespaces: string[]
  readonly guests: string[]
}

/** Goes on when a part fails, and says at the end what is left. */
export async function sweep(run: LabRun): Promise<Swept> {
  const { host } = run.context
  const failures: Fault[] = []
  const attempt = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      failures.push(asFault(error))
      return otherwise
    }
  }
  const guests = [...(await attempt(() => possibleGuests(run), new Set<string>()))]
  await Promise.all(guests.map((node) => attempt(() => deleteGuest(run.vmm, run.name, node), undefined)))
  const namespaces = (await listNamespaces(host)).filter((name) => name.startsWith(namespacePrefix(run.name)))
  await attempt(() => removeNamespaces(host, namespaces), undefined)
  const [first] = failures
  if (first !== undefined) {
    const detail = failures.map((fault) => [fault.message, fault.detail].filter((text) => text !== undefined).join('\n')).join('\n')
    throw new Fault(first.code, `lab ${run.name} is not wholly gone`, { detail, hint: `mend the cause and run: imp lab down ${run.name}` })
  }
  // Last: as long as anything is left, the directory says what to look for.
  await host.files.remove(run.paths.directory)
  return { namespaces, guests }
}
