/** What an appliance is made of: the facts of its hardware that files depend on, its fixed places, and the files themselves. */
import { z } from 'zod'
import { PciAddress } from '@imp/kit/base/schema.ts'
import type { Nic } from '../interfaces/model.ts'

export const Card = z.strictObject({
  name: z.string().min(1).describe('name that Linux gives the card, when Linux drives it').exactOptional(),
  alternativeNames: z.array(z.string()).default([]),
  mac: z.string().describe('permanent hardware address').exactOptional(),
  pci: PciAddress.describe('PCI address; of virtio cards that of the device around them').exactOptional(),
  driver: z
    .string()
    .describe('Linux driver')
    .meta({ examples: ['ixgbe', 'mlx5_core', 'virtio_net'] })
    .exactOptional(),
})
export type Card = z.output<typeof Card>

export const Hardware = z.strictObject({
  cores: z.array(z.int().min(0)).min(1).describe('cores that are online, ascending'),
  memory: z.int().min(1).describe('bytes of memory'),
  cards: z.array(Card).describe('network cards'),
})
export type Hardware = z.output<typeof Hardware>

/** The card that a configuration means: by its name, also an alternative one, its hardware address or its place. */
export function findCard({ cards }: Hardware, nic: Nic): Card | undefined {
  if (nic.name !== undefined)
    return cards.find(({ name, alternativeNames }) => name === nic.name || alternativeNames.includes(nic.name ?? ''))
  return nic.pci === undefined ? cards.find(({ mac }) => mac === nic.mac) : cards.find(({ pci }) => pci === nic.pci)
}

/** What has to be done so that a changed file counts; none when something reads it by itself at its next start. */
export type Reader =
  | 'systemd'
  | 'networkd'
  | 'resolved'
  | 'timesyncd'
  | 'sysctl'
  | 'cards'
  | `vpp-${VppInstance}`
  | 'frr'
  | 'incus'
  | 'incus-dataplane'
  | 'none'

/** A file of the appliance, whole. */
export interface ApplianceFile {
  /** Absolute. */
  readonly path: string
  readonly text: string
  /** Permission bits; 0o644 unless told. */
  readonly mode?: number
  /** `user:group`. */
  readonly owner?: string
  readonly reader: Reader
}

/** A file of shell commands (POSIX sh) that may be run. */
export function shellScript(path: string, lines: readonly string[], reader: Reader = 'none'): ApplianceFile {
  return { path, text: `${['#!/bin/sh', ...lines].join('\n')}\n`, mode: 0o755, reader }
}

/**
 * Name of a process of VPP: `core` routes, `nat` translates, any other runs beside them (`dataplane/vpp/model.ts`). Its files, its unit
 * and its sockets are called after it.
 */
export type VppInstance = string

/** Names that files and units beside them have already. */
const reservedNames = new Set(['container', 'core-config'])

export const InstanceName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,30}$/, 'must begin with a small letter and have only small letters, digits, "-" and "_"')
  .refine((name) => !reservedNames.has(name), 'is a name that the appliance has for something else')
  .meta({ examples: ['core', 'nat'] })

/** The files and sockets of a process of VPP. */
export interface InstanceFiles {
  readonly startup: string
  readonly commands: string
  readonly cli: string
  readonly api: string
  readonly stats: string
  readonly log: string
}

export function instanceFiles(name: VppInstance): InstanceFiles {
  return {
    startup: `/etc/vpp/startup-${name}.conf`,
    commands: `/etc/vpp/commands-${name}.txt`,
    cli: `/run/vpp/${name}-cli.sock`,
    api: `/run/vpp/${name}-api.sock`,
    stats: `/run/vpp/${name}-stats.sock`,
    log: `/var/log/vpp/${name}.log`,
  }
}

/** The unit that runs a process of VPP. */
export function instanceUnit(name: VppInstance): string {
  return `vpp-${name}.service`
}

/** Places that everything on an appliance agrees on. */
export const places = {
  configuration: '/persistent/config/router.json',
  hardware: '/persistent/config/hardware.json',
  marker: '/etc/imp/appliance.json',
  namespace: 'dataplane',
  /** By name, as systemd and shells find it: a package brings it to /usr/bin, people to /usr/local/bin. */
  program: 'imp',
  vpp: {
    core: instanceFiles('core'),
    nat: instanceFiles('nat'),
    container: { commands: '/etc/vpp/commands-container.txt' },
  },
  translator: { directory: '/run/imp/nat64', unit: 'imp-nat64.service' },
  frr: { configuration: '/etc/frr/frr.conf', daemons: '/etc/frr/daemons', vtysh: '/etc/frr/vtysh.conf', run: '/run/frr' },
  scripts: {
    coreConfig: '/usr/local/bin/vpp-core-config.sh',
    incusInit: '/usr/local/bin/incus-init.sh',
    incusNetworking: '/usr/local/bin/incus-networking.sh',
    waitForInterface: '/usr/local/bin/wait-for-iface-load',
    waitForVpp: '/usr/local/bin/wait-for-vpp',
    namespace: '/usr/local/bin/netns-dataplane.sh',
    moveInterfaces: '/usr/local/bin/netns-move-interfaces.sh',
  },
} as const

/** The link between them: one memif towards the inside, one towards the outside (addresses of RFC 3927, seen by nobody else). */
export const natLinks = {
  inside: { socket: '/run/vpp/memif-nat-int.sock', id: 1, interface: 'memif1/0', core: '169.254.1.4', nat: '169.254.1.5' },
  outside: { socket: '/run/vpp/memif-nat-ext.sock', id: 2, interface: 'memif2/0', core: '169.254.1.7', nat: '169.254.1.6', link: 'memif2' },
} as const
