/** Turns what mmdebstrap says into events: each of its lines begins a phase and ends the one before. */
import type { Report } from '@imp/kit/base/events.ts'

/** Lines that are worth a person's attention; the rest is about temporary directories and the like. */
const phases: readonly (readonly [RegExp, string])[] = [
  [/^I: running apt-get update/, 'read the package lists'],
  [/^I: downloading packages/, 'download packages'],
  [/^I: extracting archives/, 'extract the essential packages'],
  [/^I: installing essential/, 'install the essential packages'],
  [/^I: installing remaining/, 'install the other packages'],
  [/^I: cleaning package lists/, 'clean up'],
  [/^I: creating tarball/, 'write the image'],
]

export interface Phases {
  /** Takes one line of output. */
  line(text: string): void
  end(state: 'done' | 'failed'): void
}

export function phasesOf(report: Report): Phases {
  let current: string | undefined
  const end = (state: 'done' | 'failed'): void => {
    if (current !== undefined) report({ event: 'step', state, title: current })
    current = undefined
  }
  return {
    end,
    line(text) {
      const title = phases.find(([pattern]) => pattern.test(text))?.[1]
      if (title === undefined) return
      end('done')
      current = title
      report({ event: 'step', state: 'started', title })
    },
  }
}
