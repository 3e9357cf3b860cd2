/** Startup configurations of nodes: checked, and which programs they need. Pure. */
import type { Finding } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../config/model.ts'
import { nicOf } from '../interfaces/model.ts'
import { frrDaemons } from './model.ts'

type OptionalDaemon = (typeof frrDaemons)[number]

/** Lines by which an FRR configuration speaks to a daemon; zebra and staticd always run. */
const mentions: Readonly<Record<OptionalDaemon, RegExp>> = {
  bgpd: /^router bgp\b/m,
  ospfd: /^(router ospf\b|\s+ip ospf\b)/m,
  ospf6d: /^(router ospf6\b|\s+ipv6 ospf6\b)/m,
  bfdd: /^(bfd\b|\s+(neighbor \S+ bfd|ip ospf bfd|ipv6 ospf6 bfd)\b)/m,
}

/** Optional daemons that the text needs, with those that were asked for. */
export function daemonsFor(text: string, asked: readonly OptionalDaemon[]): OptionalDaemon[] {
  return frrDaemons.filter((daemon) => asked.includes(daemon) || mentions[daemon].test(text))
}

/** A port of a lab's router is the end of a link of the same name: there is no card that could be found by its MAC or PCI address. */
export function checkCards(config: RouterConfig, links: readonly string[]): Finding[] {
  return config.interfaces.flatMap((port, index): Finding[] => {
    const nic = nicOf(port)
    const path = `interfaces[${index}]`
    if (nic.name === undefined) {
      const hint = `write "nic": {"name": ${JSON.stringify(port.name)}} or leave nic out`
      return [
        { path: `${path}.nic`, severity: 'error', message: 'a card in a lab is found by its name only', value: JSON.stringify(nic), hint },
      ]
    }
    if (links.includes(nic.name)) return []
    return [
      {
        path,
        severity: 'error',
        message: `no link of the lab ends at ${JSON.stringify(nic.name)}`,
        value: JSON.stringify(port.name),
        hint: `add a link with this endpoint; there are ${links.length === 0 ? 'none' : links.join(', ')}`,
      },
    ]
  })
}
