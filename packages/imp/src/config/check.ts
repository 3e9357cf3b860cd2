/** Everything that is wrong with a configuration, beyond what the schema of a single field can say. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { checkContainer } from '../containers/check.ts'
import { checkVpp } from '../dataplane/vpp/check.ts'
import { checkFrr } from '../frr/check.ts'
import { checkAddresses } from '../interfaces/check-addresses.ts'
import { checkAdvertisements } from '../interfaces/check-advertisements.ts'
import { checkLinks } from '../interfaces/check.ts'
import { checkManagement } from '../management/check.ts'
import { checkNat } from '../nat/check.ts'
import { checkNat64 } from '../nat64/check.ts'
import { checkBgp } from '../routing/check-bgp.ts'
import { checkOspf } from '../routing/check-ospf.ts'
import { checkStatic } from '../routing/check.ts'
import { duplicates, wrong, type RouterConfig } from './model.ts'

function checkModules(config: RouterConfig): Finding[] {
  return duplicates(
    config.modules.map((module, index) => ({ name: module.name, path: `modules[${index}].name` })),
    ({ name }) => name,
    (item, earlier) => wrong(item.path, item.name, `is a name that ${earlier.path} has already`, 'one entry for each module'),
  )
}

/** Cores of a list such as `2-5,8`; empty ranges count as their first core. */
function cores(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: Math.max(1, Math.min(1024, last - first + 1)) }, (_, index) => first + index)
  })
}

function checkCpu(config: RouterConfig): Finding[] {
  const { main, workers } = config.cpu ?? {}
  if (workers === undefined) return []
  const all = cores(workers)
  const backwards = workers.split(',').some((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return last < first
  })
  if (backwards) return [wrong('cpu.workers', workers, 'has a range that ends before it begins', 'write 2-5, not 5-2')]
  if (new Set(all).size < all.length) return [wrong('cpu.workers', workers, 'names a core twice', 'name every core once')]
  if (main === undefined || !all.includes(main)) return []
  return [wrong('cpu.main', main, 'is a core of a worker as well', 'give the main thread a core of its own')]
}

const rules = [
  checkLinks,
  checkAddresses,
  checkAdvertisements,
  checkManagement,
  checkContainer,
  checkStatic,
  checkBgp,
  checkOspf,
  checkNat,
  checkNat64,
  checkFrr,
  checkVpp,
  checkModules,
  checkCpu,
] as const

/** All findings at once, errors before warnings. Empty when nothing is wrong. */
export function checkConfig(config: RouterConfig): Finding[] {
  const findings = rules.flatMap((rule) => rule(config))
  return findings.toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'))
}
