/** The processes of VPP beside the core that a configuration asks for: the one place where kinds of them are collected. Pure. */
import type { RouterConfig } from '../config/model.ts'
import type { BesideInstance } from '../dataplane/vpp/model.ts'
import type { Overrides } from '../overrides/model.ts'

/** What makes a configuration into instances; a new kind of instance is added to `sources`. */
type Source = (config: RouterConfig, overrides: Overrides) => readonly BesideInstance[]

const sources: readonly Source[] = []

/** Every process beside the core but the built-in NAT, whose things are rendered by the dataplane itself. */
export function instancesOf(config: RouterConfig, overrides: Overrides = []): BesideInstance[] {
  return config.dataplane === 'vpp' ? sources.flatMap((source) => source(config, overrides)) : []
}
