/** Questions for the addresses and gateways of one port, one family after the other. */
import { Address4, Address6, InterfaceAddress } from '@imp/kit/base/schema.ts'
import { parseInterfaceAddress, type Family } from '@imp/kit/base/ip.ts'
import { many, type Question, type Situation } from '../question.ts'
import { gatewaySuggestion, ofFamily } from '../suggest.ts'
import type { DraftAnswers } from '../model.ts'

interface Addressed {
  readonly addresses?: readonly string[] | undefined
  readonly gateways?: readonly string[] | undefined
}

export interface AddressField {
  /** Place of the port in the answers, such as `external[0]`. */
  readonly place: string
  /** What the person calls it. */
  readonly name: string
  readonly port: Addressed
  readonly put: (change: Addressed) => DraftAnswers
}

const familyAddress = (family: Family) =>
  InterfaceAddress.superRefine((text, context) => {
    try {
      parseInterfaceAddress(text, family)
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
    }
  })

const examples: Readonly<Record<Family, string>> = { 4: '192.0.2.2/30', 6: '2001:db8::2/64' }

function joined(list: readonly string[], family: Family, other: readonly string[]): string[] {
  return family === 4 ? [...list, ...ofFamily(other, 6)] : [...ofFamily(other, 4), ...list]
}

/** Addresses of one family; empty for none. */
export function addressQuestion(situation: Situation, field: AddressField, family: Family): Question {
  const { place, name, port, put } = field
  const addresses = port.addresses ?? []
  const initial = ofFamily(addresses, family).join(' ')
  return many(situation, familyAddress(family), {
    key: `${place}.addresses${family}`,
    place: `${place}.addresses`,
    message: `IPv${family} address of ${name}, with length (such as ${examples[family]}; empty for none)`,
    ...(initial === '' ? {} : { initial }),
    put: (values) => put({ addresses: joined(values, family, addresses) }),
  })
}

/** Gateways of one family; nothing is asked while there is no address of it. */
export function gatewayQuestions(situation: Situation, field: AddressField, family: Family): Question[] {
  const { place, name, port, put } = field
  const addresses = ofFamily(port.addresses ?? [], family)
  const gateways = port.gateways ?? []
  if (addresses.length === 0 && ofFamily(gateways, family).length === 0) return []
  const initial = ofFamily(gateways, family).join(' ')
  const suggested = gatewaySuggestion(addresses, family)
  const enter = suggested === undefined || initial !== '' ? 'empty for none' : `Enter for ${suggested}, "none" for none`
  return [
    many(situation, family === 4 ? Address4 : Address6, {
      key: `${place}.gateways${family}`,
      place: `${place}.gateways`,
      message: `IPv${family} gateway behind ${name} (${enter})`,
      ...(initial === '' ? {} : { initial }),
      ...(suggested === undefined ? {} : { suggested }),
      put: (values) => put({ gateways: joined(values, family, gateways) }),
    }),
  ]
}
