/**
 * The earlier layout of the reference system: one external port, any number of internal ones, one upstream, NAT always on.
 * What it only implied (roles, default routes, the external end of a passthrough) is written down.
 */
import { openLedger, type Ledger } from './ledger.ts'
import { listed, type DraftOf, type Imported, type RouterDraft } from './model.ts'
import { moveContainer } from './reference/container.ts'
import { moveBridge, moveCrossConnects, moveLoopback, moveReference, nameLinks, references, type References } from './reference/links.ts'
import { leaveCpu, moveHead, moveManagement } from './reference/machine.ts'
import { moveTranslation } from './reference/nat.ts'
import { readOld } from './reference/read.ts'
import { externalName, movePort, portsOf, silence, wantedPort } from './roles/ports.ts'
import { RolesDocument } from './roles/schema.ts'
import { moveBgp, moveGateways } from './roles/upstream.ts'

function moveBridges(ledger: Ledger, old: RolesDocument, names: readonly string[], known: References): DraftOf<'bridges'>[] {
  return (old.bvi_domains ?? []).map((each, index) => {
    const bridge = moveBridge(ledger, each, names[index] ?? '', known, index)
    return { ...bridge, ...silence(ledger, bridge.addresses ?? [], `bvi_domains[${index}]`, `bridges[${index}]`) }
  })
}

function movePassthroughs(ledger: Ledger, old: RolesDocument, known: References, taken: ReadonlySet<string>): DraftOf<'crossConnects'>[] {
  const passthroughs = (old.vlan_passthrough ?? []).map((each, index) => {
    const [source, target] = [`vlan_passthrough[${index}]`, `crossConnects[${index}]`]
    ledger.derived(source, `${target}.from`, 'the other end is always the external port')
    const to = moveReference(ledger, `${source}.internal_interface`, each.internal_interface, known, `${target}.to`)
    return { old: each, from: known.get(externalName) ?? externalName, to }
  })
  return moveCrossConnects(ledger, passthroughs, taken)
}

function moveLinks(ledger: Ledger, old: RolesDocument): Pick<RouterDraft, 'interfaces' | 'loopbacks' | 'bridges' | 'crossConnects'> {
  const [ports, loopbacks] = [portsOf(old), old.loopbacks ?? []]
  const wanted = ports.map((port) => wantedPort(port, old))
  const names = nameLinks(wanted, loopbacks, old.bvi_domains ?? [])
  const named = ports.map((port, index) => ({ port, name: names.ports[index] ?? port.name }))
  const known = references([
    ...named.map(({ port, name }) => [port.name, name] as const),
    ...named.map(({ port, name }) => [port.old.iface, name] as const),
  ])
  const taken = new Set([...names.ports, ...names.loopbacks, ...names.bridges])
  return {
    ...listed(
      'interfaces',
      named.map(({ port, name }, index) => movePort(ledger, port, name, index)),
    ),
    ...listed(
      'loopbacks',
      loopbacks.map((each, index) => moveLoopback(ledger, each, names.loopbacks[index] ?? '', index)),
    ),
    ...listed('bridges', moveBridges(ledger, old, names.bridges, known)),
    ...listed('crossConnects', movePassthroughs(ledger, old, known, taken)),
  }
}

function convert(ledger: Ledger, old: RolesDocument): RouterDraft {
  const links = moveLinks(ledger, old)
  const interfaces = links.interfaces ?? []
  const external = interfaces.find((port) => port.role === 'external')?.name
  ledger.expect('external', 'internal', 'vlan_passthrough', 'loopbacks', 'bvi_domains', 'nat')
  leaveCpu(ledger)
  return {
    ...moveHead(ledger, old.hostname),
    ...moveManagement(ledger, old.management),
    ...links,
    ...listed('routes', moveGateways(ledger, old.external, external)),
    ...moveBgp(ledger, old, interfaces),
    ...moveTranslation(ledger, old.nat ?? {}, 'nat'),
    ...moveContainer(ledger, old.container),
  }
}

/** Reads a document of the earlier layout and says it in ours. An `input` fault with all findings when a field has the wrong type. */
export function importRoles(document: unknown, where: string): Imported {
  const ledger = openLedger()
  const config = convert(ledger, readOld(RolesDocument, document, where))
  return { config, report: ledger.report(document, config) }
}
