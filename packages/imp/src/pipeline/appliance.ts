/** Every file of an appliance, for a configuration and a machine. Pure. */
import { findCard, instanceFiles, places, type ApplianceFile, type Hardware, type Reader } from '../appliance/model.ts'
import { coreConfigScript, moveScript, namespaceScript, waitForInterface, waitForVpp, type Move } from '../appliance/scripts.ts'
import { staticFiles } from '../appliance/static.ts'
import type { Obsolete } from '../appliance/steps.ts'
import { formatRouterConfig } from '../config/load.ts'
import type { RouterConfig } from '../config/model.ts'
import { renderContainers } from '../containers/render.ts'
import { renderCommands } from '../dataplane/vpp/boot/exec.ts'
import type { BesideInstance } from '../dataplane/vpp/model.ts'
import { attachPorts } from '../dataplane/vpp/boot/startup-ports.ts'
import { linuxBesideVpp } from '../dataplane/vpp/render-linux.ts'
import { hugePages, renderStartup } from '../dataplane/vpp/boot/startup.ts'
import { carriesSecret } from '../frr/secret-lines.ts'
import { nicOf } from '../interfaces/model.ts'
import type { Overrides } from '../overrides/model.ts'
import { renderManagement } from '../management/render.ts'
import { renderInstanceUnits, renderUnits } from '../units/render.ts'
import { instancesOf, renderRouting } from './instances.ts'
import { overrideFrrText } from './override-frr.ts'

const { vpp, scripts, frr } = places
const sysctlPath = '/etc/sysctl.d/90-imp-vpp.conf'

function file(path: string, text: string, reader: Reader = 'none'): ApplianceFile {
  return { path, text, reader }
}

/** Files that do not depend on a configuration: what an image brings. */
export function imageFiles(): ApplianceFile[] {
  const marker = `${JSON.stringify({ schema: 'imp.appliance', version: 1 }, null, 2)}\n`
  return [...renderUnits(), ...staticFiles(), waitForInterface(), waitForVpp(), namespaceScript(), file(places.marker, marker)]
}

/** Linux drives its cards itself: they keep their names on the way, and the change that follows renames them. */
function linuxMoves(config: RouterConfig, hardware: Hardware): Move[] {
  return config.interfaces.flatMap((port) => {
    const card = findCard(hardware, nicOf(port))
    return card?.name === undefined ? [] : [{ card: card.name, name: card.name }]
  })
}

function vppMoves(config: RouterConfig, hardware: Hardware): Move[] {
  return attachPorts(config, hardware).flatMap(({ card, link, pci }) =>
    card === undefined ? [] : [{ card, name: link ?? card, ...(pci === undefined || link !== undefined ? {} : { pci }) }],
  )
}

/** The files of one further process; another configuration of it needs a process that starts anew when it is told by lines. */
function besideFiles({ name, things }: BesideInstance, startup: string | undefined, commands: string | undefined): ApplianceFile[] {
  const at = instanceFiles(name)
  const told: Reader = things === undefined ? `vpp-${name}` : 'none'
  return [file(at.startup, startup ?? '', `vpp-${name}`), file(at.commands, commands ?? '', told)]
}

function vppFiles(config: RouterConfig, hardware: Hardware, beside: readonly BesideInstance[]): ApplianceFile[] {
  if (config.dataplane !== 'vpp') return []
  const startup = renderStartup(config, hardware, beside)
  const commands = renderCommands(config, hardware, beside)
  const pages = hugePages(config, hardware, beside)
  const optional: readonly [path: string, text: string | undefined, reader: Reader][] = [
    [vpp.core.startup, startup.core, 'vpp-core'],
    [vpp.core.commands, commands.core, 'none'],
    [vpp.nat.startup, startup.nat, 'vpp-nat'],
    [vpp.nat.commands, commands.nat, 'none'],
    [vpp.container.commands, commands.container, 'none'],
    [sysctlPath, pages === 0 ? undefined : `# Huge pages for the packet buffers of VPP.\nvm.nr_hugepages = ${pages}\n`, 'sysctl'],
  ]
  return [
    coreConfigScript(),
    ...optional.flatMap(([path, text, reader]) => (text === undefined ? [] : [file(path, text, reader)])),
    ...renderInstanceUnits(beside.map(({ name }) => name)),
    ...beside.flatMap((each) => besideFiles(each, startup.beside.get(each.name), commands.beside.get(each.name))),
  ]
}

/** Files that a configuration may do without: removed when it does. */
const conditional: readonly Obsolete[] = [
  ...Object.values(vpp).flatMap((each) => ('startup' in each ? [each.startup, each.commands] : [each.commands])),
  sysctlPath,
  scripts.coreConfig,
  scripts.incusInit,
  scripts.incusNetworking,
  '/etc/systemd/network/10-management.network',
].map((path) => ({ path, reader: readerOf(path) }))

function readerOf(path: string): Reader {
  if (path === vpp.core.startup) return 'vpp-core'
  if (path === vpp.nat.startup) return 'vpp-nat'
  if (path === scripts.incusNetworking) return 'incus-dataplane'
  return path.startsWith('/etc/systemd/network/') ? 'networkd' : 'none'
}

/** What FRR starts with; from then on it is changed over its sockets, line by line. Secrets it is told there, and only there. */
function frrFile(config: RouterConfig, overrides: Overrides, beside: readonly BesideInstance[]): ApplianceFile {
  const lines = `${renderRouting(config, beside).text}${overrideFrrText(overrides)}`.split('\n')
  const text = lines.filter((line) => !carriesSecret(line.trim())).join('\n')
  return { path: frr.configuration, text, mode: 0o640, owner: 'frr:frr', reader: 'none' }
}

/** Files by which a person gets in, whatever is wrong with the dataplane. */
export function reachableFiles(config: RouterConfig): ApplianceFile[] {
  return [...imageFiles(), ...renderManagement(config)]
}

/**
 * The files that follow from a configuration, without the configuration itself. Faults: `not-found` for cards that the machine lacks,
 * `input` for cores or memory that it has not.
 */
export function configuredFiles(config: RouterConfig, hardware: Hardware, overrides: Overrides = []): ApplianceFile[] {
  const beside = instancesOf(config, overrides)
  const move =
    config.dataplane === 'vpp'
      ? moveScript(vppMoves(config, hardware), linuxBesideVpp.sysctls)
      : moveScript(linuxMoves(config, hardware), {})
  return [
    move,
    ...renderManagement(config),
    ...renderContainers(config),
    ...vppFiles(config, hardware, beside),
    frrFile(config, overrides, beside),
  ]
}

export interface ApplianceFiles {
  readonly wanted: readonly ApplianceFile[]
  readonly obsolete: readonly Obsolete[]
}

/** All files of an appliance with this configuration, and those of other configurations that go. */
export function applianceFiles(config: RouterConfig, hardware: Hardware, overrides: Overrides = []): ApplianceFiles {
  const wanted = [...imageFiles(), ...configuredFiles(config, hardware, overrides)]
  const paths = new Set(wanted.map(({ path }) => path))
  return { wanted, obsolete: conditional.filter(({ path }) => !paths.has(path)) }
}

/** The configuration that the next boot begins with. */
export function committedFile(config: RouterConfig): ApplianceFile {
  return { path: places.configuration, text: formatRouterConfig(config), mode: 0o600, reader: 'none' }
}
