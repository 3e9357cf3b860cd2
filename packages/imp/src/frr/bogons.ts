/** What nobody in the world's routing table may announce to us. */
import { bits, contains, parsePrefix, type Prefix } from '@imp/kit/base/ip.ts'

/**
 * Prefixes that no other autonomous system may announce to us, as entries of a prefix list whose `permit` means "is a bogon":
 * the IANA special-purpose address registries (RFC 6890) and prefixes too long for the world's routing table (RFC 7454 6.1.3).
 * The default route is none: peers have a setting of their own for it.
 */
export const bogons: { readonly 4: readonly string[]; readonly 6: readonly string[] } = {
  4: [
    'permit 0.0.0.0/8 le 32',
    'permit 10.0.0.0/8 le 32',
    'permit 100.64.0.0/10 le 32',
    'permit 127.0.0.0/8 le 32',
    'permit 169.254.0.0/16 le 32',
    'permit 172.16.0.0/12 le 32',
    'permit 192.0.0.0/24 le 32',
    'permit 192.0.2.0/24 le 32',
    'permit 192.168.0.0/16 le 32',
    'permit 198.18.0.0/15 le 32',
    'permit 198.51.100.0/24 le 32',
    'permit 203.0.113.0/24 le 32',
    'permit 224.0.0.0/3 le 32',
    'permit 0.0.0.0/0 ge 25',
  ],
  6: [
    // Special-purpose blocks inside the global unicast range.
    'permit 2001:2::/48 le 128',
    'permit 2001:10::/28 le 128',
    'permit 2001:20::/28 le 128',
    'permit 2001:db8::/32 le 128',
    'permit 3fff::/20 le 128',
    // Then nothing but global unicast of a sensible length is taken.
    'deny ::/0',
    'deny 2000::/3 le 48',
    'permit any',
  ],
}

/** Whether an entry of a prefix list matches: inside its prefix, of a length from `ge` (that of the prefix) to `le` (the longest). */
function matches(entry: string, prefix: Prefix): boolean {
  const [, within = '', , ge, , le] = /^\w+ (\S+)( ge (\d+))?( le (\d+))?$/.exec(entry) ?? []
  if (within === 'any') return true
  const around = parsePrefix(within)
  const shortest = ge === undefined ? around.length : Number(ge)
  const longest = le === undefined ? (ge === undefined ? around.length : bits(prefix.family)) : Number(le)
  return contains(around, prefix) && prefix.length >= shortest && prefix.length <= longest
}

/** Whether another autonomous system may not announce the prefix to us; the first entry that matches decides. */
export function isBogon(prefix: Prefix): boolean {
  return bogons[prefix.family].find((entry) => matches(entry, prefix))?.startsWith('permit') === true
}
