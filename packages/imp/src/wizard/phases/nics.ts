/** Phase 1: the network cards that there are, and the name of the router. */
import { table } from '@imp/kit/base/text.ts'
import { HostName } from '@imp/kit/base/schema.ts'
import type { DetectedNic } from '../model.ts'
import { single, type Question, type Situation } from '../question.ts'
import type { Phase } from './phase.ts'

function speedText({ carrier, speed }: DetectedNic): string {
  if (carrier === undefined) return 'down'
  if (!carrier) return 'no link'
  if (speed === undefined) return 'up'
  return speed >= 1000 ? `up, ${speed / 1000} Gbit/s` : `up, ${speed} Mbit/s`
}

/** A line for each card. */
export function drawNics(nics: readonly DetectedNic[]): string {
  if (nics.length === 0) return 'no network card was found; --all shows virtual links as well'
  const rows = nics.map((nic) => [nic.name, nic.permanentMac ?? nic.mac, nic.pci ?? '-', nic.driver ?? '-', speedText(nic)])
  return table([['NIC', 'MAC', 'PCI ADDRESS', 'DRIVER', 'LINK'], ...rows]).join('\n')
}

/** What is said beside the name of a card in a list. */
export function nicNote(nic: DetectedNic): string {
  return [nic.permanentMac ?? nic.mac, nic.pci, nic.driver, speedText(nic)].filter((part) => part !== undefined).join(', ')
}

export const nicsPhase: Phase = {
  name: 'nics',
  title: 'Network cards',
  introduction: ({ nics }) => drawNics(nics),
  questions(situation: Situation): Question[] {
    const { answers, document } = situation
    return [
      {
        kind: 'choice',
        key: 'look',
        message: 'Are all network cards there?',
        options: [
          { value: 'yes', label: 'Yes, go on' },
          { value: 'again', label: 'No, look again', note: 'after plugging one in' },
        ],
        initial: 'yes',
        answer: (value) => (value === 'again' ? { answers, next: 'look', lookAgain: true } : { answers }),
      },
      single(situation, HostName, {
        key: 'hostname',
        place: 'hostname',
        message: 'Name of this router',
        initial: answers.hostname ?? document.hostname,
        put: (hostname) => ({ ...answers, hostname }),
      }),
    ]
  },
}
