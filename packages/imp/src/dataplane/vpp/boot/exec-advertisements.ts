/** Commands that make VPP send router advertisements (RFC 4861); the last of all, since anything before may wipe them. Pure. */
import { formatPrefix, networkOf, parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../../../config/model.ts'
import { layer3Interfaces, RouterAdvertisements, sendsAdvertisements, type Layer3Interface } from '../../../interfaces/model.ts'
import { vppName } from './exec-interfaces.ts'
import { infinite } from '../values.ts'

/** Half of the longest interval, in the bounds that RFC 4861 6.2.1 sets. VPP takes values out of bounds without a word. */
function minimum({ maximumInterval: maximum, minimumInterval }: RouterAdvertisements): number {
  return minimumInterval ?? Math.min(Math.floor(maximum * 0.75), Math.max(3, Math.floor(maximum / 2)))
}

/**
 * A prefix with finite lifetimes is told twice: VPP counts those of a new prefix down to nothing, and stops its clock only for one that
 * was endless before (ip6-nd/ip6_ra.c, ip6_ra_prefix).
 */
function prefixWords(prefix: string, valid: number, preferred: number, flags: readonly string[]): string[] {
  const told = (lifetimes: string): string => [prefix, lifetimes, ...flags].join(' ')
  return valid === infinite && preferred === infinite ? [told('infinite')] : [told('infinite'), told(`${valid} ${preferred}`)]
}

/** Advertised prefixes as told, or the /64 around each address. A prefix with host bits or without lifetimes would be taken, wrongly. */
function prefixes(each: Layer3Interface, ra: RouterAdvertisements): string[] {
  if (ra.prefixes.length > 0) {
    return ra.prefixes.flatMap(({ prefix, validLifetime, preferredLifetime, onLink, autonomous }) => {
      const flags = [...(onLink ? [] : ['off-link']), ...(autonomous ? [] : ['no-autoconfig'])]
      return prefixWords(formatPrefix(networkOf(parseInterfaceAddress(prefix, 6))), validLifetime, preferredLifetime, flags)
    })
  }
  const networks = each.addresses
    .map((text) => parseInterfaceAddress(text))
    .filter(({ family, length }) => family === 6 && length <= 64)
    .map((address) => formatPrefix(networkOf({ ...address, length: 64 })))
  return [...new Set(networks)].flatMap((network) => prefixWords(network, 2_592_000, 604_800, []))
}

function lines(name: string, each: Layer3Interface): string[] {
  const ra = each.ra ?? RouterAdvertisements.parse({})
  const words = [
    `ra-interval ${ra.maximumInterval} ${minimum(ra)}`,
    `ra-lifetime ${ra.lifetime ?? 3 * ra.maximumInterval}`,
    ...(ra.managed ? ['ra-managed-config-flag'] : []),
    ...(ra.other ? ['ra-other-config-flag'] : []),
    ...prefixes(each, ra).map((prefix) => `prefix ${prefix}`),
    'no ra-suppress',
  ]
  return words.map((word) => `ip6 nd ${name} ${word}`)
}

/** The commands for every interface that advertises. */
export function advertisementCommands(config: RouterConfig): string[] {
  return layer3Interfaces(config)
    .filter(sendsAdvertisements)
    .flatMap((each) => lines(vppName(config, each), each))
}
