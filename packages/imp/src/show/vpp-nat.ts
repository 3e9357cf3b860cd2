/** det44 at work, in the form in which the NAT of the kernel is shown. */
import { z } from 'zod'
import { parse } from '@imp/kit/base/schema.ts'
import type { NatMapping } from '../nat/model.ts'
import type { Flow } from './conntrack.ts'
import type { ShownNat } from './nat.ts'
import type { VppAnswers } from './vpp.ts'
import { parseVppErrors } from './vpp-errors.ts'

const MapRow = z.looseObject({ in_plen: z.int(), ports_per_host: z.int(), ses_num: z.int() })
const SessionRow = z.looseObject({
  in_port: z.int(),
  ext_addr: z.string(),
  ext_port: z.int(),
  out_port: z.int(),
  state: z.int(),
})
const Forward = z.looseObject({ retval: z.int(), out_addr: z.string() })

/** Sessions that det44 gives one host at most (VPP, nat/det44/det44.h, DET44_SES_PER_USER). */
const sessionsPerHost = 1000

/** States of sessions by their numbers (VPP, nat/det44/det44.h, det44_session_state_t). */
const states: readonly (readonly [protocol: string, state?: string])[] = [
  ['unknown'],
  ['udp'],
  ['tcp', 'SYN_SENT'],
  ['tcp', 'ESTABLISHED'],
  ['tcp', 'FIN_WAIT'],
  ['tcp', 'CLOSE_WAIT'],
  ['tcp', 'CLOSING'],
  ['tcp', 'LAST_ACK'],
  ['tcp', 'CLOSED'],
  ['icmp'],
]

async function flowsOf(vpp: VppAnswers, inside: string): Promise<Flow[]> {
  const forward = parse(Forward, await vpp.request('det44_forward', { in_addr: inside }), 'det44_forward')
  if (forward.retval < 0) return []
  const rows = parse(z.array(SessionRow), await vpp.dump('det44_session_dump', { user_addr: inside }), 'det44_session_dump')
  return rows.map((row) => {
    const [protocol = 'unknown', state] = states[row.state] ?? []
    return {
      protocol,
      ...(state === undefined ? {} : { state }),
      inside: `${inside}:${row.in_port}`,
      destination: protocol === 'icmp' ? row.ext_addr : `${row.ext_addr}:${row.ext_port}`,
      outside: `${forward.out_addr}:${row.out_port}`,
      answered: state !== 'SYN_SENT',
    }
  })
}

/** The numbers of det44, and with `inside` the flows of that host. */
export async function lookAtVppNat(vpp: VppAnswers, mappings: readonly NatMapping[], inside?: string): Promise<ShownNat> {
  const [dump, errors, flows] = await Promise.all([
    vpp.dump('det44_map_dump'),
    vpp.cli('show errors'),
    inside === undefined ? undefined : flowsOf(vpp, inside),
  ])
  const maps = parse(z.array(MapRow), dump, 'det44_map_dump')
  const lost = (reason: string): number =>
    parseVppErrors(errors)
      .filter((each) => each.node.startsWith('det44-') && each.reason.toLowerCase() === reason)
      .reduce((sum, each) => sum + each.count, 0)
  return {
    mappings: [...mappings],
    tracked: maps.reduce((sum, map) => sum + map.ses_num, 0),
    maximum: maps.reduce((sum, map) => sum + 2 ** (32 - map.in_plen) * Math.min(sessionsPerHost, map.ports_per_host), 0),
    insertFailed: lost('out of ports'),
    untranslatable: lost('no translation'),
    ...(flows === undefined ? {} : { flows }),
  }
}
