/** In which order machines start with this computer; pure. */
import { Fault } from '@imp/kit/base/fault.ts'

export interface Member {
  readonly name: string
  /** Names of members that must run before it; others are nobody to wait for. */
  readonly after: readonly string[]
}

interface Order {
  readonly groups: string[][]
  /** Those that wait for each other, and those that wait for them. */
  readonly circle: string[]
}

function orderOf(members: readonly Member[]): Order {
  const groups: string[][] = []
  let waiting = members.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  while (waiting.length > 0) {
    const names = new Set(waiting.map(({ name }) => name))
    const ready = waiting.filter(({ after }) => !after.some((each) => names.has(each)))
    if (ready.length === 0) return { groups, circle: [...names] }
    groups.push(ready.map(({ name }) => name))
    waiting = waiting.filter((each) => !ready.includes(each))
  }
  return { groups, circle: [] }
}

/**
 * Groups of names: those of one group may start together, when all groups before it run. Machines that wait for each other, which nobody
 * may write down (`requireOrder`), are one group at the end: they had better run than not.
 */
export function startOrder(members: readonly Member[]): string[][] {
  const { groups, circle } = orderOf(members)
  return circle.length === 0 ? groups : [...groups, circle]
}

/** An `input` fault that names the machines that wait for each other. */
export function requireOrder(members: readonly Member[]): void {
  const { circle } = orderOf(members)
  if (circle.length > 0) throw new Fault('input', `machines wait for each other: ${circle.join(', ')}`)
}

/** Those of a group that need nothing that failed; a machine that is not started fails those that wait for it as well. */
export function startable(group: readonly string[], members: readonly Member[], failed: ReadonlySet<string>): string[] {
  const afterOf = new Map(members.map(({ name, after }) => [name, after]))
  return group.filter((name) => !(afterOf.get(name) ?? []).some((each) => failed.has(each)))
}
