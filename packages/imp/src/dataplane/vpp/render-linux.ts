/**
 * What the Linux kernel beside VPP shall have: VPP forwards, and Linux only shows its interfaces to FRR. Settings that the twins need,
 * and nothing of the dataplane that Linux would be itself. Pure.
 */
import type { DesiredLinux } from '../linux/desired.ts'

/**
 * A card that VPP reads by af_packet is a link of Linux as well, in the same namespace as the twins: Linux must neither answer there for
 * the addresses of the twins, which would draw packets past VPP, nor forward what comes all the same, untranslated and unsteered. An
 * interface that goes down for a moment keeps its IPv6 addresses, which VPP would otherwise lose together with Linux; a router takes no
 * routes from the advertisements of others (kernel: Documentation/networking/ip-sysctl.rst).
 */
const sysctls: Readonly<Record<string, string>> = {
  'net.ipv4.conf.all.arp_ignore': '1',
  'net.ipv4.ip_forward': '0',
  'net.ipv6.conf.all.keep_addr_on_down': '1',
  'net.ipv6.conf.default.accept_ra': '0',
}

export const linuxBesideVpp: DesiredLinux = { links: [], sysctls, rules: [], tables: [] }
