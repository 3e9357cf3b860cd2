/**
 * The command files of the VPP processes, complete and in order, for a process that has nothing yet. VPP stops at the first line that
 * fails, so the last lines are a mark: a loopback of that name is there when all before it were done. Pure.
 */
import { formatPrefix } from '@imp/kit/base/ip.ts'
import { instanceFiles, places, type Hardware, type VppInstance } from '../../../appliance/model.ts'
import { ownAddresses, type RouterConfig } from '../../../config/model.ts'
import { containerLink } from '../../../containers/model.ts'
import { advertisementCommands } from './exec-advertisements.ts'
import { besideLinkCommands, instanceLines, markedLines } from './exec-beside.ts'
import { interfaceCommands } from './exec-interfaces.ts'
import { endMark, markInstance } from './exec-names.ts'
import { natCommands, natLinkCommands } from './exec-nat.ts'
import { steeringCommands, steerInto } from './exec-steering.ts'
import type { BesideInstance } from '../model.ts'
import { attachPorts } from './startup-ports.ts'

/** Lines that begin with this are comments; VPP takes them in files only. */
const comment = '#'

function format(instance: VppInstance, file: string, lines: readonly string[]): string {
  const head = [
    `${comment} Written by imp from ${places.configuration}; changes are overwritten.`,
    `${comment} By hand, on a process that has just started: vppctl -s ${instanceFiles(instance).cli} exec ${file}`,
  ]
  return `${[...head, ...lines].join('\n')}\n`
}

/** The commands of a file, without its comments. */
export function commandsIn(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith(comment))
}

function coreCommands(config: RouterConfig, hardware: Hardware, beside: readonly BesideInstance[]): string[] {
  const instance = markInstance(config)
  return [
    ...interfaceCommands(config, attachPorts(config, hardware)),
    ...natLinkCommands(config),
    ...besideLinkCommands(beside),
    ...steeringCommands(config, beside),
    ...advertisementCommands(config),
    `create loopback interface instance ${instance}`,
    `set interface name loop${instance} ${endMark}`,
  ]
}

/** The end of the container link, which exists only when Incus has made its bridge: a file of its own, loaded then. */
function containerCommands(config: RouterConfig, beside: readonly BesideInstance[]): string[] | undefined {
  const address = ownAddresses(config).find(({ kind }) => kind === 'container')?.address
  if (address === undefined) return undefined
  const name = `host-${containerLink.dataplane}`
  return [
    `create host-interface name ${containerLink.dataplane}`,
    `set interface mtu packet 1500 ${name}`,
    `set interface state ${name} up`,
    `set interface ip address ${name} ${formatPrefix(address)}`,
    ...steerInto(config, name, beside),
  ]
}

export interface CommandFiles {
  readonly core: string
  /** Undefined when nothing is translated. */
  readonly nat: string | undefined
  /** Undefined without containers. */
  readonly container: string | undefined
  /** Those of the further processes, by name. */
  readonly beside: ReadonlyMap<VppInstance, string>
}

/** The files of all processes. A `not-found` fault when a card is missing. */
export function renderCommands(config: RouterConfig, hardware: Hardware, beside: readonly BesideInstance[] = []): CommandFiles {
  const nat = natCommands(config)
  const container = containerCommands(config, beside)
  const further = beside.map((each): [VppInstance, string] => [
    each.name,
    format(each.name, instanceFiles(each.name).commands, markedLines(instanceLines(each))),
  ])
  return {
    core: format('core', places.vpp.core.commands, coreCommands(config, hardware, beside)),
    nat: nat === undefined ? undefined : format('nat', places.vpp.nat.commands, nat),
    container: container === undefined ? undefined : format('core', places.vpp.container.commands, container),
    beside: new Map(further),
  }
}
