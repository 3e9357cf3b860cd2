/** Asks at a terminal, by @clack/prompts, which is loaded with the first question. Esc, or `back` where text is typed, goes back. */
import { Writable } from 'node:stream'
import type { Ask, ChoiceQuestion, ConfirmQuestion, Option, Reply, SecretQuestion, SeveralQuestion, TextQuestion } from '../op/ask.ts'
import { printable, wrap } from '../base/width.ts'
import { keysOf, type Keys, type KeyStream, type Typed } from './ask-keys.ts'
import type { Terminal } from './print.ts'

type Prompts = typeof import('@clack/prompts')

/** Word that goes back where text is typed. */
const backWord = 'back'

/** What every question of the library is given. */
interface Channel {
  readonly input: KeyStream['input']
  readonly output: Writable
  readonly signal: AbortSignal
}

/** Standard error with its size, as the library wants to see it. */
function outputOf(terminal: Terminal): Writable {
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      terminal.err(chunk.toString())
      done()
    },
  })
  return Object.defineProperties(output, {
    columns: { get: () => terminal.width },
    rows: { get: () => terminal.height },
    isTTY: { value: true },
  })
}

/** Lines that fit beside the guide of the library. */
function fitted(terminal: Terminal, text: string): string {
  return wrap(printable(text), Math.max(20, terminal.width - 4)).join('\n')
}

interface Asking {
  readonly terminal: Terminal
  readonly signal: AbortSignal
  readonly keys: Keys
  readonly output: Writable
  prompts: Promise<Prompts> | undefined
}

/** The library asks the process for colours: NO_COLOR tells it what the terminal of the command knows. */
function loadPrompts(asking: Asking): Promise<Prompts> {
  if (!asking.terminal.colour.err) {
    delete process.env['FORCE_COLOR']
    process.env['NO_COLOR'] = '1'
  }
  asking.prompts ??= import('@clack/prompts')
  return asking.prompts
}

/** Puts one question; ^C is the signal that it would have been if the terminal had not sent it as a character. */
async function put<T>(
  asking: Asking,
  message: { readonly message: string; readonly help?: string },
  ask: (prompts: Prompts, channel: Channel, message: string) => Promise<T>,
): Promise<Reply<Exclude<T, symbol>>> {
  const { terminal, signal, output } = asking
  const prompts = await loadPrompts(asking)
  if (message.help !== undefined) prompts.log.message(fitted(terminal, message.help), { output, spacing: 1 })
  const stream = asking.keys.start()
  try {
    const value = await ask(prompts, { input: stream.input, output, signal }, fitted(terminal, message.message))
    if (typeof value !== 'symbol') return { reply: 'value', value: value as Exclude<T, symbol> }
    return stream.escaped() && !signal.aborted ? { reply: 'back' } : { reply: 'cancelled' }
  } finally {
    stream.stop()
  }
}

function askText(asking: Asking, question: TextQuestion): Promise<Reply<string>> {
  const { initial, suggested, refuse } = question
  const meant = (typed: string | undefined): string => {
    const text = (typed ?? '').trim()
    return text === '' ? (suggested ?? '') : text
  }
  const validate = (typed: string | undefined): string | undefined => {
    const text = meant(typed)
    const wrong = text === backWord ? undefined : refuse?.(text)
    if (wrong !== undefined) asking.keys.forget()
    return wrong === undefined ? undefined : fitted(asking.terminal, wrong).replaceAll('\n', '\n   ')
  }
  return put(asking, question, async (prompts, channel, message) => {
    const value = await prompts.text({
      ...channel,
      message,
      validate,
      ...(initial === undefined ? {} : { initialValue: initial }),
      ...(suggested === undefined ? {} : { placeholder: suggested, defaultValue: suggested }),
    })
    return typeof value === 'symbol' ? value : meant(value)
  }).then((reply) => (reply.reply === 'value' && reply.value === backWord ? { reply: 'back' } : reply))
}

function optionOf<Value extends string>(option: Option<Value>): { value: string; label: string; hint?: string } {
  const { value, label, note } = option
  return { value, label: printable(label), ...(note === undefined ? {} : { hint: printable(note) }) }
}

/** Lines of a list on the screen: the question, the guide and the keys need some themselves. */
function linesFor(terminal: Terminal): number {
  return Math.max(5, terminal.height - 8)
}

function askChoice<Value extends string>(asking: Asking, question: ChoiceQuestion<Value>): Promise<Reply<Value>> {
  const { options, initial } = question
  return put(asking, question, async (prompts, channel, message) => {
    const value = await prompts.select<string>({
      ...channel,
      message,
      options: options.map(optionOf),
      maxItems: linesFor(asking.terminal),
      ...(initial === undefined ? {} : { initialValue: initial }),
    })
    return value as Value | symbol
  })
}

/** The library knows no validation of several choices: the question is put again with the reason above it. */
async function askSeveral<Value extends string>(asking: Asking, question: SeveralQuestion<Value>): Promise<Reply<readonly Value[]>> {
  const { options, initial, refuse } = question
  const reply = await put(asking, question, async (prompts, channel, message) => {
    const values = await prompts.multiselect<string>({
      ...channel,
      message,
      options: options.map(optionOf),
      initialValues: [...initial],
      required: false,
      maxItems: linesFor(asking.terminal),
    })
    return values as Value[] | symbol
  })
  const wrong = reply.reply === 'value' ? refuse?.(reply.value) : undefined
  if (reply.reply !== 'value' || wrong === undefined) return reply
  asking.keys.forget()
  return askSeveral(asking, { ...question, initial: reply.value, help: wrong })
}

function askConfirm(asking: Asking, question: ConfirmQuestion): Promise<Reply<boolean>> {
  return put(asking, question, (prompts, channel, message) => prompts.confirm({ ...channel, message, initialValue: question.initial }))
}

function askSecret(asking: Asking, question: SecretQuestion): Promise<Reply<string>> {
  const validate = (text: string | undefined): string | undefined => {
    const wrong = question.refuse?.(text ?? '')
    if (wrong !== undefined) asking.keys.forget()
    return wrong
  }
  return put(asking, question, (prompts, channel, message) => prompts.password({ ...channel, message, validate }))
}

/** Asks the person at this terminal until the signal; `typed` is where the keys come from. */
export function askAt(terminal: Terminal, signal: AbortSignal, typed: () => Typed = () => process.stdin): Ask {
  const asking: Asking = { terminal, signal, keys: keysOf(typed), output: outputOf(terminal), prompts: undefined }
  return {
    text: (question) => askText(asking, question),
    choice: (question) => askChoice(asking, question),
    several: (question) => askSeveral(asking, question),
    confirm: (question) => askConfirm(asking, question),
    secret: (question) => askSecret(asking, question),
    tell: (text) => terminal.err(`${printable(text)}\n`),
  }
}
