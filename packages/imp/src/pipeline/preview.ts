/** What a change would do, for the person who decides about it: steps with what they disturb, texts that change, whom it touches. */
import { z } from 'zod'
import { disruptionOf, disruptions, type Step } from '@imp/kit/plan/step.ts'
import type { RouterConfig } from '../config/model.ts'
import { Change, describeChange } from '../dataplane/linux/change.ts'
import { resetText, type Resets } from '../frr/reset.ts'
import { artefactChanges } from './artefacts.ts'
import { Impact, impactOf, impactText } from './impact.ts'
import type { Overrides } from '../overrides/model.ts'
import { planConfig } from './plan.ts'
import { renderRouter } from './render.ts'
import { findRunning } from './running.ts'
import type { Target } from './target.ts'

export const ShownStep = z.strictObject({
  kind: z.string(),
  summary: z.string(),
  disruption: z.enum(disruptions),
  disturbs: z.string().describe('what that means: none, brief, restart, or the sessions that are reset'),
  lines: z.array(z.string()).describe('what comes (+), goes (-) and changes, where the summary does not say all of it'),
})
export type ShownStep = z.output<typeof ShownStep>

export const ShownArtefact = z.strictObject({
  name: z.string().describe('generated text, or file of the operator'),
  override: z.boolean().describe('whether it is a drop-in of the operator'),
  added: z.int().describe('lines that come'),
  removed: z.int().describe('lines that go'),
  lines: z.array(z.string()).describe('in the unified format of diff'),
})
export type ShownArtefact = z.output<typeof ShownArtefact>

export const Preview = z.strictObject({
  target: z.string(),
  disruption: z.enum(disruptions),
  steps: z.array(ShownStep),
  artefacts: z.array(ShownArtefact).describe('texts that differ from those of the running configuration'),
  impact: Impact,
  summary: z.string().describe('whom the change touches, in words'),
})
export type Preview = z.output<typeof Preview>

const Lines = z.looseObject({ lines: z.array(z.string()) })
const Links = z.looseObject({ changes: z.array(Change) })
const Sysctls = z.looseObject({ changes: z.array(z.strictObject({ key: z.string(), before: z.string().nullable(), after: z.string() })) })

/** All that a step does, where its summary had to leave something out. */
function linesOf({ kind, data }: Step): string[] {
  switch (kind) {
    case 'links':
      return Links.parse(data).changes.map(describeChange)
    case 'sysctls':
      return Sysctls.parse(data).changes.map(({ key, before, after }) => `${key}: ${before ?? 'unset'} -> ${after}`)
    default:
      return Lines.safeParse(data).data?.lines ?? []
  }
}

/** Steps that move links or addresses: what they carry stops and goes on. */
const briefKinds = new Set(['links', 'bring-ports'])

function disturbance({ kind, disruption, summary }: Step, resets: string): string {
  if (disruption === 'none') return 'none'
  if (kind === 'frr' && resets !== '') return resets
  if (disruption === 'reload' || briefKinds.has(kind)) return 'brief'
  return kind === 'stop-daemons' ? `restart (${summary})` : disruption
}

/** A step for people; `resets` as words. */
export function shownStep(step: Step, resets = ''): ShownStep {
  const lines = linesOf(step)
  const { kind, summary, disruption } = step
  return { kind, summary, disruption, disturbs: disturbance(step, resets), lines: lines.length === 1 && lines[0] === summary ? [] : lines }
}

/** The resets in words, peers by their names. */
function resetWords(resets: Resets, before: RouterConfig | undefined, after: RouterConfig): string {
  const names = new Map([...(before?.bgp?.peers ?? []), ...(after.bgp?.peers ?? [])].map(({ name, address }) => [address, name]))
  const { bgpPeers } = resets
  return resetText({ ...resets, bgpPeers: bgpPeers === 'all' ? 'all' : bgpPeers.map((address) => names.get(address) ?? address) })
}

/** Looks at the target and tells what a configuration with the drop-ins of the target would change. */
export async function previewConfig(
  target: Target,
  config: RouterConfig,
): Promise<{ readonly steps: readonly Step[]; readonly preview: Preview }> {
  const [running, plan] = [await findRunning(target), await planConfig(target, config)]
  const { steps, resets, overrides } = plan
  const words = resetWords(resets, running?.config, config)
  const impact = impactOf(running?.config, config, resets)
  // Texts of drop-ins are shown as they are; what modules add to routing is generated.
  const modules = (all: Overrides): Overrides => all.filter(({ kind }) => kind === 'module')
  const before = {
    desired: running === undefined ? undefined : renderRouter(running.config, modules(running.overrides)),
    overrides: running?.overrides ?? [],
  }
  const preview: Preview = {
    target: target.name,
    disruption: disruptionOf(steps),
    steps: steps.map((step) => shownStep(step, words)),
    artefacts: artefactChanges(before, { desired: renderRouter(config, modules(overrides)), overrides }).map((each) => ({
      ...each,
      lines: [...each.lines],
    })),
    impact,
    summary: impactText(impact),
  }
  return { steps, preview }
}
