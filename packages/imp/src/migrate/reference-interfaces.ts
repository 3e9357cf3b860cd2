/**
 * The later layout of the reference system: named interfaces, static routes, several BGP peers, OSPF, modules.
 * Roles of interfaces, which it does not know, are guessed from routes and peers, and the guess is reported.
 */
import { vlanName } from '../interfaces/model.ts'
import { moveLayer3, type Running } from './interfaces/layer3.ts'
import { moveModules } from './interfaces/modules.ts'
import { movePort, portAliases, subinterfaceAliases, wantedPort, type Surroundings } from './interfaces/ports.ts'
import { moveBgp, moveOspfProcesses, moveRoutes } from './interfaces/routing.ts'
import { InterfacesDocument } from './interfaces/schema.ts'
import { findEvidence, guessRole } from './interfaces/upstream.ts'
import { openLedger, type Ledger } from './ledger.ts'
import { listed, said, type DraftOf, type Imported, type RouterDraft } from './model.ts'
import { moveContainer } from './reference/container.ts'
import {
  moveBridge,
  moveCrossConnects,
  moveLoopback,
  moveReference,
  nameLinks,
  references,
  type LinkNames,
  type References,
} from './reference/links.ts'
import { leaveCpu, moveHead, moveManagement } from './reference/machine.ts'
import { readOld } from './reference/read.ts'

function runningOspf(old: InterfacesDocument): Running {
  return { ospf: old.ospf?.enabled === true, ospf6: old.ospf6?.enabled === true }
}

function bridgeAliases(bridge: { readonly bridge_id: number; readonly name?: string | null | undefined }): string[] {
  return [said(bridge.name) ?? [], `bvi${bridge.bridge_id}`, `loop${bridge.bridge_id}`].flat()
}

/** New names by every spelling that VPP, Linux or a person may have used. */
function referencesTo(old: InterfacesDocument, names: LinkNames): References {
  const ports = (old.interfaces ?? []).map((port, index) => ({ port, name: names.ports[index] ?? '' }))
  const bridges = (old.bvi_domains ?? []).map((bridge, index) => ({ bridge, name: names.bridges[index] ?? '' }))
  const loopbacks = (old.loopbacks ?? []).map((loopback, index) => ({ loopback, name: names.loopbacks[index] ?? '' }))
  const subinterfaces = ports.flatMap(({ port, name }) =>
    (port.subinterfaces ?? []).map((sub) => ({ port, sub, name: vlanName(name, sub.vlan_id) })),
  )
  return references([
    ...ports.map(({ port, name }): [string, string] => [portAliases(port)[0] ?? '', name]),
    ...loopbacks.flatMap(({ loopback, name }) =>
      [said(loopback.name) ?? [], `lo${loopback.instance}`, `loop${loopback.instance}`]
        .flat()
        .map((alias): [string, string] => [alias, name]),
    ),
    ...bridges.flatMap(({ bridge, name }) => bridgeAliases(bridge).map((alias): [string, string] => [alias, name])),
    ...subinterfaces.flatMap(({ port, sub, name }) => subinterfaceAliases(port, sub).map((alias): [string, string] => [alias, name])),
    ...ports.map(({ port, name }): [string, string] => [port.iface, name]),
  ])
}

function moveBridges(
  ledger: Ledger,
  old: InterfacesDocument,
  names: readonly string[],
  known: References,
  around: Surroundings,
): DraftOf<'bridges'>[] {
  return (old.bvi_domains ?? []).map((each, index) => {
    const place = { from: `bvi_domains[${index}]`, to: `bridges[${index}]` }
    const bridge = moveBridge(ledger, each, names[index] ?? '', known, index)
    const addresses = bridge.addresses ?? []
    const guess = guessRole(around.evidence, bridgeAliases(each), addresses)
    if (guess.role === 'external') ledger.derived(place.from, `${place.to}.role`, `external: ${guess.why}`)
    const role = guess.role === 'external' ? { role: guess.role } : {}
    return {
      ...bridge,
      ...role,
      ...moveLayer3(ledger, each, place, addresses, { kind: 'bridge', twin: each.create_lcp ?? true }, around.running),
    }
  })
}

function moveLoopbacks(ledger: Ledger, old: InterfacesDocument, names: readonly string[], running: Running): DraftOf<'loopbacks'>[] {
  return (old.loopbacks ?? []).map((each, index) => {
    const place = { from: `loopbacks[${index}]`, to: `loopbacks[${index}]` }
    const loopback = moveLoopback(ledger, each, names[index] ?? '', index)
    return { ...loopback, ...moveLayer3(ledger, each, place, loopback.addresses ?? [], { kind: 'loopback', twin: true }, running) }
  })
}

function movePassthroughs(ledger: Ledger, old: InterfacesDocument, names: LinkNames, known: References): DraftOf<'crossConnects'>[] {
  const passthroughs = (old.vlan_passthrough ?? []).map((each, index) => {
    const [source, target] = [`vlan_passthrough[${index}]`, `crossConnects[${index}]`]
    return {
      old: each,
      from: moveReference(ledger, `${source}.from_interface`, each.from_interface, known, `${target}.from`),
      to: moveReference(ledger, `${source}.to_interface`, each.to_interface, known, `${target}.to`),
    }
  })
  return moveCrossConnects(ledger, passthroughs, new Set([...names.ports, ...names.loopbacks, ...names.bridges]))
}

function convert(ledger: Ledger, old: InterfacesDocument): RouterDraft {
  const interfaces = old.interfaces ?? []
  const names = nameLinks(
    interfaces.map((port) => wantedPort(port, old)),
    old.loopbacks ?? [],
    old.bvi_domains ?? [],
  )
  const known = referencesTo(old, names)
  const around = { evidence: findEvidence(old), running: runningOspf(old) }
  ledger.expect('interfaces', 'vlan_passthrough', 'loopbacks', 'bvi_domains')
  ledger.whole('nat', 'dropped', [], 'the reference system does not use it any more: translation is a module')
  leaveCpu(ledger)
  return {
    ...moveHead(ledger, old.hostname),
    ...moveManagement(ledger, old.management),
    ...listed(
      'interfaces',
      interfaces.map((port, index) => movePort(ledger, port, names.ports[index] ?? '', index, around)),
    ),
    ...listed('loopbacks', moveLoopbacks(ledger, old, names.loopbacks, around.running)),
    ...listed('bridges', moveBridges(ledger, old, names.bridges, known, around)),
    ...listed('crossConnects', movePassthroughs(ledger, old, names, known)),
    ...listed('routes', moveRoutes(ledger, old, known)),
    ...moveBgp(ledger, old, known),
    ...moveOspfProcesses(ledger, old),
    ...moveModules(ledger, old),
    ...moveContainer(ledger, old.container),
  }
}

/** Reads a document of the later layout and says it in ours. An `input` fault with all findings when a field has the wrong type. */
export function importInterfaces(document: unknown, where: string): Imported {
  const ledger = openLedger()
  const config = convert(ledger, readOld(InterfacesDocument, document, where))
  return { config, report: ledger.report(document, config) }
}
