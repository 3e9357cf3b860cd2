/** Looking at NAT64. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse } from '@imp/kit/base/schema.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { ImpContext } from '../context.ts'
import { withVpp } from '../dataplane/vpp/place.ts'
import { findRunning } from '../pipeline/running.ts'
import { dataplanePlace, type Target } from '../pipeline/target.ts'
import { requireNamespace, where, withTarget } from '../pipeline/where.ts'
import { parseFlows } from '../show/conntrack.ts'
import { translatorNetwork, type Nat64 } from './model.ts'
import { joinSessions, ShownSessions, viewSessions, VppBindings, VppSessions, vppSessions, type Session } from './sessions.ts'

const Sessions = z.strictObject({ target: z.string(), ...ShownSessions.shape })

/** All protocols at once (VPP, nat/nat64/nat64.api). */
const everyProtocol = 255

async function kernelSessions({ host }: Target, nat64: Nat64): Promise<Session[]> {
  const before = await host.query(['conntrack', '-L', '-f', 'ipv6', '-d', nat64.prefix])
  const behind = await host.query(['conntrack', '-L', '-f', 'ipv4', '-s', translatorNetwork])
  return joinSessions(nat64, parseFlows(before.stdout), parseFlows(behind.stdout))
}

async function sessionsInVpp(target: Target): Promise<Session[]> {
  return withVpp(dataplanePlace(target), 'nat64', async (vpp) => {
    const [rows, bindings] = await Promise.all(
      ['nat64_st_dump', 'nat64_bib_dump'].map((message) => vpp.dump(message, { proto: everyProtocol })),
    )
    return vppSessions(parse(VppSessions, rows, 'nat64_st_dump'), parse(VppBindings, bindings, 'nat64_bib_dump'))
  })
}

async function lookAtSessions(target: Target): Promise<z.output<typeof Sessions>> {
  const config = (await findRunning(target))?.config
  const nat64 = config?.nat64
  if (nat64 === undefined) {
    throw new Fault('not-found', `${target.name} has no NAT64`, { hint: 'imp nat64 enable --pool PREFIX, then imp commit' })
  }
  const sessions = config?.dataplane === 'vpp' ? await sessionsInVpp(target) : await kernelSessions(target, nat64)
  return { target: target.name, prefix: nat64.prefix, pool: nat64.pool, sessions }
}

const sessions = operation<ImpContext>()({
  path: ['show', 'nat64', 'sessions'],
  summary: 'Show who talks to IPv4 by NAT64, and as whom',
  description:
    'From the flows that the kernel tracks before and behind its translator, or from VPP. A host is not named when two of them use the same port towards the same destination.',
  effect: 'read',
  input: z.strictObject(where),
  output: Sessions,
  examples: ['imp show nat64 sessions'],
  run: (context, input) =>
    withTarget(context, input, async (target) => {
      await requireNamespace(target)
      return lookAtSessions(target)
    }),
  view: viewSessions,
})

export const operations: readonly AnyOperation<ImpContext>[] = [sessions]
