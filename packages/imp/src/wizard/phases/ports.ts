/** Phases 4 and 5: names and addresses of the ports towards upstreams and towards own networks. */
import { interfaceName } from '@imp/kit/base/schema.ts'
import { parseInterfaceAddress } from '@imp/kit/base/ip.ts'
import { sameNic, type DraftAnswers } from '../model.ts'
import { single, type Question, type Situation } from '../question.ts'
import { referenceOf } from '../existing.ts'
import { addressQuestion, gatewayQuestions, type AddressField } from './addresses.ts'
import type { Phase } from './phase.ts'

type Port = NonNullable<DraftAnswers['external']>[number] & NonNullable<DraftAnswers['internal']>[number]
type Role = 'external' | 'internal'

/** The draft with one port changed. */
function withPort(answers: DraftAnswers, role: Role, index: number, change: Port): DraftAnswers {
  const ports = (answers[role] ?? []).map((port, at) => (at === index ? { ...port, ...change } : port))
  return { ...answers, [role]: ports }
}

/** Others refer to ports by their names: those that are configured keep them here. */
function isConfigured({ document, nics }: Situation, port: Port): boolean {
  return (document.interfaces ?? []).some(({ name, nic }) => sameNic(nics, referenceOf(nic ?? { name }), port.nic))
}

function nameQuestion(situation: Situation, role: Role, index: number, port: Port): Question[] {
  if (isConfigured(situation, port)) return []
  return [
    single(situation, interfaceName(), {
      key: `${role}[${index}].name`,
      place: `${role}[${index}].name`,
      message: `Name for ${port.nic ?? 'the port'}`,
      ...(port.name === undefined ? {} : { initial: port.name }),
      put: (name) => withPort(situation.answers, role, index, { name }),
    }),
  ]
}

function fieldOf({ answers }: Situation, role: Role, index: number, port: Port): AddressField {
  return {
    place: `${role}[${index}]`,
    name: port.name ?? port.nic ?? role,
    port,
    put: ({ addresses, gateways }) =>
      withPort(answers, role, index, {
        ...(addresses === undefined ? {} : { addresses: [...addresses] }),
        ...(gateways === undefined ? {} : { gateways: [...gateways] }),
      }),
  }
}

/** Hosts make addresses of their own in networks of a /64 and larger. */
function advertiseQuestion({ answers }: Situation, index: number, port: Port): Question[] {
  const networks = (port.addresses ?? []).map((text) => parseInterfaceAddress(text))
  if (!networks.some(({ family, length }) => family === 6 && length <= 64)) return []
  return [
    {
      kind: 'confirm',
      key: `internal[${index}].advertise`,
      message: `Send IPv6 router advertisements on ${port.name ?? 'it'}?`,
      help: 'By them hosts find this router and make addresses of their own.',
      initial: port.advertise ?? true,
      answer: (advertise) => ({ answers: withPort(answers, 'internal', index, { advertise }) }),
    },
  ]
}

function questionsOf(situation: Situation, role: Role): Question[] {
  const ports: readonly Port[] = situation.answers[role] ?? []
  return ports.flatMap((port, index) => {
    const field = fieldOf(situation, role, index, port)
    const families = ([4, 6] as const).flatMap((family) => [
      addressQuestion(situation, field, family),
      ...(role === 'external' ? gatewayQuestions(situation, field, family) : []),
    ])
    return [
      ...nameQuestion(situation, role, index, port),
      ...families,
      ...(role === 'internal' ? advertiseQuestion(situation, index, port) : []),
    ]
  })
}

export const externalPhase: Phase = {
  name: 'external',
  title: 'External ports',
  nothing: 'no card leads to an upstream',
  questions: (situation) => questionsOf(situation, 'external'),
}

export const internalPhase: Phase = {
  name: 'internal',
  title: 'Internal ports',
  nothing: 'no card leads to an own network',
  questions: (situation) => questionsOf(situation, 'internal'),
}
