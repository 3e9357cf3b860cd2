/** Translation, which the layout with roles keeps at the top and the layout with interfaces in a module. */
import type { Ledger } from '../ledger.ts'
import { listed, type DraftOf } from '../model.ts'
import { moveNetwork } from '../networks.ts'
import type { OldTranslation } from './fields.ts'

export type Nat = DraftOf<'nat'>

function moveMappings(ledger: Ledger, old: OldTranslation, from: string): NonNullable<Nat['mappings']> {
  return (old.mappings ?? []).map((mapping, index) => {
    const [source, target] = [`${from}.mappings[${index}]`, `nat.mappings[${index}]`]
    return {
      inside: moveNetwork(ledger, `${source}.source_network`, mapping.source_network, `${target}.inside`),
      outside: moveNetwork(ledger, `${source}.nat_pool`, mapping.nat_pool, `${target}.outside`),
    }
  })
}

function moveBypass(ledger: Ledger, old: OldTranslation, from: string): NonNullable<Nat['bypass']> {
  return (old.bypass_pairs ?? []).map((pair, index) => {
    const [source, target] = [`${from}.bypass_pairs[${index}]`, `nat.bypass[${index}]`]
    return {
      source: moveNetwork(ledger, `${source}.source`, pair.source, `${target}.source`),
      destination: moveNetwork(ledger, `${source}.destination`, pair.destination, `${target}.destination`),
    }
  })
}

/** What the object at `from` translates, and what not. Without mappings there is no translation that anything could bypass. */
export function moveTranslation(ledger: Ledger, old: OldTranslation, from: string): { nat?: Nat } {
  ledger.expect(`${from}.mappings`, `${from}.bypass_pairs`)
  const mappings = moveMappings(ledger, old, from)
  if (mappings.length > 0) return { nat: { mappings, ...listed('bypass', moveBypass(ledger, old, from)) } }
  if ((old.bypass_pairs ?? []).length > 0) ledger.whole(`${from}.bypass_pairs`, 'dropped', [], 'nothing is translated')
  return {}
}
