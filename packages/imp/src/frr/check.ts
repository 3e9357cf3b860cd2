/** What FRR itself takes badly although it means something. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { doubtful, type RouterConfig } from '../config/model.ts'
import { prefixLists } from './render-policy.ts'

/** Entries of prefix lists after which bgpd 8.4 takes seconds: the time grows with the square of their number. */
const manyEntries = 200

/** All findings about limits of FRR. */
export function checkFrr(config: RouterConfig): Finding[] {
  if (config.bgp === undefined) return []
  const entries = prefixLists(config.bgp).reduce((sum, list) => sum + list.entries.length, 0)
  if (entries <= manyEntries) return []
  const message = `makes prefix lists of ${entries} entries; every change of them takes FRR seconds from about ${manyEntries} on`
  return [doubtful('bgp', undefined, message, 'aggregate announced prefixes, and use maximumLength in accept and reject')]
}
