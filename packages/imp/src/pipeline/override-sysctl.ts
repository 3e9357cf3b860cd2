/** What the kernel of a target has against settings of drop-ins: sysctl(8) passes over those that it does not have. */
import type { Finding } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../config/model.ts'
import { observeSysctls } from '../dataplane/linux/observe.ts'
import { isThere } from '../dataplane/linux/steps.ts'
import { overridePlace, sysctlLines, type Overrides } from '../overrides/model.ts'
import { renderRouter } from './render.ts'
import { dataplanePlace, type Target } from './target.ts'

/** `net.ipv4.conf.lan/40.rp_filter` (sysctl(8) writes the dots of names as slashes). */
const ofInterface = /^(net\.ipv[46]\.(?:conf|neigh)\.)([^.]+)(\..+)$/

/** Parts of the kernel that may be modules, which come with what needs them; the others are there or never come. */
const ofModules = /^net\.(netfilter|bridge|mpls)\./

interface Setting {
  readonly key: string
  /** The same of the interfaces to come, which every kernel has that has it at all. */
  readonly general: string
  readonly link?: string
  readonly path: string
}

function settingsIn(overrides: Overrides): Setting[] {
  return overrides
    .filter(({ kind }) => kind === 'sysctl')
    .flatMap((override) =>
      sysctlLines(override.text).map(({ key, line }) => {
        const [, before, name, behind] = ofInterface.exec(key) ?? []
        const path = overridePlace(override, line)
        return name === undefined
          ? { key, general: key, path }
          : { key, general: `${before}default${behind}`, link: name.replaceAll('/', '.'), path }
      }),
    )
}

function findingOf({ key, general, link, path }: Setting, known: ReadonlySet<string>, links: ReadonlySet<string> | undefined): Finding[] {
  if (known.has(key)) return []
  if (!known.has(general)) {
    const severity = ofModules.test(key) ? 'warning' : 'error'
    return [
      {
        path,
        severity,
        message: 'is no setting that this kernel has',
        value: key,
        hint: 'imp shell dataplane sysctl -a lists those that it has',
      },
    ]
  }
  if (link === undefined || links === undefined || links.has(link)) return []
  return [
    {
      path,
      severity: 'error',
      message: 'is of an interface that the configuration does not have',
      value: link,
      hint: `there are: ${[...links].join(', ')}`,
    },
  ]
}

/** Settings that the kernel would pass over. None can be told before the namespace of the target is there. */
export async function trySysctls(target: Target, config: RouterConfig, overrides: Overrides): Promise<Finding[]> {
  const settings = settingsIn(overrides)
  if (settings.length === 0 || !(await isThere(dataplanePlace(target)))) return []
  const known = new Set((await observeSysctls(target.host, [...new Set(settings.flatMap(({ key, general }) => [key, general]))])).keys())
  // Beside VPP the twins of its interfaces come and go with it.
  const ours = config.dataplane === 'vpp' ? undefined : renderRouter(config).linux.links.map(({ name }) => name)
  const links = ours === undefined ? undefined : new Set(['all', 'default', 'lo', ...ours])
  return settings.flatMap((setting) => findingOf(setting, known, links))
}
