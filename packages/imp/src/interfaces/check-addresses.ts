/** Addresses of interfaces: usable, unique, and in networks that do not overlap. */
import type { Finding } from '@imp/kit/base/fault.ts'
import {
  compare,
  contains,
  formatAddress,
  formatPrefix,
  lastOf,
  networkOf,
  parseInterfaceAddress,
  parsePrefix,
  type InterfaceAddress,
} from '@imp/kit/base/ip.ts'
import { doubtful, duplicates, ownAddresses, wrong, type OwnAddress, type RouterConfig } from '../config/model.ts'

/** Networks whose addresses cannot be given to an interface (RFC 6890, RFC 4291 2.7). */
const unusable: readonly (readonly [prefix: string, what: string])[] = [
  ['0.0.0.0/8', 'in "this network"'],
  ['127.0.0.0/8', 'a loopback address'],
  ['224.0.0.0/4', 'a multicast address'],
  ['240.0.0.0/4', 'reserved'],
  ['::/128', 'the unspecified address'],
  ['::1/128', 'the loopback address'],
  ['ff00::/8', 'a multicast address'],
  ['fe80::/10', 'link-local: such addresses come by themselves'],
]

/** Why an address cannot be that of an interface, or undefined when it can. */
function whyUnusable(address: InterfaceAddress): string | undefined {
  const special = unusable.find(([prefix]) => contains(parsePrefix(prefix), { family: address.family, value: address.value }))
  if (special !== undefined) return `is ${special[1]}`
  if (address.length === 0) return 'has no network: the length is 0'
  const network = networkOf(address)
  if (address.family === 6) {
    return address.length < 127 && address.value === network.value ? 'is the anycast address of all routers (RFC 4291 2.6.1)' : undefined
  }
  if (address.length >= 31) return undefined
  if (address.value === network.value) return `is the address of the network ${formatPrefix(network)} itself`
  return address.value === lastOf(network).value ? `is the broadcast address of ${formatPrefix(network)}` : undefined
}

type Placed = Pick<OwnAddress, 'path' | 'text' | 'address'>

function managementAddresses(config: RouterConfig): Placed[] {
  const texts = config.management?.addresses ?? []
  return texts.map((text, index) => ({ path: `management.addresses[${index}]`, text, address: parseInterfaceAddress(text) }))
}

function checkUsable(addresses: readonly Placed[]): Finding[] {
  return addresses.flatMap(({ path, text, address }) => {
    const why = whyUnusable(address)
    return why === undefined ? [] : [wrong(path, text, why, 'use a host address of the network')]
  })
}

function checkUnique(own: readonly OwnAddress[]): Finding[] {
  return duplicates(
    own,
    ({ address }) => formatAddress(address),
    (item, earlier) =>
      wrong(item.path, item.text, `is an address that ${earlier.path} has already`, 'give every interface addresses of its own'),
  )
}

function overlap(inner: OwnAddress, outer: OwnAddress): Finding {
  const message = `${formatPrefix(inner.network)} overlaps ${formatPrefix(outer.network)} of ${outer.name} (${outer.path})`
  if (inner.kind === 'loopback') {
    return doubtful(
      inner.path,
      inner.text,
      message,
      'hosts of that network reach the address, others may not; take it from another network',
    )
  }
  return wrong(inner.path, inner.text, message, 'every interface needs a network of its own')
}

/** Sorted by address, prefixes either nest or follow each other: the nearest one around is on the top of the stack. */
function checkOverlaps(own: readonly OwnAddress[]): Finding[] {
  const around: OwnAddress[] = []
  return own
    .toSorted((a, b) => compare(a.network, b.network) || Number(b.kind === 'loopback') - Number(a.kind === 'loopback'))
    .flatMap((each) => {
      while (around.length > 0 && !contains((around.at(-1) as OwnAddress).network, each.network)) around.pop()
      const outer = around.findLast((other) => other.name !== each.name)
      around.push(each)
      return outer === undefined ? [] : [overlap(each, outer)]
    })
}

/** All findings about addresses. Equal addresses are one finding, not an overlap as well. */
export function checkAddresses(config: RouterConfig): Finding[] {
  const own = ownAddresses(config)
  const unique = checkUnique(own)
  const repeated = new Set(unique.map((finding) => finding.path))
  return [
    ...checkUsable([...managementAddresses(config), ...own.filter((each) => each.kind !== 'container')]),
    ...unique,
    ...checkOverlaps(own.filter((each) => !repeated.has(each.path))),
  ]
}
