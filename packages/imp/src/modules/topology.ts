/** How the enabled modules are linked to the core: one memif for each connection, numbered in the order of the configuration. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../config/model.ts'
import type { InstalledModule } from './model.ts'

/** The first two links are those of the built-in NAT (`natLinks`); addresses go up to 169.254.1.255. */
const firstLink = 3
const lastLink = 124

/** Unique local network of the links (RFC 4193). */
const links6 = 'fd69:6d70:6c6b:'

/** A link as both sides know it; addresses of RFC 3927, seen by nobody else. */
export interface ModuleLink {
  readonly module: string
  readonly connection: string
  /** Number of the socket on both sides. */
  readonly id: number
  readonly socket: string
  /** Name of the interface on both sides: `memif3/0`. */
  readonly interface: string
  readonly core: string
  readonly far: string
  /** The same in IPv6, prefix length 127 (RFC 6164). */
  readonly core6: string
  readonly far6: string
  /** Linux twin in the core, when routing uses the link. */
  readonly twin?: string
}

/** An enabled module with its definition. */
export interface ActiveModule {
  readonly definition: InstalledModule['definition']
  readonly index: number
  readonly config: Readonly<Record<string, unknown>>
  readonly links: readonly ModuleLink[]
}

function linkOf(module: string, connection: string, id: number, twin: boolean): ModuleLink {
  const last = 2 * id + 2
  return {
    module,
    connection,
    id,
    socket: `/run/vpp/memif-${module}-${connection}.sock`,
    interface: `memif${id}/0`,
    core: `169.254.1.${last}`,
    far: `169.254.1.${last + 1}`,
    core6: `${links6}:${last.toString(16)}`,
    far6: `${links6}:${(last + 1).toString(16)}`,
    ...(twin ? { twin: `memif${id}` } : {}),
  }
}

/** The enabled modules of a configuration that were checked against these definitions, with their links. */
export function planTopology(config: RouterConfig, installed: readonly InstalledModule[]): ActiveModule[] {
  let id = firstLink
  return config.modules.flatMap((module, index) => {
    const found = installed.find(({ definition }) => definition.name === module.name)
    if (!module.enabled || found === undefined) return []
    const { definition } = found
    const links = definition.topology.connections.map(({ name, create_lcp: twin }) => linkOf(definition.name, name, id++, twin))
    if (id - 1 > lastLink) throw new Fault('input', `the modules have more than ${lastLink - firstLink + 1} connections`)
    return [{ definition, index, config: module.config, links }]
  })
}
