/** Changing the forwards of a machine: in its document, and while it runs in the engine or the rules. */
import { z } from 'zod'
import type { Host } from '@imp/kit/host/host.ts'
import type { Plan } from '@imp/kit/plan/apply.ts'
import { stepKind } from '@imp/kit/plan/step.ts'
import type { VmmPaths } from '../context.ts'
import { EngineName, Forward, PreparedMachine } from '../engine/model.ts'
import { PortForward } from '../net/model.ts'
import type { Work } from './work.ts'
import { Vm } from './model.ts'
import { leadingPlace, memberOf } from './networks.ts'
import { filesOf, observe } from './observe.ts'
import type { Parts } from './parts.ts'
import { engineForwards } from './prepare.ts'
import { isActive } from './states.ts'
import { machines } from './store.ts'

const Files = PreparedMachine.pick({ id: true, name: true, directory: true, sockets: true })

/** The step kinds of forwards, bound to what they need. */
export function forwardKinds(paths: VmmPaths, parts: Parts) {
  const write = async (host: Host, name: string, forwards: PortForward[]): Promise<void> => {
    const all = machines({ host, paths })
    await all.put(name, { ...(await all.get(name)), forwards })
  }

  const forwards = stepKind({
    kind: 'vmm.forwards',
    schema: z.strictObject({ name: Vm.shape.name, before: z.array(PortForward), after: z.array(PortForward) }),
    do: (host, { name, after }) => write(host, name, after),
    undo: (host, { name, before }) => write(host, name, before),
  })

  const change = async (
    host: Host,
    engine: EngineName,
    machine: z.output<typeof Files>,
    remove: Forward[],
    add: Forward[],
  ): Promise<void> => parts.engine(engine).changeForwards?.(host, machine, { remove, add })

  const live = stepKind({
    kind: 'vmm.engine.forwards',
    schema: z.strictObject({ engine: EngineName, machine: Files, remove: z.array(Forward), add: z.array(Forward) }),
    do: (host, { engine, machine, remove, add }) => change(host, engine, machine, remove, add),
    async undo(host, { engine, machine, remove, add }) {
      // An engine that has died meanwhile has no forwards any more.
      if ((await parts.engine(engine).inspect(host, machine)) !== undefined) await change(host, engine, machine, add, remove)
    },
  })

  return { forwards, live }
}

/** What gives the machine these forwards instead of those that it has; live when it runs. */
export async function planForwards({ context, parts, vm }: Work, after: PortForward[]): Promise<Plan> {
  const kinds = forwardKinds(context.paths, parts)
  const { run, state } = await observe(context, parts, vm)
  const note = kinds.forwards.step(`note the forwards of ${vm.name}`, { name: vm.name, before: vm.forwards, after })
  const title = `change the forwards of ${vm.name}`
  if (!isActive(state) || run === undefined) return { title, steps: [note] }
  const place = leadingPlace(vm)
  if (place !== undefined) {
    const network = await parts.network(place.network.network)
    return { title, steps: [note, network.changeStep(memberOf(vm, place), memberOf({ ...vm, forwards: after }, place))] }
  }
  const [before, now] = [engineForwards(vm.forwards), engineForwards(after)]
  const key = (forward: Forward): string => JSON.stringify(forward)
  const without = (all: readonly Forward[], others: readonly Forward[]): Forward[] => {
    const keys = new Set(others.map(key))
    return all.filter((each) => !keys.has(key(each)))
  }
  const change = { engine: run.engine, machine: filesOf(context, vm), remove: without(before, now), add: without(now, before) }
  return { title, steps: [note, kinds.live.step(`forward to ${vm.name}`, change)] }
}
