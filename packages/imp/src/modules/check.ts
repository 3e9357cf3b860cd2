/** Modules of a configuration against the definitions that are installed. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { inspect } from '@imp/kit/base/schema.ts'
import { wrong, type RouterConfig } from '../config/model.ts'
import { configSchema } from './fields.ts'
import type { InstalledModule } from './model.ts'
import { commandsOf } from './render.ts'
import { planTopology } from './topology.ts'

/** Settings with their defaults; findings with the path in router.json. */
function inspectConfig(
  { definition }: InstalledModule,
  config: unknown,
  path: string,
): { config?: Record<string, unknown>; findings: Finding[] } {
  const { value, findings } = inspect(configSchema(definition), config)
  const located = findings.map((each) => ({ ...each, path: [path, each.path].filter((part) => part !== '').join('.') }))
  return value === undefined || located.length > 0 ? { findings: located } : { config: value, findings: [] }
}

function checkOne(config: RouterConfig, index: number, installed: readonly InstalledModule[]): Finding[] {
  const module = config.modules[index]
  if (module?.enabled !== true) return []
  const path = `modules[${index}]`
  if (config.dataplane !== 'vpp')
    return [wrong(`${path}.enabled`, true, 'is a process of VPP, and the dataplane is linux', 'set dataplane vpp, or enabled false')]
  const found = installed.find(({ definition }) => definition.name === module.name)
  if (found === undefined) {
    const names = installed.map(({ definition }) => definition.name)
    return [
      wrong(
        `${path}.name`,
        module.name,
        'is no installed module',
        names.length === 0 ? 'imp modules install' : `installed are ${names.join(', ')}`,
      ),
    ]
  }
  return inspectConfig(found, module.config, `${path}.config`).findings
}

/** What the templates make of the settings: an undefined value shows only then. */
function checkRendering(config: RouterConfig, installed: readonly InstalledModule[]): Finding[] {
  return planTopology(fillModules(config, installed), installed).flatMap((module) => {
    const { findings } = commandsOf(config, module)
    return findings.map((each) => ({ ...each, path: `modules[${module.index}]` }))
  })
}

/** The configuration with the defaults of all modules filled in. */
export function fillModules(config: RouterConfig, installed: readonly InstalledModule[]): RouterConfig {
  const modules = config.modules.map((module) => {
    const found = installed.find(({ definition }) => definition.name === module.name)
    const filled = found === undefined ? undefined : inspectConfig(found, module.config, '').config
    return filled === undefined ? module : { ...module, config: filled }
  })
  return { ...config, modules }
}

/** All that is wrong with the modules of a configuration. */
export function checkModuleSettings(config: RouterConfig, installed: readonly InstalledModule[]): Finding[] {
  const findings = config.modules.flatMap((_, index) => checkOne(config, index, installed))
  return findings.length > 0 ? findings : checkRendering(config, installed)
}
