/** The enabled modules of a configuration as processes of VPP. */
import type { Family } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../config/model.ts'
import type { BesideInstance, InstanceRoute, InstanceSteering } from '../dataplane/vpp/model.ts'
import { fillModules } from './check.ts'
import { valuesAt } from './fields.ts'
import type { InstalledModule, ModuleDefinition } from './model.ts'
import { commandsOf } from './render.ts'
import { planTopology, type ActiveModule } from './topology.ts'

function pluginsOf(names: readonly string[]): string[] {
  return names.map((name) => name.replace(/_plugin\.so$/, ''))
}

function familyOf(prefix: string): Family {
  return prefix.includes(':') ? 6 : 4
}

/** The pairs of the field `bypass_pairs`, which modules have as the reference system's NAT does. */
function exceptions(config: ActiveModule['config'], abf: NonNullable<ModuleDefinition['abf']>): InstanceSteering['except'] {
  const pairs: unknown = abf.exclude.includes('bypass_pairs') ? config['bypass_pairs'] : undefined
  return (Array.isArray(pairs) ? pairs : []).flatMap((pair: Readonly<Record<string, unknown>>) => {
    const { source, destination } = pair
    return typeof source === 'string' && typeof destination === 'string' ? [{ source, destination }] : []
  })
}

/** What the core leads to a module. The field `source_interfaces` says from where; all internal interfaces when it is empty. */
function steeringOf({ definition: { abf }, config }: ActiveModule): InstanceSteering[] {
  if (abf === undefined) return []
  const except = exceptions(config, abf)
  const common = {
    connection: abf.via_connection,
    interfaces: valuesAt(config, 'source_interfaces'),
    container: !abf.exclude.includes('container_network'),
  }
  if (abf.match === 'destination_prefix') {
    const prefixes = valuesAt(config, abf.prefix_field ?? '')
    return prefixes.map((to) => ({
      ...common,
      family: familyOf(to),
      from: 'anywhere',
      to,
      except: except.filter(({ source }) => familyOf(source) === familyOf(to)),
    }))
  }
  return abf.address_families.map((name) => {
    const family = name === 'ipv4' ? 4 : 6
    return { ...common, family, from: 'networks', except: except.filter(({ source }) => familyOf(source) === family) }
  })
}

/** Prefixes behind a module, each once. */
function routesOf({ definition: { routing }, config }: ActiveModule): InstanceRoute[] {
  const all = routing.advertise.flatMap(({ config_field: field, via_connection: connection, address_family: family }) =>
    valuesAt(config, field)
      .filter((prefix) => familyOf(prefix) === (family === 'ipv4' ? 4 : 6))
      .map((prefix) => ({ prefix, connection })),
  )
  return [...new Map(all.map((each) => [each.prefix, each])).values()]
}

function instanceOf(config: RouterConfig, module: ActiveModule): BesideInstance[] {
  const { definition, index, links } = module
  const { lines, findings } = commandsOf(config, module)
  // A boot with a module that is not right goes on without it; a commit has been refused before.
  if (findings.length > 0) return []
  return [
    {
      name: definition.name,
      path: `modules[${index}]`,
      links,
      plugins: pluginsOf(definition.plugins),
      withoutPlugins: pluginsOf(definition.disable_plugins),
      cores: { minimum: definition.cpu.min_cores, ideal: Math.max(definition.cpu.min_cores, definition.cpu.ideal_cores) },
      heap: definition.memory.heap,
      lines,
      steering: steeringOf(module),
      routes: routesOf(module),
    },
  ]
}

/** Modules whose settings are not right are left out. */
export function moduleInstances(config: RouterConfig, installed: readonly InstalledModule[]): BesideInstance[] {
  if (!config.modules.some(({ enabled }) => enabled)) return []
  const filled = fillModules(config, installed)
  return planTopology(filled, installed).flatMap((module) => instanceOf(filled, module))
}
