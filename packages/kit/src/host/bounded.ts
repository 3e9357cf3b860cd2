/** A machine on which only so many programs run at once. */
import type { Host } from './host.ts'

/** Lets so many programs of a machine run at the same time; the others wait for their turn, in the order in which they were asked for. */
export function bounded<T extends Pick<Host, 'query' | 'run'>>(machine: T, atOnce: number): T {
  let running = 0
  const waiting: (() => void)[] = []
  const inTurn = async <R>(work: () => Promise<R>): Promise<R> => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
  return {
    ...machine,
    query: (argv, options) => inTurn(() => machine.query(argv, options)),
    run: (argv, options) => inTurn(() => machine.run(argv, options)),
  }
}
