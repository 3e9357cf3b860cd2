/** Router advertisements: what hosts would ignore or be misled by. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { contains, networkOf, parseInterfaceAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { doubtful, wrong, type RouterConfig } from '../config/model.ts'
import { layer3Interfaces, type Layer3Interface, type RouterAdvertisements } from './model.ts'

function checkTimes(path: string, ra: RouterAdvertisements): Finding[] {
  const { maximumInterval, minimumInterval, lifetime } = ra
  const longest = Math.max(3, Math.floor(maximumInterval * 0.75))
  const findings: Finding[] = []
  if (minimumInterval !== undefined && minimumInterval > longest) {
    const message = `is more than three quarters of maximumInterval ${maximumInterval} (RFC 4861 6.2.1)`
    findings.push(wrong(`${path}.minimumInterval`, minimumInterval, message, `at most ${longest}`))
  }
  if (lifetime !== undefined && lifetime !== 0 && lifetime < maximumInterval) {
    const message = `is shorter than maximumInterval ${maximumInterval}: hosts would lose their router between two advertisements`
    findings.push(wrong(`${path}.lifetime`, lifetime, message, `0, or at least ${maximumInterval}`))
  }
  return findings
}

function checkPrefixes(each: Layer3Interface, ra: RouterAdvertisements): Finding[] {
  const networks = each.addresses.map((text) => networkOf(parseInterfaceAddress(text)))
  return ra.prefixes.flatMap((advertised, index) => {
    const path = `${each.path}.ra.prefixes[${index}]`
    const prefix = parsePrefix(advertised.prefix)
    const findings: Finding[] = []
    if (advertised.autonomous && prefix.length !== 64) {
      findings.push(
        wrong(
          `${path}.prefix`,
          advertised.prefix,
          'is not a /64: hosts make addresses of their own only from a /64',
          'advertise a /64, or set autonomous to false',
        ),
      )
    }
    if (advertised.preferredLifetime > advertised.validLifetime) {
      findings.push(
        wrong(
          `${path}.preferredLifetime`,
          advertised.preferredLifetime,
          `is longer than validLifetime ${advertised.validLifetime}`,
          'addresses cannot be preferred longer than they are valid',
        ),
      )
    }
    if (advertised.onLink && !networks.some((network) => contains(network, prefix))) {
      findings.push(
        doubtful(
          `${path}.prefix`,
          advertised.prefix,
          `is in no network of ${each.name}: answers to its hosts find no way back`,
          `give ${each.name} an address in it`,
        ),
      )
    }
    return findings
  })
}

function checkOne(each: Layer3Interface): Finding[] {
  const { ra } = each
  if (ra === undefined) return []
  const path = `${each.path}.ra`
  if (each.kind === 'loopback') return [wrong(path, undefined, 'a loopback has no hosts to advertise anything to', 'remove ra')]
  const findings = [...checkTimes(path, ra), ...checkPrefixes(each, ra)]
  if (ra.send === true && !each.addresses.some((address) => address.includes(':'))) {
    findings.push(wrong(`${path}.send`, true, `${each.name} has no IPv6 address`, 'give it one, or set send to false'))
  }
  if (ra.send === true && each.role === 'external') {
    findings.push(doubtful(`${path}.send`, true, 'makes this router the default router of the upstream network', 'set send to false'))
  }
  return findings
}

/** All findings about router advertisements. */
export function checkAdvertisements(config: RouterConfig): Finding[] {
  return layer3Interfaces(config).flatMap(checkOne)
}
