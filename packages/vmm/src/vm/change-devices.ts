/** Another balloon and other limits for a machine: in its document, and live when it runs. */
import { z } from 'zod'
import { Fault, refuse } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { Plan } from '@imp/kit/plan/apply.ts'
import { stepKind } from '@imp/kit/plan/step.ts'
import type { VmmPaths } from '../context.ts'
import { BalloonSize, Devices, type RateLimits } from '../devices/model.ts'
import { DiskLimit, EngineName, Nic, PreparedMachine, type Limits } from '../engine/model.ts'
import { deviceContradictions, diskLimitOf, limitedNics } from './devices.ts'
import { requireOurs } from './legacy.ts'
import { Vm } from './model.ts'
import { filesOf, observe } from './observe.ts'
import type { Parts } from './parts.ts'
import { nicsOf } from './prepare.ts'
import { isActive } from './states.ts'
import { machines } from './store.ts'
import type { Work } from './work.ts'

const Files = PreparedMachine.pick({ id: true, name: true, directory: true, sockets: true })
const LimitsData = z.strictObject({ disk: DiskLimit, nics: z.array(Nic) })
const Changeable = Devices.pick({ balloon: true, rateLimits: true })
type Changeable = z.output<typeof Changeable>

/** The step kinds of devices, bound to what they need. */
export function deviceKinds(paths: VmmPaths, parts: Parts) {
  const write = async (host: Host, name: string, devices: Changeable): Promise<void> => {
    const all = machines({ host, paths })
    const { balloon: _, rateLimits: __, ...vm } = await all.get(name)
    await all.put(name, { ...vm, ...devices })
  }

  const note = stepKind({
    kind: 'vmm.devices',
    schema: z.strictObject({ name: Vm.shape.name, before: Changeable, after: Changeable }),
    do: (host, { name, after }) => write(host, name, after),
    undo: (host, { name, before }) => write(host, name, before),
  })

  const balloon = stepKind({
    kind: 'vmm.engine.balloon',
    schema: z.strictObject({ engine: EngineName, machine: Files, before: BalloonSize, after: BalloonSize }),
    do: (host, { engine, machine, after }) => parts.engine(engine).resizeBalloon(host, machine, after),
    async undo(host, { engine: name, machine, before }) {
      const engine = parts.engine(name)
      // One that has died meanwhile has no balloon any more.
      if ((await engine.inspect(host, machine)) !== undefined) await engine.resizeBalloon(host, machine, before)
    },
  })

  const limits = stepKind({
    kind: 'vmm.engine.limits',
    schema: z.strictObject({ engine: EngineName, machine: Files, before: LimitsData, after: LimitsData }),
    do: (host, { engine, machine, after }) => parts.engine(engine).changeLimits(host, machine, after),
    async undo(host, { engine: name, machine, before }) {
      const engine = parts.engine(name)
      if ((await engine.inspect(host, machine)) !== undefined) await engine.changeLimits(host, machine, before)
    },
  })

  return { note, balloon, limits }
}

function changeableOf({ balloon, rateLimits }: Vm): Changeable {
  return { ...(balloon === undefined ? {} : { balloon }), ...(rateLimits === undefined ? {} : { rateLimits }) }
}

/** What sets the balloon of the machine to `size` MiB; live when it runs. A `state` fault when it runs without one. */
export async function planBalloon({ context, parts, vm }: Work, size: number): Promise<Plan> {
  requireOurs(vm)
  refuse(`balloon of ${vm.name}`, deviceContradictions({ memory: vm.memory, balloon: size }, vm.network.kind))
  const kinds = deviceKinds(context.paths, parts)
  const { run, state } = await observe(context, parts, vm)
  const before = changeableOf(vm)
  const title = `set the balloon of ${vm.name} to ${size} MiB`
  const note = kinds.note.step(`note the balloon of ${vm.name}`, { name: vm.name, before, after: { ...before, balloon: size } })
  if (!isActive(state) || run === undefined) return { title, steps: [note] }
  if (vm.balloon === undefined) {
    throw new Fault('state', `${vm.name} runs without a balloon`, { hint: `vmm stop ${vm.name}, then say it again and start it` })
  }
  const live = { engine: run.engine, machine: filesOf(context, vm), before: vm.balloon, after: size }
  return { title, steps: [note, kinds.balloon.step(title, live)] }
}

function limitsOf(vm: Vm): z.output<typeof LimitsData> {
  const limits: Limits = { disk: diskLimitOf(vm), nics: limitedNics(vm, nicsOf(vm)) }
  return { disk: limits.disk, nics: [...limits.nics] }
}

/** What gives the machine these limits and no others; live when it runs. */
export async function planLimits({ context, parts, vm }: Work, rateLimits: RateLimits): Promise<Plan> {
  requireOurs(vm)
  refuse(`limits of ${vm.name}`, deviceContradictions({ memory: vm.memory, rateLimits }, vm.network.kind))
  const kinds = deviceKinds(context.paths, parts)
  const { run, state } = await observe(context, parts, vm)
  const before = changeableOf(vm)
  const title = `change the limits of ${vm.name}`
  const note = kinds.note.step(`note the limits of ${vm.name}`, { name: vm.name, before, after: { ...before, rateLimits } })
  if (!isActive(state) || run === undefined) return { title, steps: [note] }
  const change = { before: limitsOf(vm), after: limitsOf({ ...vm, rateLimits }) }
  return { title, steps: [note, kinds.limits.step(title, { engine: run.engine, machine: filesOf(context, vm), ...change })] }
}
