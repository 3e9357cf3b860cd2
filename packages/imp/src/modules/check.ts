/** Modules of a configuration against the definitions that are installed. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { inspect } from '@imp/kit/base/schema.ts'
import { doubtful, wrong, type RouterConfig } from '../config/model.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import { configSchema, valuesAt } from './fields.ts'
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

/** The built-in translations have the names, files and units of two modules. */
function checkBuiltIn(config: RouterConfig, name: string, path: string): Finding[] {
  const isTaken = (name === 'nat' && config.nat !== undefined) || (name === 'nat64' && config.nat64 !== undefined)
  return isTaken
    ? [wrong(`${path}.name`, name, `is the process of the built-in ${name}`, `delete ${name} of the configuration, or the module`)]
    : []
}

/** Interfaces that a module names must be there. */
function checkInterfaces(config: RouterConfig, settings: Readonly<Record<string, unknown>>, path: string): Finding[] {
  const known = layer3Interfaces(config).flatMap(({ name, role }) => (role === 'internal' ? [name] : []))
  return valuesAt(settings, 'source_interfaces').flatMap((name, index) =>
    known.includes(name)
      ? []
      : [wrong(`${path}.source_interfaces[${index}]`, name, 'is no internal interface', `there are: ${known.join(', ') || 'none'}`)],
  )
}

function checkOne(config: RouterConfig, index: number, installed: readonly InstalledModule[]): Finding[] {
  const module = config.modules[index]
  if (module?.enabled !== true) return []
  const path = `modules[${index}]`
  if (config.dataplane !== 'vpp')
    return [
      doubtful(
        `${path}.enabled`,
        true,
        'is not started: it is a process of VPP, and the dataplane is linux',
        'set dataplane vpp, or enabled false',
      ),
    ]
  const builtIn = checkBuiltIn(config, module.name, path)
  if (builtIn.length > 0) return builtIn
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
  const { config: settings, findings } = inspectConfig(found, module.config, `${path}.config`)
  return settings === undefined ? findings : checkInterfaces(config, settings, `${path}.config`)
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
