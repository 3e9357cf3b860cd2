/** One command at work on one lab: what it was given and where things are. */
import type { ImpContext } from '../context.ts'
import type { LinkFeatures } from './features.ts'
import type { LabPaths } from './names.ts'
import type { Parts } from './parts.ts'
import type { Vmm } from './vmm.ts'

export interface LabRun {
  readonly name: string
  readonly context: ImpContext
  readonly parts: Parts
  readonly paths: LabPaths
  readonly vmm: Vmm
}

/** A run that makes things and therefore knows what this kernel can do to links. */
export interface MakingRun extends LabRun {
  readonly features: LinkFeatures
}
