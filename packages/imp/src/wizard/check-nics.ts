/** Cards of the answers: there, and each for one thing only. Pure. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { duplicates, wrong, type RouterConfigInput } from '../config/model.ts'
import { referenceOf } from './existing.ts'
import { nicFor, sameNic, type DetectedNic, type DraftAnswers } from './model.ts'

interface Reference {
  readonly path: string
  readonly nic: string
}

function referencesIn({ management, external, internal }: DraftAnswers): Reference[] {
  const ports = (['external', 'internal'] as const).flatMap((role) =>
    ((role === 'external' ? external : internal) ?? []).map(({ nic }, index) => ({ path: `${role}[${index}].nic`, nic })),
  )
  const own = management === undefined || management === 'none' ? [] : [{ path: 'management.nic', nic: management.nic }]
  return [...own, ...ports].flatMap(({ path, nic }) => (nic === undefined ? [] : [{ path, nic }]))
}

/** Cards that the configuration has already may be out for repair. */
function configured({ management, interfaces = [] }: RouterConfigInput): string[] {
  const ports = interfaces.map(({ nic, name }) => referenceOf(nic ?? { name }))
  return management === undefined ? ports : [...ports, referenceOf(management.nic)]
}

export function checkNics(document: RouterConfigInput, answers: DraftAnswers, nics: readonly DetectedNic[]): Finding[] {
  const references = referencesIn(answers)
  const known = configured(document)
  const hint = nics.length === 0 ? 'no network card was found at all' : `there are: ${nics.map(({ name }) => name).join(', ')}`
  const unknown = references.filter(({ nic }) => nicFor(nics, nic) === undefined && !known.some((each) => sameNic(nics, each, nic)))
  return [
    ...unknown.map(({ path, nic }) => wrong(path, nic, 'is no network card of this machine', hint)),
    ...duplicates(
      references,
      ({ nic }) => nicFor(nics, nic)?.name ?? nic,
      (item, earlier) => wrong(item.path, item.nic, `is the card of ${earlier.path} already`, 'give every card one role'),
    ),
  ]
}
