/** Giving a machine other networks in its document, as a step. */
import { z } from 'zod'
import type { Host } from '@imp/kit/host/host.ts'
import { stepKind } from '@imp/kit/plan/step.ts'
import type { VmmPaths } from '../context.ts'
import { Vm } from './model.ts'
import { machines } from './store.ts'

const Networks = Vm.pick({ network: true, furtherNetworks: true, routeBy: true })
type Networks = z.output<typeof Networks>

/** What of a machine says on which networks it is. */
export function networksOf({ network, furtherNetworks, routeBy }: Vm): Networks {
  return { network, furtherNetworks, ...(routeBy === undefined ? {} : { routeBy }) }
}

/** The kind, bound to where the documents are. */
export function networksKind(paths: VmmPaths) {
  const write = async (host: Host, name: string, networks: Networks): Promise<void> => {
    const all = machines({ host, paths })
    const { routeBy: _, ...vm } = await all.get(name)
    await all.put(name, { ...vm, ...networks })
  }
  return stepKind({
    kind: 'vmm.networks',
    schema: z.strictObject({ name: Vm.shape.name, before: Networks, after: Networks }),
    do: (host, { name, after }) => write(host, name, after),
    undo: (host, { name, before }) => write(host, name, before),
  })
}
