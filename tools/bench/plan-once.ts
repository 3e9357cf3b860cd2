/** One run of plan-large.ts, whose plan must be a single step. */
import { run } from './measure.ts'

interface Printed {
  readonly steps: readonly string[]
  readonly spent: Readonly<Record<string, number>>
}

function tell(what: string, { spent }: Printed): void {
  const parts = Object.entries(spent).filter(([part]) => part !== 'start')
  const sum = parts.reduce((total, [, each]) => total + each, 0)
  const words = parts.map(([part, each]) => `${part} ${each.toFixed(0)}`).join(', ')
  console.error(`bench: ${what}: ${sum.toFixed(0)} ms of CPU beside starting (${spent['start']?.toFixed(0)}): ${words}`)
}

/** Tells what each part took; throws when a change of one line became anything but one step. */
export async function planOnce(what: string, words: readonly string[]): Promise<void> {
  const printed = JSON.parse(await run(words)) as Printed
  if (printed.steps.length !== 1) throw new Error(`a change of one line became ${JSON.stringify(printed.steps)}`)
  tell(what, printed)
}
