/** Putting a machine that does not run on a further network, and taking it off one. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Plan } from '@imp/kit/plan/apply.ts'
import type { VmmContext } from '../context.ts'
import { defaultNetwork, maximumFurtherNetworks, type BridgedNetwork } from '../net/model.ts'
import { changeMachines } from './change.ts'
import { leaseAddress } from './create.ts'
import { requireOurs } from './legacy.ts'
import { carryOutStop } from './lifecycle.ts'
import type { Vm } from './model.ts'
import { nameOfNetwork, placesOf, withNetworks } from './networks.ts'
import { networksKind, networksOf } from './networks-step.ts'
import { observe } from './observe.ts'
import type { Parts } from './parts.ts'
import { isActive } from './states.ts'
import { getMachine, machines, withAllMachines } from './store.ts'
import type { Work } from './work.ts'

/** Interfaces come and go with the engine: what runs keeps those that it has. */
async function requireChangeable({ context, parts, vm }: Work): Promise<void> {
  requireOurs(vm)
  const { state } = await observe(context, parts, vm)
  if (isActive(state)) throw new Fault('state', `${vm.name} is ${state}`, { hint: `vmm stop ${vm.name}` })
  if (vm.network.kind === 'user' || vm.namespace !== undefined) {
    throw new Fault('unsupported', `${vm.name} has the network of its engine, which stands alone`, {
      hint: 'make a machine with vmm create --network, as root',
    })
  }
}

async function changeNetworks(
  context: VmmContext,
  parts: Parts,
  nameOrId: string,
  change: (vm: Vm) => Promise<readonly BridgedNetwork[]>,
): Promise<Vm> {
  const plan = async (work: Work): Promise<Plan> => {
    const { vm } = work
    await requireChangeable(work)
    const after = networksOf(withNetworks(vm, await change(vm)))
    const title = `change the networks of ${vm.name}`
    return { title, steps: [networksKind(context.paths).step(title, { name: vm.name, before: networksOf(vm), after })] }
  }
  const [name = nameOrId] = await changeMachines(context, parts, [nameOrId], {
    done: 'changed',
    plan,
    // Planned again: somebody may have taken the address meanwhile, and from here on nobody can.
    carryOut: (work) => withAllMachines(context, async () => carryOutStop(work, await plan(work))),
  })
  return getMachine(context, name)
}

/** Puts the machine on the network too, as its last interface. A `conflict` fault when it is there already. */
export function connect(context: VmmContext, parts: Parts, nameOrId: string, network: string): Promise<Vm> {
  return changeNetworks(context, parts, nameOrId, async (vm) => {
    const present = placesOf(vm).map((place) => place.network)
    if (present.some((each) => nameOfNetwork(each) === network))
      throw new Fault('conflict', `${vm.name} is on the network ${network} already`)
    if (present.length > maximumFurtherNetworks) {
      throw new Fault('unsupported', `a machine is on ${maximumFurtherNetworks + 1} networks at most`, {
        hint: 'disconnect another one first',
      })
    }
    const others = await machines(context).all()
    return [...present, await leaseAddress(parts, network === defaultNetwork ? undefined : network, present[0]?.egress, others)]
  })
}

/** Takes the machine off the network; its address is free then. A `not-found` fault when it is not there. */
export function disconnect(context: VmmContext, parts: Parts, nameOrId: string, network: string): Promise<Vm> {
  return changeNetworks(context, parts, nameOrId, (vm) => {
    const present = placesOf(vm).map((place) => place.network)
    const left = present.filter((each) => nameOfNetwork(each) !== network)
    if (left.length === present.length) {
      throw new Fault('not-found', `${vm.name} is not on the network ${network}`, { hint: `vmm show ${vm.name}` })
    }
    if (left.length === 0 && vm.forwards.length > 0) {
      throw new Fault('state', `ports of this computer lead to ${vm.name} by its last network`, {
        hint: `vmm port-forward list ${vm.name}`,
      })
    }
    return Promise.resolve(left)
  })
}
