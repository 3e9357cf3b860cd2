/** Configurations and hardware for tests: each configuration of the golden set, and a machine that has its cards. */
import { join } from 'node:path'
import { localHost } from '@imp/kit/host/local.ts'
import type { Card, Hardware } from '../../appliance/model.ts'
import { loadRouterConfig } from '../../config/load.ts'
import type { RouterConfig } from '../../config/model.ts'
import { nicOf } from '../../interfaces/model.ts'

const { files } = localHost()
const directory = join(import.meta.dirname, '../../config/golden')

/** Names of the golden configurations. */
export const goldenNames = await files.list(directory)

const texts = new Map<string, string>()
for (const name of goldenNames) texts.set(name, await files.read(join(directory, name, 'router.json')))

/** A golden configuration, as it is or on another dataplane. */
export function goldenConfig(name: string, dataplane?: RouterConfig['dataplane']): RouterConfig {
  const { config } = loadRouterConfig(texts.get(name) ?? '', name)
  if (config === undefined) throw new Error(`the golden configuration ${name} cannot be read`)
  return dataplane === undefined ? config : { ...config, dataplane }
}

/** Eight cores, 16 GiB, and a card on the PCI bus for every port of the configuration and for management. */
export function hardwareFor(config: RouterConfig, changes: Partial<Hardware> = {}): Hardware {
  const ports = config.interfaces.map((port, index): Card => {
    const nic = nicOf(port)
    const slot = (index + 0x10).toString(16)
    return { alternativeNames: [], name: `eth${index}`, pci: `0000:${slot}:00.0`, driver: 'ixgbe', ...nic }
  })
  const management = config.management === undefined ? [] : [{ alternativeNames: [], driver: 'e1000e', ...config.management.nic }]
  return { cores: [0, 1, 2, 3, 4, 5, 6, 7], memory: 16 * 1024 ** 3, cards: [...management, ...ports], ...changes }
}

/** The same machine without a PCI bus, as in a container or on a cable of Linux's own. */
export function withoutPci(hardware: Hardware): Hardware {
  return { ...hardware, cards: hardware.cards.map(({ pci: _pci, driver: _driver, ...card }) => card) }
}
