/** What is wrong with drop-ins by themselves, before any program is asked. Pure. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { overridePlace, sysctlLines, type Override, type Overrides } from './model.ts'

function wrong(path: string, message: string, hint: string, value?: string): Finding {
  return { path, severity: 'error', message, hint, ...(value === undefined ? {} : { value }) }
}

/** Settings of the network namespace of the router; others are of the whole machine (kernel: Documentation/admin-guide/sysctl/net.rst). */
const namespaced = /^net\.(ipv4|ipv6|mpls|netfilter|bridge|core)\.[A-Za-z0-9_./-]+$/

function checkSysctls(override: Override): Finding[] {
  return sysctlLines(override.text).flatMap(({ key, value, line }) => {
    const place = overridePlace(override, line)
    if (key === '' || value === '') return [wrong(place, 'is not a setting', 'write net.ipv4.ip_default_ttl = 65')]
    if (namespaced.test(key)) return []
    return [wrong(place, 'is a setting of the machine, not of the router', 'put it into /etc/sysctl.d', key)]
  })
}

/** A file is the inside of a table: whatever would end that table early could change any other. */
function checkTable(override: Override): Finding[] {
  let depth = 0
  for (const [index, raw] of override.text.split('\n').entries()) {
    const place = overridePlace(override, index + 1)
    if (depth === 0 && /^\s*(table|flush|delete|destroy|add|insert|reset|list)\b/.test(raw))
      return [wrong(place, 'is a command', 'the file is the inside of a table of its own: write chains, sets and maps', raw.trim())]
    if (/^\s*include\b/.test(raw)) return [wrong(place, 'reads another file', 'write what it says here', raw.trim())]
    const code = raw.replaceAll(/"[^"]*"/g, '').replace(/#.*$/, '')
    for (const each of code) {
      depth += each === '{' ? 1 : each === '}' ? -1 : 0
      if (depth < 0) return [wrong(place, 'closes a brace that it did not open', 'write chains, sets and maps, without the table')]
    }
  }
  return depth > 0 ? [wrong(overridePlace(override), 'leaves a brace open', 'close it with }')] : []
}

/** Same keys in two files, or twice in one: which of them counts would depend on the order. */
function checkDuplicates(overrides: Overrides): Finding[] {
  const seen = new Map<string, string>()
  return overrides
    .filter(({ kind }) => kind === 'sysctl')
    .flatMap((override) => sysctlLines(override.text).map((each) => ({ ...each, place: overridePlace(override, each.line) })))
    .flatMap(({ key, place }) => {
      const earlier = seen.get(key)
      if (earlier === undefined) seen.set(key, place)
      return earlier === undefined || key === '' ? [] : [wrong(place, `is set at ${earlier} already`, 'set it once', key)]
    })
}

/** All that is wrong with the files themselves. */
export function checkOverrides(overrides: Overrides): Finding[] {
  const each = overrides.flatMap((override) => {
    if (override.kind === 'sysctl') return checkSysctls(override)
    return override.kind === 'nft' ? checkTable(override) : []
  })
  return [...each, ...checkDuplicates(overrides)]
}
