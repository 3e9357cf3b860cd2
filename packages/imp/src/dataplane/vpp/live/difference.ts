/** What differs between what VPP has and what it shall have, as patches that lead from one to the other and back. Pure. */
import { isDeepStrictEqual } from 'node:util'
import { sections, type Patch, type Section, type Things } from '../desired.ts'
import { bare } from '../render-interfaces.ts'

export interface Difference {
  readonly before: Patch
  readonly after: Patch
}

/** Cards cannot be taken away from VPP: they lose all that they carry. */
function released(have: Things, key: string): Things['interfaces'][string] | null {
  const each = have.interfaces[key]
  return each?.making.driver === 'card' ? { ...bare(each.making), mtu: each.mtu, ipv6: each.ipv6 } : null
}

function changedIn(section: Section, have: Things, want: Things, made: readonly string[]): [string, unknown, unknown][] {
  const wanted = Object.entries(want[section]).flatMap(([key, thing]): [string, unknown, unknown][] => {
    const there = have[section][key]
    return isDeepStrictEqual(there, thing) ? [] : [[key, there ?? null, thing]]
  })
  const stale = made.flatMap((key): [string, unknown, unknown][] => {
    const there = have[section][key]
    if (there === undefined || want[section][key] !== undefined) return []
    const after = section === 'interfaces' ? released(have, key) : null
    return isDeepStrictEqual(there, after) ? [] : [[key, there, after]]
  })
  return [...wanted, ...stale]
}

function emptyPatch(): Record<string, Record<string, unknown>> {
  return {}
}

/**
 * Patches of everything that differs, or undefined when nothing does. `made` are the keys that we made before: they go when unwanted.
 * `unnamed` interfaces differ by their name alone.
 */
export function differenceOf(
  have: Things,
  want: Things,
  made: Readonly<Record<Section, readonly string[]>>,
  unnamed: ReadonlySet<string> = new Set(),
): Difference | undefined {
  const before = emptyPatch()
  const after = emptyPatch()
  for (const name of unnamed) {
    before['interfaces'] = { ...before['interfaces'], [name]: have.interfaces[name] }
    after['interfaces'] = { ...after['interfaces'], [name]: want.interfaces[name] }
  }
  for (const section of sections) {
    for (const [key, old, next] of changedIn(section, have, want, made[section])) {
      before[section] = { ...before[section], [key]: old }
      after[section] = { ...after[section], [key]: next }
    }
  }
  return Object.keys(after).length === 0 ? undefined : { before, after }
}

/** What is there, with the things of the patch as they shall become. */
export function patched(have: Things, patch: Patch): Things {
  const result: Record<string, Record<string, unknown>> = {}
  for (const section of sections) {
    const changes = Object.entries(patch[section] ?? {})
    const removed = new Set(changes.flatMap(([key, thing]) => (thing === null ? [key] : [])))
    const kept = Object.entries(have[section]).filter(([key]) => !removed.has(key))
    result[section] = Object.fromEntries([...kept, ...changes.filter(([, thing]) => thing !== null)])
  }
  return result as unknown as Things
}

/** Things of a patch that cannot be there because what they stand on is not: a VPP that was started anew lacks them all. */
export function standing(things: Things): Things {
  const { interfaces } = things
  const stands = ([, { making }]: [string, Things['interfaces'][string]]): boolean =>
    making.driver !== 'vlan' || interfaces[making.port] !== undefined
  const left = Object.fromEntries(Object.entries(interfaces).filter(stands))
  const policies = Object.entries(things.policies).filter(
    ([, { list, paths }]) => things.lists[list] !== undefined && paths.every((path) => left[path.split(' ')[1] ?? ''] !== undefined),
  )
  const known = new Set(policies.map(([id]) => Number(id)))
  const complete = Object.entries(left).map(([name, each]) => [
    name,
    {
      ...each,
      attachments: each.attachments.filter(({ policy }) => known.has(policy)),
      crossConnect: each.crossConnect !== null && left[each.crossConnect] === undefined ? null : each.crossConnect,
    },
  ])
  const routes = Object.entries(things.routes).filter(([, { path }]) => left[path.split(' ')[1] ?? ''] !== undefined)
  const neighbours = Object.entries(things.neighbours).filter(([key]) => left[key.split(' ')[1] ?? ''] !== undefined)
  return {
    ...things,
    neighbours: Object.fromEntries(neighbours),
    interfaces: Object.fromEntries(complete) as Things['interfaces'],
    policies: Object.fromEntries(policies),
    routes: Object.fromEntries(routes),
  }
}
