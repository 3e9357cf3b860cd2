/** The management port as systemd-networkd knows it (systemd.network(5)). Pure. */
import { formatAddress, formatPrefix, parseAddress, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import type { ApplianceFile } from '../appliance/model.ts'
import type { RouterConfig } from '../config/model.ts'
import type { Management } from './model.ts'

const directory = '/etc/systemd/network'

/** A card by its PCI address has the path that udev gives it (net_id: ID_PATH), by MAC the address that it was made with. */
function match({ nic }: Management): string {
  if (nic.name !== undefined) return `Name=${nic.name}`
  return nic.pci === undefined ? `PermanentMACAddress=${nic.mac}` : `Path=pci-${nic.pci} pci-${nic.pci}-*`
}

function dynamic({ dns, ntp }: Management): string[] {
  const flags = [dns.length > 0 ? 'UseDNS=no' : [], ntp.length > 0 ? 'UseNTP=no' : []].flat()
  const clients = flags.length === 0 ? [] : ['DHCPv4', 'DHCPv6'].flatMap((client) => ['', `[${client}]`, ...flags])
  const advertised = dns.length === 0 ? [] : ['', '[IPv6AcceptRA]', 'UseDNS=no']
  return ['DHCP=yes', 'IPv6AcceptRA=yes', ...servers({ dns, ntp }), ...clients, ...advertised]
}

function servers({ dns, ntp }: Pick<Management, 'dns' | 'ntp'>): string[] {
  return [...dns.map((server) => `DNS=${formatAddress(parseAddress(server))}`), ...ntp.map((server) => `NTP=${server}`)]
}

function fixed(management: Management): string[] {
  return [
    'DHCP=no',
    'IPv6AcceptRA=no',
    ...management.addresses.map((address) => `Address=${formatPrefix(parseInterfaceAddress(address))}`),
    ...management.gateways.map((gateway) => `Gateway=${formatAddress(parseAddress(gateway))}`),
    ...servers(management),
  ]
}

function file(name: string, lines: readonly string[]): ApplianceFile {
  const text = `# Written by imp from the router configuration; changes are overwritten.\n${lines.join('\n')}\n`
  return { path: `${directory}/${name}`, text, reader: 'networkd' }
}

/** Cards without a file of their own: Linux's own kind of link has none of networkd's kinds. */
function others(lines: readonly string[]): ApplianceFile {
  return file('20-wired.network', ['[Match]', 'Type=ether', 'Kind=!*', '', ...lines])
}

/**
 * The file of the management port, and one for all other cards. With a management port networkd keeps away from them: those of the
 * dataplane are not its business, and one that nobody configured must not get an address by accident. Without one the machine stays
 * reachable over any card that is left by DHCP, as it was installed.
 */
export function renderManagement({ management }: RouterConfig): ApplianceFile[] {
  if (management === undefined) return [others(['[Network]', 'DHCP=yes'])]
  const network = management.mode === 'dhcp' ? dynamic(management) : fixed(management)
  return [
    file('10-management.network', ['[Match]', match(management), '', '[Link]', 'RequiredForOnline=yes', '', '[Network]', ...network]),
    others(['[Link]', 'Unmanaged=yes']),
  ]
}
