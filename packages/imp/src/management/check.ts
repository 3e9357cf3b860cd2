/** The management port: without it nobody gets in to mend anything, so its addresses must be right. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { contains, networkOf, parseAddress, parseInterfaceAddress, sameAddress } from '@imp/kit/base/ip.ts'
import { duplicates, wrong, type RouterConfig } from '../config/model.ts'
import type { Management } from './model.ts'

function checkMode(management: Management): Finding[] {
  const { mode, addresses, gateways } = management
  if (mode === 'static') {
    return addresses.length > 0
      ? []
      : [wrong('management.addresses', undefined, 'mode static needs an address', 'add one, or set mode to dhcp')]
  }
  const ignored = [
    { path: 'management.addresses', value: addresses },
    { path: 'management.gateways', value: gateways },
  ]
  return ignored
    .filter(({ value }) => value.length > 0)
    .map(({ path, value }) => wrong(path, value, 'has no effect with mode dhcp', 'set mode to static, or remove it'))
}

function checkGateways(management: Management): Finding[] {
  const own = management.addresses.map((text) => parseInterfaceAddress(text))
  const gateways = management.gateways.map((text, index) => ({ text, address: parseAddress(text), path: `management.gateways[${index}]` }))
  return [
    ...duplicates(
      gateways,
      ({ address }) => String(address.family),
      (item, earlier) =>
        wrong(item.path, item.text, `is a second gateway for IPv${item.address.family}, after ${earlier.text}`, 'one for each family'),
    ),
    ...gateways.flatMap(({ text, address, path }) => {
      if (own.some((each) => sameAddress(each, address)))
        return [wrong(path, text, 'is the address of the port itself', 'use that of the next router')]
      const linkLocal = address.family === 6 && address.value >> 118n === 0x3fan
      if (linkLocal || own.some((each) => contains(networkOf(each), address))) return []
      return [wrong(path, text, 'is in no network of the management port', 'mend the address or its length')]
    }),
  ]
}

/** All findings about the management port but those about its card and the use of its addresses. */
export function checkManagement(config: RouterConfig): Finding[] {
  const { management } = config
  return management === undefined ? [] : [...checkMode(management), ...checkGateways(management)]
}
