/** The configuration as the state of everything that makes a router. Pure. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../config/model.ts'
import type { DesiredLinux } from '../dataplane/linux/desired.ts'
import { linuxDataplane } from '../dataplane/linux/driver.ts'
import { renderFrr, type FrrConfig } from '../frr/render.ts'

export interface DesiredRouter {
  readonly linux: DesiredLinux
  readonly frr: FrrConfig
}

/** What the router shall be. An `unsupported` fault for a dataplane that this program does not drive. */
export function renderRouter(config: RouterConfig): DesiredRouter {
  if (config.dataplane !== linuxDataplane.name) {
    throw new Fault('unsupported', `the dataplane ${config.dataplane} cannot be driven yet`, { hint: 'set "dataplane" to "linux"' })
  }
  return { linux: linuxDataplane.render(config), frr: renderFrr(config) }
}
