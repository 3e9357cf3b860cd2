/** The state of a BGP session, as FRR in the node says it. */
import type { z } from 'zod'
import { parseAddress, sameAddress } from '@imp/kit/base/ip.ts'
import type { Session } from '../model.ts'
import type { Check } from './assertion.ts'

const established = 'Established'

export function session({ node, peer, state }: z.output<typeof Session>): Check {
  const wanted = parseAddress(peer)
  return {
    subject: `${node} with ${peer}`,
    expected: state,
    async look({ places, parts }) {
      const place = await places.at(node)
      const sessions = await parts.frr.sessions(place)
      const found = sessions.find((each) => sameAddress(parseAddress(each.peer), wanted))
      if (found === undefined && sessions.length > 0) return { holds: false, seen: 'no such peer' }
      if (found === undefined)
        return { holds: false, seen: (await parts.frr.running(place)).includes('bgpd') ? 'bgpd has no peers' : 'bgpd does not run' }
      const up = found.state === established
      return { holds: up === (state === 'established'), seen: found.state.toLowerCase() }
    },
  }
}
