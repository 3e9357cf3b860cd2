/** What a session knows, what it shows before each line and how it says what went wrong. */
import type { Files, Host } from '../../host/host.ts'
import { planningHost } from '../../host/planning.ts'
import type { Levels } from '../../op/levels.ts'
import type { OperationContext } from '../../op/operation.ts'
import type { Program } from '../command.ts'
import { drawFault, type FaultOptions } from '../outcome.ts'
import type { Terminal } from '../print.ts'
import type { Scope } from './complete.ts'
import type { History } from './history.ts'
import type { LineReader } from './terminal.ts'

export interface SessionOptions<Context extends OperationContext> {
  /** Absolute path of the file that keeps the history. */
  readonly history: string
  /** Words of what this program will do one day, each with what it is called: `{ snapshot: 'snapshots' }`. */
  readonly later?: Readonly<Record<string, string>>
  /** Words that mean another command when they stand alone: `{ apply: ['commit'] }`. */
  readonly alone?: Readonly<Record<string, readonly string[]>>
  /** Places of what is edited, which are menus as well. */
  readonly levels?: Levels<Context>
  /** A mark for the prompt, such as `*` when something is not committed yet. One that fails or takes over a second is left out. */
  promptMark?(context: Context): Promise<string>
}

export interface Session<Context extends OperationContext> extends Scope<Context> {
  readonly program: Program<Context>
  readonly options: SessionOptions<Context>
  readonly terminal: Terminal
  readonly lines: LineReader
  readonly files: Files
  menu: readonly string[]
  history: History
}

export function faultOptions<Context extends OperationContext>({ registry, terminal }: Session<Context>): FaultOptions {
  return { program: registry.program, width: terminal.width, colour: terminal.colour.err, debug: false }
}

export function showFault<Context extends OperationContext>(session: Session<Context>, error: unknown): void {
  session.terminal.err(`${drawFault(error, faultOptions(session))}\n`)
}

const markPatience = 1000

/** A context for looking only: values for completion, the mark of the prompt. */
export async function lookingContext<Context extends OperationContext>(program: Program<Context>, host: Host): Promise<Context> {
  const common = { host: planningHost(host), report: () => undefined, signal: AbortSignal.timeout(markPatience) }
  return program.makeContext({ ...common, dryRun: true, interactive: false, passthrough: false })
}

/** `router.nat*> `: the program, the menu, the mark. */
export async function promptOf<Context extends OperationContext>(session: Session<Context>): Promise<string> {
  const asked = async (): Promise<string> => (await session.options.promptMark?.(await session.makeContext())) ?? ''
  const late = Promise.withResolvers<string>()
  const timer = setTimeout(() => late.resolve(''), markPatience)
  const mark = await Promise.race([asked().catch(() => ''), late.promise])
  clearTimeout(timer)
  return `${[session.registry.program, ...session.menu].join('.')}${mark}> `
}
