/** Putting a machine on the bridge, as a step. */
import { z } from 'zod'
import { FilePath } from '@imp/kit/base/schema.ts'
import { stepKind } from '@imp/kit/plan/step.ts'
import { attach, detach } from './bridge.ts'
import { BridgeSettings, Member } from './model.ts'

const Paths = z.strictObject({ members: FilePath, lock: FilePath, common: FilePath })

export const attachStep = stepKind({
  kind: 'vmm.net.attach',
  schema: z.strictObject({
    settings: BridgeSettings,
    member: Member,
    paths: Paths,
  }),
  do: (host, { paths, settings, member }) => attach(host, paths, settings, member),
  undo: (host, { paths, settings, member }) => detach(host, paths, settings, member.tap),
})

/** Changes what the rules say of a machine that stays on the bridge. */
export const changeMemberStep = stepKind({
  kind: 'vmm.net.change',
  schema: z.strictObject({ settings: BridgeSettings, before: Member, after: Member, paths: Paths }),
  do: (host, { paths, settings, after }) => attach(host, paths, settings, after),
  undo: (host, { paths, settings, before }) => attach(host, paths, settings, before),
})

export const detachStep = stepKind({
  kind: 'vmm.net.detach',
  schema: z.strictObject({
    settings: BridgeSettings,
    tap: z.string(),
    paths: Paths,
  }),
  do: (host, { paths, settings, tap }) => detach(host, paths, settings, tap),
  // A machine that does not run needs no TAP, and its next start puts it back.
  undo: () => Promise.resolve(),
})
