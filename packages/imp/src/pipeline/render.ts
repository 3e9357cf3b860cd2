/** The configuration as the state of everything that makes a router, drop-ins of the operator included. Pure. */
import type { RouterConfig } from '../config/model.ts'
import type { DesiredLinux, DesiredTable } from '../dataplane/linux/desired.ts'
import { linuxDataplane } from '../dataplane/linux/driver.ts'
import { withDigest } from '../dataplane/linux/table.ts'
import type { DesiredVpp } from '../dataplane/vpp/desired.ts'
import { vppDataplane } from '../dataplane/vpp/driver.ts'
import { linuxBesideVpp } from '../dataplane/vpp/render-linux.ts'
import type { FrrConfig } from '../frr/render.ts'
import { overrideTable, overrideTableText, sysctlLines, type Overrides } from '../overrides/model.ts'
import { instancesOf, renderRouting } from './instances.ts'
import { overrideFrrText } from './override-frr.ts'

export interface DesiredRouter {
  readonly linux: DesiredLinux
  /** Undefined where Linux forwards by itself. */
  readonly vpp?: DesiredVpp
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
function withOverrides(desired: DesiredRouter, overrides: Overrides): DesiredRouter {
  if (overrides.length === 0) return desired
  const { linux, frr } = desired
  return {
    ...desired,
    linux: { ...linux, sysctls: { ...addedSysctls(overrides), ...linux.sysctls }, tables: [...linux.tables, ...addedTables(overrides)] },
    frr: { ...frr, text: `${frr.text}${overrideFrrText(overrides)}` },
  }
}

/** What the router shall be. An `input` fault for a configuration that its dataplane cannot have. */
export function renderRouter(config: RouterConfig, overrides: Overrides = []): DesiredRouter {
  const beside = instancesOf(config, overrides)
  const frr = renderRouting(config, beside)
  const plain =
    config.dataplane === 'vpp'
      ? { linux: linuxBesideVpp, vpp: vppDataplane.render(config, beside), frr }
      : { linux: linuxDataplane.render(config), frr }
  return withOverrides(plain, overrides)
}
