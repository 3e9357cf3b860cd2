/** What was made for a configuration, in Linux and in VPP: remembered, to be taken away when it is no longer wanted. */
import type { z } from 'zod'
import { MadeLinux, nothingMade } from '../dataplane/linux/desired.ts'
import { keysOf, madeOf, MadeVpp, nothing, nothingMadeInVpp, sections } from '../dataplane/vpp/desired.ts'
import { noVpp } from '../dataplane/vpp/driver.ts'
import type { DesiredRouter } from './render.ts'

export const MadeRouter = MadeLinux.extend({ vpp: MadeVpp.exactOptional() })
export type MadeRouter = z.output<typeof MadeRouter>

export const nothingMadeAtAll: MadeRouter = nothingMade

/** What the configuration makes, as far as that is known without looking. */
export function madeFor({ linux, vpp }: DesiredRouter): MadeRouter {
  const made = { links: [...linux.links], rules: [...linux.rules], tables: [] }
  if (vpp === undefined) return made
  return { ...made, vpp: madeOf(vpp) }
}

function joinVpp(a: MadeVpp, b: MadeVpp): MadeVpp {
  const empty = keysOf(nothing)
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  const join = (name: string): MadeVpp[string] => {
    const [one, other] = [a[name] ?? empty, b[name] ?? empty]
    const pairs = sections.map((section) => [section, [...new Set([...one[section], ...other[section]])]] as const)
    return Object.fromEntries(pairs) as MadeVpp[string]
  }
  return Object.fromEntries(names.map((name) => [name, join(name)]))
}

export function joinMade(a: MadeRouter, b: MadeRouter): MadeRouter {
  const linux = { links: [...a.links, ...b.links], rules: [...a.rules, ...b.rules], tables: [...a.tables, ...b.tables] }
  if (a.vpp === undefined && b.vpp === undefined) return linux
  return { ...linux, vpp: joinVpp(a.vpp ?? nothingMadeInVpp, b.vpp ?? nothingMadeInVpp) }
}

/** A router that leaves VPP for another dataplane takes from VPP what it made there. */
export function leaving(desired: DesiredRouter, made: MadeRouter | undefined): DesiredRouter {
  return desired.vpp === undefined && made?.vpp !== undefined ? { ...desired, vpp: noVpp } : desired
}
