/** The commands of a module's instance behind those of its links: what its template makes of its settings. Pure. */
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { formatPrefix, parseInterfaceAddress, networkOf } from '@imp/kit/base/ip.ts'
import { ownAddresses, type RouterConfig } from '../config/model.ts'
import { containerAddresses } from '../containers/model.ts'
import { layer3Interfaces } from '../interfaces/model.ts'
import { renderTemplate } from './template.ts'
import type { ActiveModule } from './topology.ts'

/** What templates of the reference system's modules read of the core: names, addresses and networks of its interfaces. */
function interfacesOf(config: RouterConfig): unknown[] {
  return layer3Interfaces(config).map(({ name, role, addresses }) => {
    const parsed = addresses.map((text) => ({ address: parseInterfaceAddress(text), text }))
    const entry = ({ address, text }: (typeof parsed)[number]): unknown => ({
      address: text.split('/')[0],
      prefix: address.length,
      network: formatPrefix(networkOf(address)),
    })
    return {
      name,
      role: role ?? 'internal',
      ipv4: parsed.filter(({ address }) => address.family === 4).map(entry),
      ipv6: parsed.filter(({ address }) => address.family === 6).map(entry),
    }
  })
}

function containerOf(config: RouterConfig): unknown {
  if (config.container === undefined) return null
  const { gateway } = containerAddresses(config.container)
  const own = ownAddresses(config).find(({ kind }) => kind === 'container')
  return { network: config.container.network, gateway: gateway ?? null, prefix: own?.network.length ?? null }
}

/** Variables of a template, with the words that the reference system's modules use. */
function valuesFor(config: RouterConfig, module: ActiveModule): Record<string, unknown> {
  const { definition, links } = module
  return {
    module: {
      name: definition.name,
      config: module.config,
      connections: links.map((link) => ({
        name: link.connection,
        socket_id: link.id,
        socket_path: link.socket,
        interface: link.interface,
        core_ip: link.core,
        module_ip: link.far,
        prefix: 31,
        core_ip6: link.core6,
        module_ip6: link.far6,
        prefix6: 127,
      })),
    },
    config: module.config,
    interfaces: interfacesOf(config),
    routes: config.routes.map((route) => ({ destination: route.prefix, via: route.via ?? null, interface: route.interface ?? null })),
    container: containerOf(config),
  }
}

/** Commands that would take VPP away from us or run anything that its file does not show. */
const forbidden = /^\s*(exec|quit|restart|config-process|macro|define|echo|cpu|script|unix)\b/

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** The lines of a module, or why its template gives none. */
export function commandsOf(config: RouterConfig, module: ActiveModule): { lines: string[]; findings: Finding[] } {
  try {
    const text = renderTemplate(module.definition.vpp_commands, valuesFor(config, module), `the module ${module.definition.name}`)
    const lines = linesOf(text)
    const refused = lines.filter((line) => forbidden.test(line) || line.includes('$') || line.length > 2000)
    const findings = refused.map((line): Finding => ({
      path: '',
      severity: 'error',
      message: `the module's template gives a line that is not run: ${line.slice(0, 80)}`,
      hint: 'mend the template',
    }))
    return { lines, findings }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { lines: [], findings: [{ path: '', severity: 'error', message: error.message, hint: error.hint ?? 'mend the template' }] }
  }
}
