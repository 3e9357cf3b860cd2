/** The state of a router in one look: what is in force, what waits, what runs and what is wrong. Pure. */
import { z } from 'zod'
import { FindingOutput, drawFindings } from '@imp/kit/op/findings.ts'
import type { ViewOptions } from '@imp/kit/op/operation.ts'
import { count, table } from '@imp/kit/base/text.ts'
import { formatDuration } from '@imp/kit/base/units.ts'
import { styleFor } from '@imp/kit/base/style.ts'

const Session = z.strictObject({
  peer: z.string(),
  asn: z.int(),
  state: z.string(),
  dropped: z.int().describe('how often it went down since bgpd started'),
  received: z.int(),
  sent: z.int(),
})

const InForce = z.strictObject({
  number: z.int(),
  who: z.string(),
  when: z.string(),
  comment: z.string().exactOptional(),
  deadline: z.string().describe('when it is taken back unless somebody confirms').exactOptional(),
  left: z.int().describe('milliseconds until then').exactOptional(),
})

export const Status = z.strictObject({
  target: z.string(),
  hostname: z.string().describe('of the running configuration').exactOptional(),
  appliedAt: z.string().exactOptional(),
  interrupted: z.boolean().describe('whether a change was interrupted: imp recover'),
  commit: InForce.describe('commit in force; left out when nothing was committed').exactOptional(),
  candidate: z.strictObject({ changes: z.int().describe('that are not committed') }),
  scheduled: z.array(z.strictObject({ number: z.int(), at: z.string(), who: z.string() })).describe('commits that happen later'),
  daemons: z.array(z.strictObject({ daemon: z.string(), pid: z.int() })),
  missing: z.array(z.string()).describe('daemons that the running configuration needs and that do not run'),
  interfaces: z.array(z.strictObject({ name: z.string(), state: z.string() })).describe('those of the running configuration'),
  sessions: z.array(Session),
  routes: z.strictObject({ ipv4: z.int(), ipv6: z.int() }).describe('in the tables of zebra').exactOptional(),
  nat: z
    .strictObject({
      tracked: z.int().describe('flows'),
      maximum: z.int().describe('flows'),
      insertFailed: z.int().describe('flows dropped for want of a free port'),
      untranslatable: z.int().describe('packets dropped that cannot be translated'),
    })
    .exactOptional(),
  findings: z.array(FindingOutput).describe('what the check has against the running configuration, and what could not be looked at'),
})
export type Status = z.output<typeof Status>

function headLines({ target, hostname, appliedAt, interrupted, commit, candidate, scheduled }: Status): string[] {
  const head = hostname === undefined ? `${target}: no configuration was applied yet` : `${target}: ${hostname}, applied at ${appliedAt}`
  const left = commit?.left === undefined ? '' : `, taken back in ${formatDuration(commit.left)} unless confirmed: imp confirm`
  return [
    head,
    ...(interrupted ? ['a change was interrupted: imp recover'] : []),
    ...(commit === undefined ? [] : [`commit ${commit.number} of ${commit.who} is in force${left}`]),
    ...(candidate.changes === 0 ? [] : [`${count(candidate.changes, 'change')} in the candidate: imp diff, imp commit`]),
    ...scheduled.map(({ number, at, who }) => `commit of ${who} at ${at}: imp schedule cancel ${number}`),
  ]
}

/** `3 of 4 up; down: lan (no carrier)`. */
function upOf(all: readonly { readonly name: string; readonly state: string }[], up: string): string {
  const down = all.filter(({ state }) => state !== up)
  const rest = down.length === 0 ? '' : `; not: ${down.map(({ name, state }) => `${name} (${state})`).join(', ')}`
  return `${all.length - down.length} of ${all.length} up${rest}`
}

function parts({ daemons, missing, interfaces, sessions, routes, nat }: Status): string[][] {
  const running = daemons.map(({ daemon }) => daemon).join(' ')
  const peers = sessions.map(({ peer, state }) => ({ name: peer, state }))
  return [
    ['daemons', [running === '' ? 'none' : running, ...(missing.length === 0 ? [] : [`missing: ${missing.join(' ')}`])].join('; ')],
    ...(interfaces.length === 0 ? [] : [['interfaces', upOf(interfaces, 'up')]]),
    ...(sessions.length === 0 ? [] : [['sessions', upOf(peers, 'Established')]]),
    ...(routes === undefined ? [] : [['routes', `${routes.ipv4} IPv4, ${routes.ipv6} IPv6`]]),
    ...(nat === undefined ? [] : [['NAT', `${nat.tracked} of ${nat.maximum} flows, ${nat.insertFailed + nat.untranslatable} dropped`]]),
  ]
}

/** The state for people: what is in force, one line for each part, the sessions, the findings. */
export function drawStatus(status: Status, options: ViewOptions): string {
  const style = styleFor(options.colour)
  const [head = '', ...more] = headLines(status)
  const sessions = status.sessions.map((each) => [each.peer, `AS ${each.asn}`, each.state, `${each.received} in`, `${each.sent} out`])
  return [
    style('bold', head),
    ...more,
    ...table(parts(status)),
    ...(sessions.length === 0 ? [] : ['', ...table([['PEER', 'AS', 'STATE', 'RECEIVED', 'SENT'], ...sessions])]),
    ...(status.findings.length === 0 ? [] : ['', drawFindings(status.findings, options)]),
  ].join('\n')
}
