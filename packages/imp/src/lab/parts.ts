/** What labs need of other rooms; `ops.ts`, which may combine rooms, brings it. */
import type { Finding } from '@imp/kit/base/fault.ts'
import type { Report } from '@imp/kit/base/events.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { RouterConfig } from '../config/model.ts'

/** A node that routers and FRR are started in. */
export interface Place {
  /** For messages: `demo/edge`. */
  readonly name: string
  /** Where files and processes of the node live: this machine, or the guest. */
  readonly machine: Host
  /** Programs run inside the network namespace of the node, or in the guest. */
  readonly host: Host
  /** Undefined in a guest. */
  readonly namespace?: string
  /** On `machine`. */
  readonly runDirectory: string
  /** On this machine. */
  readonly stateDirectory: string
}

export interface Routers {
  /** Reads router.json with all findings. */
  load(text: string, where: string): { config?: RouterConfig; findings: readonly Finding[] }
  /** Makes the place be what the configuration says; changes only what differs. */
  apply(place: Place, config: RouterConfig, report: Report): Promise<void>
}

export interface PlainFrr {
  /** Makes zebra, staticd and these daemons run with the configuration; changes only what differs. */
  apply(place: Place, text: string, daemons: readonly string[]): Promise<void>
}

export interface Parts {
  readonly routers: Routers
  readonly frr: PlainFrr
}
