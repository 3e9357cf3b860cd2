/** How FRR's daemons are asked for JSON. */
import { Fault } from '@imp/kit/base/fault.ts'

/** Asks a daemon one command of enable mode; an `exec` fault with its words when it is refused. */
export type Ask = (command: string) => Promise<string>

/** The JSON that a daemon answers. Where there is nothing to tell, daemons answer with an empty object and a warning. */
export async function answerOf(ask: Ask, command: string): Promise<string> {
  try {
    return await ask(command)
  } catch (error) {
    if (error instanceof Fault && error.code === 'exec' && error.detail === '{}') return '{}'
    throw error
  }
}
