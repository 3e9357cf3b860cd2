/** Adding forwards to a machine and taking them away, checked against all others and live when it runs. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { VmmContext } from '../context.ts'
import { sameForward, writeForward, type PortForward } from '../net/model.ts'
import { changeMachines } from './change.ts'
import { requireFreeForwards } from './create.ts'
import { planForwards } from './forwards.ts'
import { carryOutStop } from './lifecycle.ts'
import type { Vm } from './model.ts'
import type { Parts } from './parts.ts'
import { getMachine, machines, withAllMachines } from './store.ts'

/** Gives the machine the forwards that `change` makes of those that it has; returns it as it is then. */
async function changeForwards(
  context: VmmContext,
  parts: Parts,
  nameOrId: string,
  change: (vm: Vm) => Promise<PortForward[]>,
): Promise<Vm> {
  const [name = nameOrId] = await changeMachines(context, parts, [nameOrId], {
    done: 'changed',
    async plan(work) {
      if (work.vm.network.kind === 'none') throw new Fault('state', `${work.vm.name} has no network`)
      const forwards = await change(work.vm)
      return forwards === work.vm.forwards ? undefined : planForwards(work, forwards)
    },
    carryOut: (work, plan) =>
      withAllMachines(context, async () => {
        // Looked at again: somebody may have taken a port meanwhile, and from here on nobody can.
        await change(work.vm)
        await carryOutStop(work, plan)
      }),
  })
  return getMachine(context, name)
}

/** Adds forwards; those that the machine has already are left alone. A `conflict` fault when a port is taken. */
export function addForwards(context: VmmContext, parts: Parts, name: string, wanted: readonly PortForward[]): Promise<Vm> {
  return changeForwards(context, parts, name, async (vm) => {
    const added = wanted.filter((each) => !vm.forwards.some((present) => sameForward(present, each)))
    if (added.length === 0) return vm.forwards
    if (vm.network.kind === 'user' && added.some(({ address }) => address?.includes(':') === true))
      throw new Fault('unsupported', 'the user-mode network forwards IPv4 only', { hint: 'name an IPv4 address, or none' })
    // The machine's own forwards count as well: one port leads to one place.
    const others = await machines(context).all()
    for (const [index, each] of added.entries()) {
      const before = { ...vm, forwards: [...vm.forwards, ...added.slice(0, index)] }
      await requireFreeForwards(context, parts, [each], vm.namespace, [...others.filter(({ id }) => id !== vm.id), before])
    }
    return [...vm.forwards, ...added]
  })
}

/** Takes forwards away; a `not-found` fault when the machine has not all of them. */
export function removeForwards(context: VmmContext, parts: Parts, name: string, unwanted: readonly PortForward[]): Promise<Vm> {
  return changeForwards(context, parts, name, (vm) => {
    const missing = unwanted.find((each) => !vm.forwards.some((present) => sameForward(present, each)))
    if (missing !== undefined) {
      const hint = `vmm port-forward list ${vm.name}`
      throw new Fault('not-found', `${vm.name} has no forward ${writeForward(missing)}`, { hint })
    }
    return Promise.resolve(vm.forwards.filter((present) => !unwanted.some((each) => sameForward(present, each))))
  })
}
