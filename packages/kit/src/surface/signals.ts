/** ^C and its kin: the first asks the operation to stop and to clean up, the second ends the program at once; journals mend the rest. */

/** Numbers as in signal(7); a shell says 128 + number. */
const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
type Ending = keyof typeof numbers

export interface Interruption {
  readonly signal: AbortSignal
  /** Exit status of the signal that came, undefined when none did. */
  status(): number | undefined
  /** Stops listening. */
  release(): void
}

/** Listens until released. `notice` is called at the first signal. */
export function listenForSignals(notice: () => void): Interruption {
  const controller = new AbortController()
  let status: number | undefined
  const onSignal = (name: Ending): void => {
    // A program to which the terminal was given (host/exec.ts listens meanwhile) got its own ^C.
    if (process.listenerCount(name) > 1) return
    // A lost line hangs up twice: the kernel and the login shell each say so.
    if (status !== undefined && name === 'SIGHUP') return
    if (status !== undefined) process.exit(128 + numbers[name])
    status = 128 + numbers[name]
    notice()
    controller.abort()
  }
  const names = Object.keys(numbers) as Ending[]
  for (const name of names) process.on(name, onSignal)
  return {
    signal: controller.signal,
    status: () => status,
    release: () => names.forEach((name) => process.off(name, onSignal)),
  }
}
