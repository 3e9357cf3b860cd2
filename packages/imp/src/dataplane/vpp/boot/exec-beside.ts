/** Commands of processes beside the core: the ends of their links on both sides, and all that such a process is told. Pure. */
import { createHash } from 'node:crypto'
import type { BesideInstance, InstanceLink } from '../model.ts'
import { linkOf } from '../model.ts'

type Side = 'core' | 'far'

/** Bytes that fit through the links between the processes: more than any port lets in. */
export const linkMtu = 9000

/** Highest instance of a loopback (ethernet/interface.c, LOOPBACK_MAX_INSTANCE): none of a template is likely to have it. */
const markInstance = 16_383

/** Locally administered; the last two octets tell all ends apart. */
export function linkHardwareAddress(side: Side, id: number): string {
  return `02:fe:a9:fe:${side === 'core' ? '02' : '03'}:${id.toString(16).padStart(2, '0')}`
}

/** One end of a link. The core process listens, whichever starts first. */
function linkLines(side: Side, link: InstanceLink): string[] {
  const addresses = side === 'core' ? [`${link.core}/31`, `${link.core6}/127`] : [`${link.far}/31`, `${link.far6}/127`]
  const role = side === 'core' ? 'master' : 'slave'
  return [
    `create memif socket id ${link.id} filename ${link.socket}`,
    `create interface memif id 0 socket-id ${link.id} hw-addr ${linkHardwareAddress(side, link.id)} ${role}`,
    `set interface mtu packet ${linkMtu} ${link.interface}`,
    ...(side === 'core' && link.twin !== undefined ? [`lcp create ${link.interface} host-if ${link.twin}`] : []),
    `set interface state ${link.interface} up`,
    `enable ip6 interface ${link.interface}`,
    ...addresses.map((address) => `set interface ip address ${link.interface} ${address}`),
  ]
}

/** The ends in the core process, and the ways to what is behind them. */
export function besideLinkCommands(beside: readonly BesideInstance[]): string[] {
  return beside.flatMap((instance) => [
    ...instance.links.flatMap((link) => linkLines('core', link)),
    ...instance.routes.flatMap(({ prefix, connection }) => {
      const link = linkOf(instance, connection)
      return link === undefined ? [] : [`ip route add ${prefix} via ${prefix.includes(':') ? link.far6 : link.far} ${link.interface}`]
    }),
  ])
}

/** Everything that a process is told by lines, but for the mark at their end. */
export function instanceLines({ links, lines }: Pick<BesideInstance, 'links' | 'lines'>): string[] {
  return [...links.flatMap((link) => linkLines('far', link)), ...lines]
}

/** Name of the loopback that stands at the end of these lines: where it is, exactly these lines were done. */
export function lineMark(lines: readonly string[]): string {
  return `imp-${createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 24)}`
}

/** The lines with their mark, in the order in which they are loaded. */
export function markedLines(lines: readonly string[]): string[] {
  return [...lines, `create loopback interface instance ${markInstance}`, `set interface name loop${markInstance} ${lineMark(lines)}`]
}

/** The mark at the end of marked lines; undefined when there is none. */
export function markIn(lines: readonly string[]): string | undefined {
  return /^set interface name loop\d+ (imp-[0-9a-f]{24})$/.exec(lines.at(-1) ?? '')?.[1]
}
