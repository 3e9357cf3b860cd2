/** Phase 3: the out-of-band port. */
import { Address } from '@imp/kit/base/schema.ts'
import type { DraftAnswers } from '../model.ts'
import { many, type Question, type Situation } from '../question.ts'
import { addressQuestion, gatewayQuestions, type AddressField } from './addresses.ts'
import type { Phase } from './phase.ts'

type Management = Exclude<NonNullable<DraftAnswers['management']>, 'none'>

function modeQuestion({ answers }: Situation, management: Management): Question {
  return {
    kind: 'choice',
    key: 'management.mode',
    message: `How does the management port ${management.nic ?? ''} get its address?`,
    options: [
      { value: 'dhcp', label: 'By DHCP' },
      { value: 'static', label: 'A fixed address' },
    ],
    initial: management.mode ?? 'dhcp',
    answer(value) {
      if (value === 'static') return { answers: { ...answers, management: { ...management, mode: 'static' } } }
      const { addresses: _addresses, gateways: _gateways, ...rest } = management
      return { answers: { ...answers, management: { ...rest, mode: 'dhcp' } } }
    },
  }
}

function staticQuestions(situation: Situation, management: Management): Question[] {
  if (management.mode !== 'static') return []
  const put = (change: Partial<Management>): DraftAnswers => ({ ...situation.answers, management: { ...management, ...change } })
  const field: AddressField = {
    place: 'management',
    name: 'the management port',
    port: management,
    put: ({ addresses, gateways }) =>
      put({
        ...(addresses === undefined ? {} : { addresses: [...addresses] }),
        ...(gateways === undefined ? {} : { gateways: [...gateways] }),
      }),
  }
  return ([4, 6] as const).flatMap((family) => [addressQuestion(situation, field, family), ...gatewayQuestions(situation, field, family)])
}

function dnsQuestion(situation: Situation, management: Management): Question {
  const initial = (management.dns ?? []).join(' ')
  return many(situation, Address, {
    key: 'management.dns',
    place: 'management.dns',
    message: `Name servers of the machine itself (${management.mode === 'static' ? 'empty for none' : 'empty for those of DHCP'})`,
    ...(initial === '' ? {} : { initial }),
    put: (dns) => ({ ...situation.answers, management: { ...management, dns } }),
  })
}

export const managementPhase: Phase = {
  name: 'management',
  title: 'Management port',
  nothing: 'no card is for management',
  questions(situation) {
    const { management } = situation.answers
    if (management === undefined || management === 'none') return []
    return [modeQuestion(situation, management), ...staticQuestions(situation, management), dnsQuestion(situation, management)]
  },
}
