/** The networks of this computer: the default one, which the settings describe, and those that people made. */
import { join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import { collection, type Collection } from '@imp/kit/store/collection.ts'
import type { DocumentKind } from '@imp/kit/store/document.ts'
import type { VmmContext } from '../context.ts'
import { bridgePaths, type BridgePaths } from './bridge.ts'
import { defaultNetwork, Network, type BridgeSettings } from './model.ts'

const networkDocument = { schema: 'vmm.network', version: 1, fields: Network } satisfies DocumentKind<typeof Network>

type Where = Pick<VmmContext, 'host' | 'paths' | 'config'>

/** Those that people made. */
export function networks({ host, paths }: Where): Collection<typeof Network> {
  return collection(host, networkDocument, { directory: join(paths.data, 'networks'), noun: 'network', listCommand: 'vmm network list' })
}

/** A network as the firewall and the bridge know it. */
export interface KnownNetwork {
  readonly settings: BridgeSettings
  readonly paths: BridgePaths
}

function settingsOf({ bridge, subnet, gateway, subnet6, mtu, isolated, egress }: Network): BridgeSettings {
  return { bridge, subnet, gateway, subnet6, mtu, isolated, egress }
}

/** The network with this name, the default one unless told; a `not-found` fault with the nearest name. */
export async function getNetwork(where: Where, name?: string): Promise<KnownNetwork> {
  if (name !== undefined && name !== defaultNetwork) {
    return { settings: settingsOf(await networks(where).get(name)), paths: bridgePaths(where.paths.data, name) }
  }
  const { bridgeName, subnet, gateway } = where.config.settings
  return {
    settings: { bridge: bridgeName.value, subnet: subnet.value, gateway: gateway.value },
    paths: bridgePaths(where.paths.data),
  }
}

/** Names that `--network` gives another meaning. */
export function requireFreeName(name: string): void {
  if (['bridge', 'user', 'none', defaultNetwork].includes(name)) throw new Fault('conflict', `the name ${name} has a meaning of its own`)
}
