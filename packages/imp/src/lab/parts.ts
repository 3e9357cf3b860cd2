/** What labs need of other rooms; `ops.ts`, which may combine rooms, brings it. */
import type { z } from 'zod'
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
  /** This machine. */
  readonly local: Host
}

/** What is left of a document when everything that its schema refuses is taken out; undefined when nothing is. */
export type Salvage = (
  schema: z.ZodType,
  written: unknown,
) =>
  | {
      readonly document: unknown
      readonly dropped: readonly { readonly path: readonly PropertyKey[] }[]
      /** A text in which the places of this document have become those of the document as written. */
      readonly original: (text: string) => string
    }
  | undefined

export interface CommitOptions {
  /** By which commands find the place again: `lab:demo/edge`. */
  readonly target: string
  /** Why, for the history. */
  readonly comment: string
  readonly report: Report
  readonly signal: AbortSignal
}

export interface Routers {
  /** Reads router.json with all findings. */
  load(text: string, where: string): { config?: RouterConfig; findings: readonly Finding[] }
  /** Names of what the configuration needs and the kernel of the machine lacks, such as `802.1Q`. */
  missing(machine: Host, config: RouterConfig): Promise<readonly string[]>
  /** FRR daemons that the configuration in force in the place needs; none before the first. */
  daemons(place: Place): Promise<readonly string[]>
  /** Why a router with this router.json takes the prefix from no peer whatever it sends, when it is so. */
  refuses(text: string, prefix: string): string | undefined
  /** Makes the place be what the configuration says, by a commit of its history when that says something else; changes only what differs. */
  commit(place: Place, config: RouterConfig, options: CommitOptions): Promise<void>
}

export interface BgpPeerState {
  readonly peer: string
  /** `Established`, or the state of RFC 4271 8.2.2 in which the session is. */
  readonly state: string
  /** How often it went down since bgpd started. */
  readonly dropped: number
}

/** FRR's daemons in a place; their files are in `frrDirectory(place)`. */
export interface Frr {
  /** Starts those that do not run yet, zebra and staticd always; returns how many it started. */
  start(place: Place, daemons: readonly string[]): Promise<number>
  stop(place: Place): Promise<void>
  /** The daemons that run. */
  running(place: Place): Promise<readonly string[]>
  sessions(place: Place): Promise<readonly BgpPeerState[]>
}

export interface Parts {
  readonly routers: Routers
  readonly frr: Frr
}
