/**
 * What runs beside the core process: the contract between whoever wants a further process of VPP and everything that such a process needs.
 *
 * A feature (a module of the operator, NAT64) says in one `BesideInstance` what its process is. From that follow, without a line of its
 * own: the cores and the memory of all processes, `/etc/vpp/startup-NAME.conf`, `/etc/vpp/commands-NAME.txt`, `vpp-NAME.service`, the
 * sockets below `/run/vpp`, both ends of its memif links, the steering (ACL and ABF) of the core, the ways that FRR tells others, and
 * `imp shell NAME`. `pipeline/instances.ts` collects the instances of a configuration; a built-in one is added there.
 *
 * What the process itself does is told in one of two ways. `lines` are commands: they are loaded into a process that has nothing, and
 * another text needs a process that starts anew; what is loaded is told by the name of a loopback (`lineMark`). `things` are state
 * (`desired.ts`): they are brought about by messages, by difference, as those of the NAT process; `lines` are then what an operator
 * would load by hand, and nothing else reads them.
 */
import type { Family } from '@imp/kit/base/ip.ts'
import type { VppInstance } from '../../appliance/model.ts'
import type { Things } from './desired.ts'

/** A memif between the core, which listens, and a process beside it; addresses are seen by nobody else. */
export interface InstanceLink {
  /** What the instance calls it. */
  readonly connection: string
  /** Number of the socket on both sides, 1 to 255; 1 and 2 are those of NAT, 3 and 4 those of NAT64, modules follow. */
  readonly id: number
  /** On an appliance. */
  readonly socket: string
  /** Name of the interface on both sides: `memif5/0`. */
  readonly interface: string
  /** RFC 3927, prefix length 31. */
  readonly core: string
  readonly far: string
  /** RFC 4193, prefix length 127 (RFC 6164). */
  readonly core6: string
  readonly far6: string
  /** Linux twin in the core, when routing uses the link. */
  readonly twin?: string
}

/** Packets that the core leads to an instance, past the routing table. */
export interface InstanceSteering {
  readonly family: Family
  /** The connection that they take. */
  readonly connection: string
  /** Networks that they come from, or `networks` for those of the interfaces by which they come in. */
  readonly from: 'networks' | 'anywhere'
  /** Where they go; anywhere but to this router and what is behind its internal interfaces when there is none. */
  readonly to?: string
  /** Names in the configuration of the interfaces by which they come in; all internal ones, when there is none. */
  readonly interfaces: readonly string[]
  /** Whether packets of containers are led there as well. */
  readonly container: boolean
  /** Pairs between which packets take the routing table. */
  readonly except: readonly { readonly source: string; readonly destination: string }[]
}

/** Prefixes behind an instance, which routing tells others. */
export interface InstanceRoute {
  readonly prefix: string
  /** A connection with a twin. */
  readonly connection: string
}

export interface BesideInstance {
  readonly name: VppInstance
  /** Place in the configuration: `modules[0]`. */
  readonly path: string
  readonly links: readonly InstanceLink[]
  /** Plugins besides memif, ping and tracedump, without `_plugin.so`. */
  readonly plugins: readonly string[]
  /** Plugins that must not be loaded. */
  readonly withoutPlugins: readonly string[]
  /** Cores: as many as there are between the two; with none the process has no core of its own. */
  readonly cores: { readonly minimum: number; readonly ideal: number }
  /** MiB of the main heap. */
  readonly heap: number
  /** Commands of the process behind those of its links. */
  readonly lines: readonly string[]
  /** State of the process besides its links, brought about by messages; without it the lines are loaded. */
  readonly things?: Partial<Things>
  /** Places in the configuration of the things, by `section key`. */
  readonly paths?: Readonly<Record<string, string>>
  readonly steering: readonly InstanceSteering[]
  readonly routes: readonly InstanceRoute[]
}

/** Unique local network of the links. */
const links6 = 'fd69:6d70:6c6b:'

/** The link with this number. Its addresses follow from it: 169.254.1.4 to 169.254.1.255 are enough for numbers up to 126. */
export function instanceLink(name: VppInstance, connection: string, id: number, twin: boolean): InstanceLink {
  const last = 2 * id + 2
  return {
    connection,
    id,
    socket: `/run/vpp/memif-${name}-${connection}.sock`,
    interface: `memif${id}/0`,
    core: `169.254.1.${last}`,
    far: `169.254.1.${last + 1}`,
    core6: `${links6}:${last.toString(16)}`,
    far6: `${links6}:${(last + 1).toString(16)}`,
    ...(twin ? { twin: `memif${id}` } : {}),
  }
}

/** The link that a connection is. Whoever describes an instance names only connections that it has. */
export function linkOf({ links }: Pick<BesideInstance, 'links'>, connection: string): InstanceLink | undefined {
  return links.find((each) => each.connection === connection)
}

/** The process that translates between IPv6 and IPv4, and its links: one for each side. */
export const nat64Name = 'nat64'
export const nat64Links = {
  internal: instanceLink(nat64Name, 'internal', 3, false),
  external: instanceLink(nat64Name, 'external', 4, true),
} as const
