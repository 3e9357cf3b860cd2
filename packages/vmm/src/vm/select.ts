/** Which machines a command means: those that are named, or all that it can be done to. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import type { VmmContext } from '../context.ts'
import { machines } from './store.ts'
import { MachineWord, type State } from './model.ts'
import { observe } from './observe.ts'
import type { Parts } from './parts.ts'

/** Input of operations on several machines. */
export const selection = {
  names: z.array(MachineWord).default([]).describe('names, ids or addresses of machines'),
  all: z.boolean().default(false).describe('all machines instead'),
}

export interface Selection {
  readonly names: readonly string[]
  readonly all: boolean
}

/** Names of machines in states that fit. */
export async function namesInState(context: VmmContext, parts: Parts, fits: (state: State) => boolean): Promise<string[]> {
  const all = await machines(context).all()
  const seen = await Promise.all(all.map(async (vm) => ({ vm, state: (await observe(context, parts, vm)).state })))
  return seen.filter(({ vm, state }) => vm.foreign === undefined && fits(state)).map(({ vm }) => vm.name)
}

/** The names that are meant; `all` are those that fit. An `input` fault when none or both are said. */
export async function selected({ names, all }: Selection, every: () => Promise<string[]>): Promise<readonly string[]> {
  if (all && names.length > 0) throw new Fault('input', '--all means every machine: name none beside it')
  if (!all && names.length === 0) throw new Fault('input', 'no machine is named', { hint: 'name machines, or say --all' })
  return all ? every() : names
}
