/**
 * What the Linux kernel beside VPP shall have: VPP forwards, and Linux only shows its interfaces to FRR. Settings that the twins need,
 * and nothing of the dataplane that Linux would be itself. Pure.
 */
import type { DesiredLinux } from '../linux/desired.ts'

/**
 * An interface that goes down for a moment keeps its IPv6 addresses, which VPP would otherwise lose together with Linux; a router takes
 * no routes from the advertisements of others (kernel: Documentation/networking/ip-sysctl.rst).
 */
const sysctls: Readonly<Record<string, string>> = {
  'net.ipv6.conf.all.keep_addr_on_down': '1',
  'net.ipv6.conf.default.accept_ra': '0',
}

export const linuxBesideVpp: DesiredLinux = { links: [], sysctls, rules: [], tables: [] }
