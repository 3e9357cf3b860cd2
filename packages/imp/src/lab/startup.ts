/** Which programs startup configurations need. Pure. */
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
