/** Whether a node has an address within a prefix, wherever it got it from. */
import type { z } from 'zod'
import { contains, parseInterfaceAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { interfacesAt } from '../addresses.ts'
import type { HasAddress } from '../model.ts'
import type { Check } from './assertion.ts'

export function address({ node, interface: port, within }: z.output<typeof HasAddress>): Check {
  const prefix = parsePrefix(within)
  return {
    subject: port === undefined ? node : `${node} ${port}`,
    expected: `an address in ${within}`,
    async look({ places }) {
      const interfaces = (await interfacesAt((await places.at(node)).host)).filter((each) => port === undefined || each.name === port)
      if (interfaces.length === 0) return { holds: false, seen: 'no such interface' }
      const present = interfaces.flatMap((each) => each.addresses)
      const fitting = present.filter((each) => contains(prefix, { ...parseInterfaceAddress(each), length: prefix.family === 4 ? 32 : 128 }))
      if (fitting.length > 0) return { holds: true, seen: fitting.join(', ') }
      return { holds: false, seen: present.length === 0 ? 'no address' : present.join(', ') }
    },
  }
}
