/** The network of the service containers: what Incus is told at its first start, and the link into the dataplane. Pure. */
import { places, shellScript, type ApplianceFile } from '../appliance/model.ts'
import type { RouterConfig } from '../config/model.ts'
import { containerAddresses, containerLink, type ContainerAddresses } from './model.ts'

/** Settings of the bridge (Incus: reference, network bridge). The dataplane routes and translates, so Incus does neither. */
function bridgeSettings({ network, bridge, gateway, first, last }: ContainerAddresses): [key: string, value: string][] {
  return [
    ['ipv4.address', `${bridge}/${network.length}`],
    ['ipv4.nat', 'false'],
    ['ipv4.dhcp', 'true'],
    ['ipv4.dhcp.gateway', gateway ?? ''],
    ['ipv4.dhcp.ranges', `${first}-${last}`],
    ['ipv4.firewall', 'false'],
    ['ipv6.address', 'none'],
    ['ipv6.firewall', 'false'],
  ]
}

/** Makes what is missing, each by itself, then sets what may have changed: a run that was cut short is finished by the next. */
function initScript(addresses: ContainerAddresses): ApplianceFile {
  const { bridge } = containerLink
  const settings = bridgeSettings(addresses)
  return shellScript(
    places.scripts.incusInit,
    [
      '# Network, storage and profile of the containers.',
      'set -eu',
      '# The first command starts the daemon, which listens when it is ready.',
      'incus admin waitready --timeout=60',
      `if ! incus network show ${bridge} >/dev/null 2>&1; then`,
      `  incus network create ${bridge} --type=bridge ${settings.map(([key, value]) => `${key}=${value}`).join(' ')}`,
      'fi',
      'if ! incus storage show default >/dev/null 2>&1; then',
      '  incus storage create default dir',
      'fi',
      'if ! incus profile device get default root path >/dev/null 2>&1; then',
      '  incus profile device add default root disk path=/ pool=default',
      'fi',
      'if ! incus profile device get default eth0 network >/dev/null 2>&1; then',
      `  incus profile device add default eth0 nic name=eth0 network=${bridge}`,
      'fi',
      '# All at once: each would have to fit the others.',
      `incus network set ${bridge} ${settings.map(([key, value]) => `${key}=${value}`).join(' ')}`,
    ],
    'incus',
  )
}

/** The end in the namespace belongs to VPP, or is a routed link of Linux with the address of the gateway. */
function attachLines(config: RouterConfig, { network, gateway }: ContainerAddresses): string[] {
  const { dataplane } = containerLink
  if (config.dataplane === 'vpp') return [`${places.program} appliance load container`]
  return [
    `if ! ip -n "$namespace" -4 address show dev ${dataplane} | grep -qF ' ${gateway}/${network.length} '; then`,
    `  ip -n "$namespace" -4 address flush dev ${dataplane}`,
    `  ip -n "$namespace" address add ${gateway}/${network.length} dev ${dataplane}`,
    'fi',
  ]
}

function networkingScript(config: RouterConfig, addresses: ContainerAddresses): ApplianceFile {
  const { bridge, host, dataplane } = containerLink
  return shellScript(
    places.scripts.incusNetworking,
    [
      '# The link between the bridge of the containers and the dataplane.',
      'set -eu',
      `namespace=${places.namespace}`,
      `${places.scripts.waitForInterface} ${bridge}`,
      '# One end alone is of no use: the pair is made anew.',
      `if ! ip link show dev ${host} >/dev/null 2>&1 || ! ip -n "$namespace" link show dev ${dataplane} >/dev/null 2>&1; then`,
      `  if ip link show dev ${host} >/dev/null 2>&1; then ip link delete dev ${host}; fi`,
      `  ip link add name ${host} type veth peer name ${dataplane} netns "$namespace"`,
      'fi',
      `ip link set dev ${host} master ${bridge} up`,
      `ip -n "$namespace" link set dev ${dataplane} up`,
      ...attachLines(config, addresses),
    ],
    'incus-dataplane',
  )
}

/** The scripts of the container network; none without containers. */
export function renderContainers(config: RouterConfig): ApplianceFile[] {
  if (config.container === undefined) return []
  const addresses = containerAddresses(config.container)
  return [initScript(addresses), networkingScript(config, addresses)]
}
