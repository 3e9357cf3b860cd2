/** Looking at what only VPP can tell: why it dropped packets, and how busy its nodes are. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VppInstance } from '../../appliance/model.ts'
import type { ImpContext } from '../../context.ts'
import type { Target } from '../../pipeline/target.ts'
import { askingVpp, forwardsByVpp, inputs, look, short } from '../ops.ts'
import { Instance } from '../vpp.ts'
import { parseVppErrors, viewVppErrors, VppError } from '../vpp-errors.ts'
import { parseVppRuntime, viewVppRuntime, VppNode } from '../vpp-runtime.ts'

async function requireVpp(target: Target): Promise<void> {
  if (await forwardsByVpp(target)) return
  throw new Fault('unsupported', `${target.name} forwards by the Linux kernel: this is only of the VPP dataplane`, {
    hint: 'imp show counters shows what the kernel counted',
  })
}

/** What a line of VPP's command line prints: nothing else tells what its nodes counted. */
async function textOfVpp(target: Target, instance: VppInstance, line: string): Promise<string> {
  await requireVpp(target)
  return askingVpp(target, instance, (vpp) => vpp.cli(line))
}

const ofInstance = { instance: Instance.default('core'), ...inputs }

const Errors = z.strictObject({ target: z.string(), instance: Instance, errors: z.array(VppError) })
const errors = operation<ImpContext>()({
  path: ['show', 'errors'],
  summary: 'Show why VPP dropped packets, and what else its nodes counted',
  description: 'Only of routers whose dataplane is VPP. VPP counts what is no error as well: the severity tells them apart.',
  effect: 'read',
  args: ['instance'],
  short,
  input: z.strictObject(ofInstance),
  output: Errors,
  examples: ['imp show errors', 'imp show errors nat --watch'],
  run: (context, { instance, ...input }) =>
    look(
      context,
      input,
      async (target) => ({ target: target.name, instance, errors: parseVppErrors(await textOfVpp(target, instance, 'show errors')) }),
      drawErrors,
    ),
  view: drawErrors,
})
function drawErrors(seen: z.output<typeof Errors>): string {
  return viewVppErrors(seen.errors)
}

const Runtime = z.strictObject({ target: z.string(), instance: Instance, nodes: z.array(VppNode) })
const runtime = operation<ImpContext>()({
  path: ['show', 'runtime'],
  summary: 'Show how busy the nodes of VPP are',
  description: 'Only of routers whose dataplane is VPP. Nodes that have seen packets, those that took most of the processor first.',
  effect: 'read',
  args: ['instance'],
  short,
  input: z.strictObject(ofInstance),
  output: Runtime,
  examples: ['imp show runtime', 'imp show runtime nat --watch'],
  run: (context, { instance, ...input }) =>
    look(
      context,
      input,
      async (target) => ({ target: target.name, instance, nodes: parseVppRuntime(await textOfVpp(target, instance, 'show runtime')) }),
      drawRuntime,
    ),
  view: drawRuntime,
})
function drawRuntime(seen: z.output<typeof Runtime>): string {
  return viewVppRuntime(seen.nodes)
}

export const operations: readonly AnyOperation<ImpContext>[] = [errors, runtime]
