/** How the enabled modules are linked to the core: one memif for each connection, numbered in the order of the configuration. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../config/model.ts'
import { instanceLink, type InstanceLink } from '../dataplane/vpp/model.ts'
import type { InstalledModule } from './model.ts'

/** The first two links are those of the built-in NAT, the next two those of the built-in NAT64; addresses go up to 169.254.1.255. */
const firstLink = 5
const lastLink = 124

/** An enabled module with its definition. */
export interface ActiveModule {
  readonly definition: InstalledModule['definition']
  readonly index: number
  readonly config: Readonly<Record<string, unknown>>
  readonly links: readonly InstanceLink[]
}

/**
 * The enabled modules of a configuration that were checked against these definitions, with their links. Those that are switched off keep
 * their numbers, so that switching one changes no other.
 */
export function planTopology(config: RouterConfig, installed: readonly InstalledModule[]): ActiveModule[] {
  let id = firstLink
  return config.modules.flatMap((module, index) => {
    const found = installed.find(({ definition }) => definition.name === module.name)
    if (found === undefined) return []
    const { definition } = found
    const links = definition.topology.connections.map(({ name, create_lcp: twin }) => instanceLink(definition.name, name, id++, twin))
    if (id - 1 > lastLink) throw new Fault('input', `the modules have more than ${lastLink - firstLink + 1} connections`)
    return module.enabled ? [{ definition, index, config: module.config, links }] : []
  })
}
