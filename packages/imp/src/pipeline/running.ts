/** The running document: the configuration that a target has, as last applied and verified, and what was made for it. */
import { join } from 'node:path'
import { z } from 'zod'
import { encode, findDocument, type DocumentKind } from '@imp/kit/store/document.ts'
import { stepKind } from '@imp/kit/plan/step.ts'
import { readOwn } from '../config/damage.ts'
import { RouterConfig } from '../config/model.ts'
import { linuxDataplane } from '../dataplane/linux/driver.ts'
import { vppDataplane } from '../dataplane/vpp/driver.ts'
import { Overrides } from '../overrides/model.ts'
import { MadeRouter } from './made.ts'
import { observeRouter } from './observe.ts'
import { renderRouter } from './render.ts'
import type { Target } from './target.ts'

const RunningFields = z.strictObject({
  appliedAt: z.iso.datetime(),
  config: RouterConfig,
  made: MadeRouter,
  /** Drop-ins that went into force with it. */
  overrides: Overrides.default([]),
  /** What settings of the kernel were before drop-ins set them: they are that again when the drop-in goes. */
  originals: z.record(z.string(), z.string()).default({}),
})
export type Running = z.output<typeof RunningFields>

const runningKind: DocumentKind<typeof RunningFields> = { schema: 'imp.running', version: 1, fields: RunningFields }

export function runningPath(target: Pick<Target, 'stateDirectory'>): string {
  return join(target.stateDirectory, 'running.json')
}

/** Undefined before the first apply. */
export function findRunning(target: Target): Promise<Running | undefined> {
  const path = runningPath(target)
  const hint = `move ${path} away and apply the configuration again: imp config apply, or imp apply router.json`
  return readOwn(hint, () => findDocument(target.local, runningKind, path))
}

/** Text of the document as it is; null before the first apply. */
export async function runningText(target: Target): Promise<string | null> {
  const path = runningPath(target)
  return (await target.local.files.stat(path)) === undefined ? null : target.local.files.read(path)
}

const RecordData = z.strictObject({
  config: RouterConfig,
  overrides: RunningFields.shape.overrides,
  originals: RunningFields.shape.originals,
  before: z.string().nullable(),
})

/** The last step of every change: from here on the new configuration is the one that counts. */
export function recordKind(target: Target) {
  const { files, clock } = target.local
  return stepKind({
    kind: 'record',
    schema: RecordData,
    async do(_host, { config, overrides, originals }) {
      const desired = renderRouter(config, overrides)
      const { linux, vpp } = await observeRouter(target, desired)
      const inVpp = desired.vpp === undefined || vpp === undefined ? {} : { vpp: vppDataplane.remember(desired.vpp, vpp) }
      const made = { ...linuxDataplane.remember(desired.linux, linux), ...inVpp }
      const fields: Running = { appliedAt: clock.now().toISOString(), config, made, overrides, originals }
      await files.makeDirectory(target.stateDirectory)
      await files.write(runningPath(target), encode(runningKind, fields), { mode: 0o600 })
    },
    async undo(_host, { before }) {
      if (before === null) await files.remove(runningPath(target))
      else await files.write(runningPath(target), before, { mode: 0o600 })
    },
  })
}
