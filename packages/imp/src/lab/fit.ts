/** Configurations made for real machines, as they run in a lab: their cards are the links of the lab, and the kernel forwards. Pure. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { doubtful, wrong, type RouterConfig } from '../config/model.ts'
import { nicOf, type Interface } from '../interfaces/model.ts'

export interface Fitted {
  readonly config: RouterConfig
  readonly findings: readonly Finding[]
}

/** The link that takes the place of the card of a port: that of the name of the card, else that of the name of the port. */
function linkOf(port: Interface, links: readonly string[]): string | undefined {
  return [nicOf(port).name, port.name].find((name) => name !== undefined && links.includes(name))
}

function withoutLink(port: Interface, index: number, links: readonly string[]): Finding {
  const names = [...new Set([nicOf(port).name ?? port.name, port.name])].map((name) => JSON.stringify(name)).join(' or ')
  const there = links.length === 0 ? 'none' : links.join(', ')
  return wrong(
    `interfaces[${index}]`,
    port.name,
    `no link of the lab ends at ${names}`,
    `add a link with this endpoint; there are ${there}`,
  )
}

/** The configuration for a router with these links, and what that changes or leaves without a link. */
export function fitToLab(config: RouterConfig, links: readonly string[]): Fitted {
  const ports = config.interfaces.map((port, index) => ({ port, index, link: linkOf(port, links) }))
  const interfaces = ports.map(({ port, link }) =>
    link === undefined || link === nicOf(port).name ? port : { ...port, nic: { name: link } },
  )
  const kernel = doubtful('dataplane', config.dataplane, 'is not there in a lab: the kernel forwards', 'nothing; routing is the same')
  return {
    config: { ...config, dataplane: 'linux', interfaces },
    findings: [
      ...ports.flatMap(({ port, index, link }) => (link === undefined ? [withoutLink(port, index, links)] : [])),
      ...(config.dataplane === 'linux' ? [] : [kernel]),
    ],
  }
}
