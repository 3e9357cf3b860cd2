/** Which driver of VPP takes each port: DPDK for cards on the PCI bus, af_packet for everything else that Linux shows. Pure. */
import { Fault, type Finding } from '@imp/kit/base/fault.ts'
import { findCard, type Card, type Hardware } from '../../../appliance/model.ts'
import type { RouterConfig } from '../../../config/model.ts'
import { layer3Interfaces, nicOf, type Interface, type Nic } from '../../../interfaces/model.ts'

export interface AttachedPort {
  readonly port: Interface
  readonly driver: 'dpdk' | 'af-packet'
  /** For DPDK. */
  readonly pci?: string
  /** Linux name of the card in the namespace of VPP; for af_packet, and for cards that keep their Linux driver beside DPDK. */
  readonly link?: string
  /** Linux name of the card before it is moved there; undefined when Linux does not drive it. */
  readonly card?: string
}

/** Drivers of cards that stay a Linux link while DPDK uses them: the link must be in the namespace of VPP (DPDK's guide to mlx5). */
const bifurcated = new Set(['mlx4_core', 'mlx5_core'])

function missing(config: RouterConfig, port: Interface, nic: Nic): Finding {
  const index = config.interfaces.indexOf(port)
  const what = nic.name === undefined ? (nic.mac ?? nic.pci ?? '') : nic.name
  return {
    path: port.nic === undefined ? `interfaces[${index}].name` : `interfaces[${index}].nic`,
    severity: 'error',
    message: `this machine has no network card ${what}`,
    value: JSON.stringify(nic),
  }
}

/** A card that stays a link beside VPP makes room for the twin of the interface, which has the name that everybody knows. */
function linkName(config: RouterConfig, port: Interface, card: string): string {
  const twins = new Set([...layer3Interfaces(config).map(({ link }) => link), ...config.interfaces.map(({ name }) => name)])
  return twins.has(card) ? `nic${config.interfaces.indexOf(port)}` : card
}

function attach(config: RouterConfig, port: Interface, card: Card): AttachedPort {
  const from = card.name === undefined ? {} : { card: card.name }
  const link = card.name === undefined ? {} : { link: linkName(config, port, card.name) }
  if (card.pci === undefined) return { port, driver: 'af-packet', ...from, ...link }
  return { port, driver: 'dpdk', pci: card.pci, ...from, ...(bifurcated.has(card.driver ?? '') ? link : {}) }
}

/** Every port with its driver. A `not-found` fault with a finding for each card that is missing. */
export function attachPorts(config: RouterConfig, hardware: Hardware): AttachedPort[] {
  const findings: Finding[] = []
  const attached = config.interfaces.flatMap((port): AttachedPort[] => {
    const nic = nicOf(port)
    const card = findCard(hardware, nic)
    if (card === undefined) findings.push(missing(config, port, nic))
    return card === undefined ? [] : [attach(config, port, card)]
  })
  if (findings.length === 0) return attached
  const present = hardware.cards.map(({ name, pci, mac }) => [name, pci, mac].filter((each) => each !== undefined).join(' '))
  throw new Fault('not-found', 'network cards are missing', {
    hint: present.length === 0 ? 'there is no card at all' : `there are: ${present.join('; ')}`,
    findings,
  })
}
