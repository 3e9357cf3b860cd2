/** Network cards and situations for tests. */
import { checkConfig } from '../config/check.ts'
import type { RouterConfigInput } from '../config/model.ts'
import { RouterConfig } from '../config/model.ts'
import { sharing } from '../nat/mapping.ts'
import { answersOf } from './existing.ts'
import type { DetectedNic } from './model.ts'
import type { Rules, Situation } from './question.ts'

export const rules: Rules = {
  check: checkConfig,
  portsPerHost: (inside, outside) => sharing(inside, outside).portsPerHost,
}

export function nic(name: string, number: number, more: Partial<DetectedNic> = {}): DetectedNic {
  return {
    name,
    alternativeNames: [],
    mac: `02:00:5e:00:53:0${number}`,
    pci: `0000:0${number}:00.0`,
    onPci: true,
    driver: 'igb',
    virtual: false,
    carrier: true,
    speed: 1000,
    inRouter: false,
    addresses: [],
    ...more,
  }
}

/** Three cards: the machine itself speaks by the first. */
export const nics: readonly DetectedNic[] = [nic('eno1', 1), nic('enp2s0', 2), nic('enp3s0', 3, { onPci: false, driver: 'virtio_net' })]

export const fresh: RouterConfigInput = { schema: 'imp.router', version: 1, hostname: 'debian' }

export function situationOf(document: RouterConfigInput = fresh, cards: readonly DetectedNic[] = nics): Situation {
  return { document, answers: answersOf(RouterConfig.parse(document)), nics: cards, upstream: 'eno1', rules }
}
