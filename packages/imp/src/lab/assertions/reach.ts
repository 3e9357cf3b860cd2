/** Whether an address answers echo requests (RFC 792, RFC 4443). */
import { count as counted } from '@imp/kit/base/text.ts'
import type { z } from 'zod'
import type { NoReach, Reach } from '../model.ts'
import type { Check, Lookout } from './assertion.ts'

interface Pinged {
  readonly answered: number
  readonly words: string
}

/** Words of ping (iputils) that say why it sent nothing, or what came back instead of an answer. */
const reasons = /^(?:ping: .*|From \S+(?: icmp_seq=\d+)? (?:Destination .*|Time to live exceeded.*|Packet filtered.*))$/m

async function ping(lookout: Lookout, from: string, to: string, amount: number): Promise<Pinged> {
  const { host } = await lookout.places.at(from)
  const words = ['-n', '-c', String(amount), '-i', '0.2', '-W', '1', to]
  const ran = await host.query(['ping', ...words], { statuses: [0, 1, 2], signal: lookout.signal })
  const said = `${ran.stdout}\n${ran.stderr}`
  const answered = Number(/(\d+) received/.exec(said)?.[1] ?? 0)
  const time = /= [\d.]+\/([\d.]+)\//.exec(said)?.[1]
  if (answered > 0) {
    return { answered, words: `${answered} of ${counted(amount, 'answer')}${time === undefined ? '' : `, ${time} ms`}` }
  }
  return { answered, words: reasons.exec(said)?.[0].replace(/^ping: /, '') ?? 'no answer' }
}

export function reach({ from, to, count }: z.output<typeof Reach>): Check {
  return {
    subject: `${from} to ${to}`,
    expected: counted(count, 'answer'),
    async look(lookout) {
      const { answered, words } = await ping(lookout, from, to, count)
      return { holds: answered === count, seen: words }
    },
  }
}

/** Echo requests sent to find out that nobody answers: one alone may get lost. */
const silent = 3

export function noReach({ from, to }: z.output<typeof NoReach>): Check {
  return {
    subject: `${from} to ${to}`,
    expected: 'no answer',
    async look(lookout) {
      const { answered, words } = await ping(lookout, from, to, silent)
      return { holds: answered === 0, seen: words }
    },
  }
}
