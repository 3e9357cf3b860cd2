/** What every driver of a dataplane offers; callers never ask which one it is. */
import type { Argv, Host } from '@imp/kit/host/host.ts'
import type { Step, StepKind } from '@imp/kit/plan/step.ts'
import type { RouterConfig } from '../config/model.ts'
import type { BesideInstance } from './vpp/model.ts'

/** Where a dataplane is: its namespace, and the machine around it. */
export interface DataplanePlace {
  /** Where files and processes are. */
  readonly machine: Host
  /** Programs run inside the network namespace. */
  readonly host: Host
  /** Name of the network namespace; undefined when the dataplane is the machine's own. */
  readonly namespace?: string
  /** Whether network cards may be brought in from the machine's own namespace. */
  readonly bringsPorts: boolean
  /** Where the translator of NAT64 is; beside the namespace unless told. */
  readonly translator?: TranslatorPlace
  /** Where VPP is; on an appliance unless told. */
  readonly vpp?: VppPlace
}

/** Where the translator of NAT64 keeps what it needs. */
export interface TranslatorPlace {
  /** Directory of its files, on the machine. */
  readonly directory: string
  /** Unit of systemd that runs it; undefined when it is started by itself. */
  readonly unit?: string
}

/** Where the processes of VPP are, when it is not an appliance that they run on. */
export interface VppPlace {
  /** Directory of their sockets, `core-api.sock` and `nat-api.sock` among them. */
  readonly directory: string
  /** How each is started anew, by name; by its unit unless told. */
  readonly restart?: Readonly<Record<string, Argv>>
}

/** The steps of a dataplane around those of routing: what must be there first, and what may go when routing has let go of it. */
export interface DataplaneSteps {
  readonly before: readonly Step[]
  readonly after: readonly Step[]
}

/**
 * A driver. `Made` is what it remembers of its last apply, plain JSON; with it the driver tells what it made from what others made.
 */
export interface Dataplane<Desired, Observed, Made> {
  readonly name: 'linux' | 'vpp'
  /** The state that a configuration asks for; only VPP has further processes. Pure. */
  render(config: RouterConfig, beside?: readonly BesideInstance[]): Desired
  /** What is there, as far as `desired` concerns it. */
  observe(place: DataplanePlace, desired: Desired): Promise<Observed>
  /** What leads from the one to the other; empty when nothing does. Pure. */
  plan(place: DataplanePlace, desired: Desired, observed: Observed, made: Made): DataplaneSteps
  /** The kinds of its steps, bound to the place. */
  kinds(place: DataplanePlace): readonly StepKind[]
  /** What to remember of a desired state that has just been reached. */
  remember(desired: Desired, observed: Observed): Made
  /** Links that are wanted up and have no carrier now. */
  withoutCarrier(place: DataplanePlace, desired: Desired): Promise<readonly string[]>
}
