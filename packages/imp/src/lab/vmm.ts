/** `vmm` as a program: every call with `--json`, its events passed on, its answers and faults taken as data from outside. */
import { z } from 'zod'
import { Fault, type FaultCode } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { OperationEvent, Report } from '@imp/kit/base/events.ts'
import type { Argv, Host, Ran } from '@imp/kit/host/host.ts'

/** Milliseconds that a boot or the building of an image may take on a slow machine. */
const patience = 15 * 60_000

export interface Vmm {
  readonly host: Host
  /** Start of its argument vector. */
  readonly argv: Argv
  readonly report: Report
}

const Event = z.discriminatedUnion('event', [
  z.object({ event: z.literal('step'), state: z.enum(['started', 'done', 'failed']), title: z.string() }),
  z.object({
    event: z.literal('progress'),
    title: z.string(),
    done: z.number(),
    total: z.number().exactOptional(),
    unit: z.enum(['bytes', 'items']),
  }),
  z.object({ event: z.literal('log'), level: z.enum(['info', 'warning']), text: z.string() }),
]) satisfies z.ZodType<OperationEvent>

/** An event of `vmm` when the line is one; its output holds other lines too. */
function eventOf(line: string): OperationEvent | undefined {
  if (!line.startsWith('{"event"')) return undefined
  try {
    return Event.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

const Failure = z.looseObject({
  error: z.looseObject({
    code: z.string(),
    message: z.string(),
    hint: z.string().exactOptional(),
    detail: z.string().exactOptional(),
  }),
})

const codes: readonly string[] = ['input', 'not-found', 'conflict', 'state', 'busy', 'denied', 'missing-program', 'timeout', 'unsupported']

/** The fault of `vmm` as one of ours: with its words, under its code where the code means the same for the caller. */
function faultOf(ran: Ran, words: readonly string[]): Fault {
  const text = ran.stdout.trim()
  const failure = text.startsWith('{') ? Failure.safeParse(parseJson(text, 'the answer of vmm')).data?.error : undefined
  if (failure === undefined) {
    const last = ran.stderr.split('\n').filter((line) => eventOf(line) === undefined)
    return new Fault('exec', `vmm ${words[0]} ended with status ${ran.status}`, { detail: last.slice(-20).join('\n') })
  }
  const code = codes.includes(failure.code) ? (failure.code as FaultCode) : 'exec'
  return new Fault(code, `vmm: ${failure.message}`, { hint: failure.hint, detail: failure.detail })
}

/** Every exit status is an answer: that of a failure comes with a reason in JSON. */
const anyStatus = Array.from({ length: 256 }, (_, status) => status)

/** Runs one command of `vmm` and returns its output as a value. Without a signal it runs to its end, as what cleans up must. */
export async function callVmm(
  vmm: Vmm,
  verb: 'query' | 'run',
  words: readonly [string, ...string[]],
  signal?: AbortSignal,
): Promise<unknown> {
  const onLine = (line: string): void => {
    const event = eventOf(line)
    if (event !== undefined) vmm.report(event)
  }
  const options = { timeout: patience, statuses: anyStatus, onLine, ...(signal === undefined ? {} : { signal }) }
  const ran = await vmm.host[verb]([...vmm.argv, '--json', ...words], options)
  if (ran.status !== 0) throw faultOf(ran, words)
  return ran.stdout.trim() === '' ? undefined : parseJson(ran.stdout, `the answer of vmm ${words[0]}`)
}

const Machine = z.looseObject({
  name: z.string(),
  state: z.string(),
  namespace: z.string().nullish(),
  ssh: z.looseObject({ argv: z.tuple([z.string()], z.string()) }).nullish(),
})
export type Machine = z.output<typeof Machine>

/** Every machine of vmm, running or not. */
export async function listMachines(vmm: Vmm): Promise<Machine[]> {
  const listed = await callVmm(vmm, 'query', ['list', '--all'])
  return parse(z.looseObject({ machines: z.array(Machine) }), listed, 'the answer of vmm list').machines
}

/** What vmm knows of a machine; undefined when there is none. */
export async function findMachine(vmm: Vmm, name: string): Promise<Machine | undefined> {
  try {
    return parse(Machine, await callVmm(vmm, 'query', ['show', name]), 'the answer of vmm show')
  } catch (error) {
    if (error instanceof Fault && error.code === 'not-found') return undefined
    throw error
  }
}

/** Image of routers that become guests. */
export const routerImage = 'router'

/** Builds an image that is not there yet; that of routers also when its recipe has changed. */
export async function ensureImage(vmm: Vmm, name: string, signal: AbortSignal): Promise<void> {
  try {
    if (name !== routerImage) return void (await callVmm(vmm, 'query', ['image', 'show', name]))
  } catch (error) {
    if (!(error instanceof Fault && error.code === 'not-found')) throw error
  }
  await callVmm(vmm, 'run', ['image', 'build', name], signal)
}
