/** What happened between two looks at sessions, commits and counters. Pure. */
import type { Commit } from '../commit/model.ts'
import type { Happening } from './event.ts'

/** What of a BGP session matters here. */
export interface SeenSession {
  readonly peer: string
  readonly family: string
  readonly state: string
  readonly dropped: number
}

const established = 'Established'

function sessionChange(before: string | undefined, after: string): string {
  if (after === established) return 'up'
  return before === established ? 'down' : 'changed'
}

/** Sessions that came, went, rose or fell. One that fell and is up again is told by how often it went down. */
export function compareSessions(before: readonly SeenSession[], after: readonly SeenSession[]): Happening[] {
  const key = ({ peer, family }: SeenSession): string => `${peer} ${family}`
  const old = new Map(before.map((each) => [key(each), each]))
  const now = new Map(after.map((each) => [key(each), each]))
  const gone = before.filter((each) => !now.has(key(each)))
  const changed = after.flatMap((each): Happening[] => {
    const known = old.get(key(each))
    const happened = { topic: 'bgp', subject: each.peer, detail: each.family } as const
    if (known === undefined) return [{ ...happened, change: 'added', after: each.state }]
    if (known.state !== each.state)
      return [{ ...happened, change: sessionChange(known.state, each.state), before: known.state, after: each.state }]
    return each.dropped > known.dropped ? [{ ...happened, change: 'reset', before: known.state, after: each.state }] : []
  })
  return [
    ...gone.map((each): Happening => ({ topic: 'bgp', subject: each.peer, change: 'removed', before: each.state, detail: each.family })),
    ...changed,
  ]
}

/** Commits that were made, and what became of them. */
export function compareCommits(before: readonly Commit[], after: readonly Commit[]): Happening[] {
  const old = new Map(before.map(({ number, outcome }) => [number, outcome]))
  return after
    .filter(({ number, outcome }) => old.get(number) !== outcome)
    .map(({ number, outcome, who, comment, reason }): Happening => {
      const known = old.get(number)
      const why = [who, comment, reason].filter((part) => part !== undefined).join(': ')
      const states = known === undefined ? { after: outcome } : { before: known, after: outcome }
      return { topic: 'commits', subject: `commit ${number}`, change: known === undefined ? 'made' : 'decided', ...states, detail: why }
    })
}

/** Losses of NAT since the namespace began. */
export interface SeenNat {
  readonly insertFailed: number
  readonly untranslatable: number
}

/** Flows and packets that NAT dropped. */
export function compareNat(before: SeenNat, after: SeenNat): Happening[] {
  const [flows, packets] = [after.insertFailed - before.insertFailed, after.untranslatable - before.untranslatable]
  const drop = (subject: string, amount: number, detail: string): Happening[] =>
    amount > 0 ? [{ topic: 'nat', subject, change: 'dropped', after: String(amount), detail }] : []
  return [...drop('flows', flows, 'every port of their host was in use'), ...drop('packets', packets, 'they cannot be translated')]
}
