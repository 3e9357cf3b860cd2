/** The configuration as the state of everything that makes a router, drop-ins of the operator included. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../config/model.ts'
import type { DesiredLinux, DesiredTable } from '../dataplane/linux/desired.ts'
import { linuxDataplane } from '../dataplane/linux/driver.ts'
import { withDigest } from '../dataplane/linux/table.ts'
import { renderFrr, type FrrConfig } from '../frr/render.ts'
import { overrideTable, overrideTableText, sysctlLines, type Overrides } from '../overrides/model.ts'
import { overrideFrrText } from './override-frr.ts'

export interface DesiredRouter {
  readonly linux: DesiredLinux
  readonly frr: FrrConfig
}

function addedTables(overrides: Overrides): DesiredTable[] {
  return overrides
    .filter(({ kind }) => kind === 'nft')
    .map((each) => withDigest({ family: 'inet', name: overrideTable(each), text: overrideTableText(each) }))
}

function addedSysctls(overrides: Overrides): Record<string, string> {
  const lines = overrides.filter(({ kind }) => kind === 'sysctl').flatMap(({ text }) => sysctlLines(text))
  return Object.fromEntries(lines.map(({ key, value }) => [key, value]))
}

/** What the drop-ins add; where both say something the configuration wins (which a check refuses before). */
function withOverrides({ linux, frr }: DesiredRouter, overrides: Overrides): DesiredRouter {
  if (overrides.length === 0) return { linux, frr }
  return {
    linux: { ...linux, sysctls: { ...addedSysctls(overrides), ...linux.sysctls }, tables: [...linux.tables, ...addedTables(overrides)] },
    frr: { ...frr, text: `${frr.text}${overrideFrrText(overrides)}` },
  }
}

/** What the router shall be. An `unsupported` fault for a dataplane that this program does not drive. */
export function renderRouter(config: RouterConfig, overrides: Overrides = []): DesiredRouter {
  if (config.dataplane !== linuxDataplane.name) {
    throw new Fault('unsupported', `the dataplane ${config.dataplane} cannot be driven yet`, { hint: 'set "dataplane" to "linux"' })
  }
  return withOverrides({ linux: linuxDataplane.render(config), frr: renderFrr(config) }, overrides)
}
