/** What a person can do with drop-ins: see which there are, read one, and learn what is wrong with them. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { nearest, table } from '@imp/kit/base/text.ts'
import { drawFindings, FindingOutput } from '@imp/kit/op/findings.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { ImpContext } from '../context.ts'
import { inspectOverrides, overridesDirectory, overridesOf } from '../pipeline/overrides.ts'
import { findRunning } from '../pipeline/running.ts'
import { where, withTarget } from '../pipeline/where.ts'
import { dropIns, overrideKinds, overridePath, type DropIn } from './model.ts'

const states = ['in force', 'changed', 'new', 'gone'] as const

const ShownOverride = z.strictObject({
  path: z.string().describe('file below the directory'),
  kind: z.enum(overrideKinds),
  lines: z.int().describe('lines that say something'),
  state: z.enum(states).describe('beside the running configuration; the next commit or apply brings what is new, changed or gone'),
})
type ShownOverride = z.output<typeof ShownOverride>

function linesOf(text: string): number {
  return text.split('\n').filter((line) => /^\s*[^\s#!;]/.test(line)).length
}

/** The files beside those that the running configuration went into force with. */
function compare(present: readonly DropIn[], inForce: readonly DropIn[]): ShownOverride[] {
  const running = new Map(inForce.map((each) => [overridePath(each), each]))
  const shown = present.map((each): ShownOverride => {
    const other = running.get(overridePath(each))
    const state = other === undefined ? 'new' : isDeepStrictEqual(other, each) ? 'in force' : 'changed'
    return { path: overridePath(each), kind: each.kind, lines: linesOf(each.text), state }
  })
  const names = new Set(present.map(overridePath))
  const gone = inForce.filter((each) => !names.has(overridePath(each)))
  return [
    ...shown,
    ...gone.map((each): ShownOverride => ({ path: overridePath(each), kind: each.kind, lines: linesOf(each.text), state: 'gone' })),
  ]
}

const list = operation<ImpContext>()({
  path: ['overrides', 'list'],
  aliases: [['overrides', 'ls']],
  summary: 'Show the drop-ins of the operator, and which of them are in force',
  description:
    'Drop-ins say what router.json cannot: frr/NAME.conf holds lines of FRR, nft/NAME.nft the inside of an nftables table of its own, ' +
    'sysctl/NAME.conf settings of the kernel. They only add to the configuration and never contradict it; the next commit or apply ' +
    'brings them into force.',
  effect: 'read',
  input: z.strictObject(where),
  output: z.strictObject({ target: z.string(), directory: z.string(), overrides: z.array(ShownOverride) }),
  examples: ['imp overrides list'],
  run: (context, input) =>
    withTarget(context, input, async (target) => {
      const [present, running] = [await overridesOf(target), await findRunning(target)]
      return {
        target: target.name,
        directory: overridesDirectory(target),
        overrides: compare(dropIns(present), dropIns(running?.overrides ?? [])),
      }
    }),
  view: ({ directory, overrides }) =>
    overrides.length === 0
      ? `no drop-ins in ${directory}`
      : table([['OVERRIDE', 'LINES', 'STATE'], ...overrides.map(({ path, lines, state }) => [path, String(lines), state])]).join('\n'),
})

async function names(context: ImpContext): Promise<readonly string[]> {
  const input = z.strictObject(where).parse({})
  return withTarget(context, input, async (target) => (await overridesOf(target)).map(overridePath))
}

const show = operation<ImpContext>()({
  path: ['overrides', 'show'],
  summary: 'Show one drop-in',
  effect: 'read',
  args: ['path'],
  input: z.strictObject({
    path: z
      .string()
      .max(100)
      .describe('drop-in')
      .meta({ examples: ['frr/transit.conf'] }),
    ...where,
  }),
  output: z.strictObject({ path: z.string(), text: z.string() }),
  examples: ['imp overrides show frr/transit.conf'],
  complete: { path: names },
  run: (context, { path, ...input }) =>
    withTarget(context, input, async (target) => {
      const present = await overridesOf(target)
      const found = present.find((each) => overridePath(each) === path)
      if (found !== undefined) return { path, text: found.text }
      const close = nearest(path, present.map(overridePath))
      const hint = close === undefined ? 'imp overrides list shows those that exist' : `did you mean ${close}?`
      throw new Fault('not-found', `there is no drop-in ${JSON.stringify(path)}`, { hint })
    }),
  view: ({ text }) => text.trimEnd(),
})

const check = operation<ImpContext>()({
  path: ['overrides', 'check'],
  summary: 'Show what is wrong with the drop-ins beside the running configuration',
  description: 'Asks FRR, nft and the kernel themselves; nothing is loaded. Ends with status 2 when there is an error.',
  effect: 'read',
  input: z.strictObject(where),
  output: z.strictObject({ target: z.string(), overrides: z.int(), findings: z.array(FindingOutput) }),
  examples: ['imp overrides check'],
  run: (context, input) =>
    withTarget(context, input, async (target) => {
      const [present, running] = [await overridesOf(target), await findRunning(target)]
      if (running === undefined)
        throw new Fault('not-found', `no configuration was applied to ${target.name} yet`, {
          hint: 'imp plan router.json checks them as well',
        })
      return { target: target.name, overrides: present.length, findings: [...(await inspectOverrides(target, running.config, present))] }
    }),
  view: ({ overrides, findings }, options) =>
    findings.length > 0 ? drawFindings(findings, options) : overrides === 0 ? 'there are no drop-ins' : 'nothing is wrong',
  exitStatus: ({ findings }) => (findings.some(({ severity }) => severity === 'error') ? 2 : 0),
})

export const operations: readonly AnyOperation<ImpContext>[] = [list, show, check]
