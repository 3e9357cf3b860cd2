/** Where a router configuration is applied: a network namespace of this machine, or a guest. */
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath, parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { inNamespace } from '@imp/kit/host/namespace.ts'
import { remoteHost } from '@imp/kit/host/remote.ts'
import { places } from '../appliance/model.ts'
import type { ImpContext } from '../context.ts'
import type { DataplanePlace, VppPlace } from '../dataplane/dataplane.ts'
import type { FrrPlace } from '../frr/daemons.ts'
import { readSecretValues } from '../secrets/store.ts'

export interface Target {
  /** For messages: `namespace dataplane`, `lab demo/edge`. */
  readonly name: string
  /** Where files and processes live. */
  readonly machine: Host
  /** Programs run inside the network namespace. */
  readonly host: Host
  readonly namespace?: string
  /** FRR's sockets, pids and logs are in `<runDirectory>/frr`. On the machine of the target. */
  readonly runDirectory: string
  /** Running document, journal and lock. On this machine. */
  readonly stateDirectory: string
  /** Drop-ins of the operator, on this machine; `overrides` in the state directory unless told. */
  readonly overridesDirectory?: string
  /** State directory whose `modules` define the modules of the configuration, on this machine; its own unless told. */
  readonly modulesState?: string
  /** This machine. */
  readonly local: Host
  /** Whether it is an appliance: its files are written along, and FRR is a unit of systemd. It is not unless told. */
  readonly appliance?: boolean
  /** Whether network cards may be brought in from the machine's own namespace; they are not unless told. */
  readonly bringsPorts?: boolean
  /** Where the processes of VPP are; on an appliance unless told. */
  readonly vpp?: VppPlace
}

/** What `target.json` of a node of a lab says. */
export const TargetDocument = z.strictObject({
  namespace: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/)
    .describe('network namespace, when the node is not a machine of its own')
    .exactOptional(),
  runDirectory: FilePath.describe('run directory on the machine of the node'),
  stateDirectory: FilePath.describe('state directory on this machine'),
  ssh: z.array(z.string()).min(1).describe('how to reach the node: the start of an argument vector').exactOptional(),
})
export type TargetDocument = z.output<typeof TargetDocument>

/** Name of a network namespace: a file name in /run/netns (ip-netns(8)). */
export const NamespaceName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/, 'must be letters, digits, "_", "." and "-", at most 64')
  .meta({ examples: ['dataplane'] })

/** A node of a lab: `lab:<lab>/<node>`. */
export const TargetName = z
  .string()
  .regex(/^lab:[A-Za-z0-9][\w-]*\/[A-Za-z0-9][\w-]*$/, 'must be lab:<lab>/<node>')
  .meta({ examples: ['lab:demo/edge'] })

export interface TargetSpec {
  readonly namespace: string
  readonly target?: string
  readonly stateDirectory?: string
  readonly runDirectory?: string
}

export interface OpenTarget extends Target {
  /** Ends the connection to a guest. */
  close(): Promise<void>
}

/** Namespace of the router of this machine. */
export const defaultNamespace = 'dataplane'

/** Whether the router of this machine is meant, with its state where all state is. */
export function isOwnRouter({ namespace, target, stateDirectory }: TargetSpec): boolean {
  return namespace === defaultNamespace && target === undefined && stateDirectory === undefined
}

function namespaceTarget(context: ImpContext, spec: TargetSpec): OpenTarget {
  const { namespace } = spec
  return {
    name: `namespace ${namespace}`,
    machine: context.host,
    host: inNamespace(context.host, namespace),
    namespace,
    runDirectory: spec.runDirectory ?? join(context.runDirectory, 'router', namespace),
    stateDirectory: spec.stateDirectory ?? join(context.stateDirectory, namespace),
    // The router of this machine keeps them where all state is.
    ...(isOwnRouter(spec) ? { overridesDirectory: join(context.stateDirectory, 'overrides') } : {}),
    modulesState: context.stateDirectory,
    local: context.host,
    bringsPorts: true,
    close: () => Promise.resolve(),
  }
}

async function readTargetDocument(context: ImpContext, lab: string, node: string): Promise<TargetDocument> {
  const path = join(context.runDirectory, 'lab', lab, node, 'target.json')
  if ((await context.host.files.stat(path)) === undefined) {
    throw new Fault('not-found', `no node ${node} in a running lab ${lab}`, { hint: 'imp lab list shows those that run' })
  }
  return parse(TargetDocument, parseJson(await context.host.files.read(path), path), path)
}

/** A running lab describes each of its routers in `<run directory>/lab/<lab>/<node>/target.json`. */
async function labTarget(context: ImpContext, spec: TargetSpec, name: string): Promise<OpenTarget> {
  const [lab = '', node = ''] = name.slice('lab:'.length).split('/')
  const { namespace, ssh, ...directories } = await readTargetDocument(context, lab, node)
  const label = `lab ${lab}/${node}`
  const remote = ssh === undefined ? undefined : remoteHost(context.host, { name: label, ssh: ssh as unknown as Argv })
  const machine = remote ?? context.host
  return {
    name: label,
    machine,
    host: namespace === undefined ? machine : inNamespace(machine, namespace),
    ...(namespace === undefined ? {} : { namespace }),
    runDirectory: spec.runDirectory ?? directories.runDirectory,
    stateDirectory: spec.stateDirectory ?? directories.stateDirectory,
    modulesState: context.stateDirectory,
    local: context.host,
    close: () => remote?.close() ?? Promise.resolve(),
  }
}

/** Opens what a person named on the command line; to be closed. `not-found` for a lab that does not run. */
export async function openTarget(context: ImpContext, spec: TargetSpec): Promise<OpenTarget> {
  if (spec.target !== undefined) return labTarget(context, spec, spec.target)
  const isAppliance = isOwnRouter(spec) && (await context.host.files.stat(places.marker)) !== undefined
  return { ...namespaceTarget(context, spec), ...(isAppliance ? { appliance: true } : {}) }
}

/** The target as FRR's daemons see it. */
export function frrPlace(target: Target): FrrPlace {
  const { machine, host, namespace, runDirectory, stateDirectory, local, appliance = false } = target
  return {
    machine,
    host,
    directory: appliance ? places.frr.run : join(runDirectory, 'frr'),
    ...(appliance ? { unit: 'frr.service' } : {}),
    ...(namespace === undefined ? {} : { namespace }),
    secrets: () => readSecretValues(local, stateDirectory),
  }
}

/** The target as a dataplane sees it. */
export function dataplanePlace(target: Target): DataplanePlace {
  const { machine, host, namespace, bringsPorts = false, vpp, appliance = false, runDirectory } = target
  const translator = appliance ? places.translator : { directory: join(runDirectory, 'nat64') }
  return {
    machine,
    host,
    bringsPorts,
    translator,
    ...(namespace === undefined ? {} : { namespace }),
    ...(vpp === undefined ? {} : { vpp }),
  }
}
