/** Where the value of a secret comes from: the person at the terminal, or standard input; never an argument, which everybody sees. */
import { Fault } from '@imp/kit/base/fault.ts'
import { SecretValue } from './model.ts'

/** Far above any secret: who pipes a whole file in by accident gets an answer at once. */
const most = 4096

/** What a stream brings until it ends, without the newline that `echo` and editors add. An `input` fault when it is no secret by its length. */
export async function readAll(input: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > most) throw new Fault('input', `standard input holds more than ${most} bytes`, { hint: 'give the secret alone' })
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}

function refuse(text: string): string | undefined {
  return SecretValue.safeParse(text).error?.issues[0]?.message
}

/** A value that may be stored. The `input` fault does not repeat it, as findings of a schema would. */
export function checkedValue(text: string, name: string): string {
  const problem = refuse(text)
  if (problem !== undefined) throw new Fault('input', `the value of ${name} ${problem}`)
  return text
}

/** What is needed of a context: somebody to ask, or the knowledge that nobody is there. */
export interface Asked {
  readonly interactive: boolean
  readonly ask?: {
    secret(question: {
      readonly message: string
      readonly refuse: (text: string) => string | undefined
    }): Promise<{ readonly reply: 'value'; readonly value: string } | { readonly reply: 'back' } | { readonly reply: 'cancelled' }>
  }
}

/** Asks for the value where a person can be asked, and reads it from standard input elsewhere. */
export async function readValue({ ask, interactive }: Asked, name: string): Promise<string> {
  if (!interactive) return readAll(process.stdin)
  if (ask === undefined)
    throw new Fault('input', 'nobody can be asked here without showing the answer', { hint: `imp secret set ${name} < FILE` })
  const reply = await ask.secret({ message: `Value of ${name}`, refuse })
  if (reply.reply !== 'value') throw new Fault('input', 'no value was given')
  return reply.value
}
