/** Putting a machine on the bridge, as a step. */
import { z } from 'zod'
import { stepKind } from '@imp/kit/plan/step.ts'
import { attach, detach } from './bridge.ts'
import { BridgeSettings, Member } from './model.ts'

export const attachStep = stepKind({
  kind: 'vmm.net.attach',
  schema: z.strictObject({
    settings: BridgeSettings,
    member: Member,
    paths: z.strictObject({ members: z.string(), lock: z.string() }),
  }),
  do: (host, { paths, settings, member }) => attach(host, paths, settings, member),
  undo: (host, { paths, settings, member }) => detach(host, paths, settings, member.tap),
})
