import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { suite, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { systemClock } from '../host/local.ts'
import { until } from '../host/until.ts'
import type { Ask } from '../op/ask.ts'
import { askAt } from './ask.ts'
import { fakeTerminal } from './sample.ts'

interface Asked<T> {
  readonly reply: T
  readonly shown: string
}

interface Circumstances {
  readonly signal?: AbortSignal
  /** What is typed when something is seen. */
  readonly later?: readonly [seen: RegExp, keys: string]
}

/** Asks with these keys typed ahead. */
async function ask<T>(keys: string, question: (ask: Ask) => Promise<T>, circumstances: Circumstances = {}): Promise<Asked<T>> {
  const { signal = new AbortController().signal, later } = circumstances
  const typed = new PassThrough()
  const terminal = fakeTerminal({ interactive: true })
  const shown = (): string => stripVTControlCharacters(terminal.stderr())
  typed.write(keys)
  const asked = question(askAt(terminal, signal, () => typed))
  if (later !== undefined) {
    const [seen, more] = later
    await until(systemClock, { timeout: 5000, interval: 5, what: String(seen) }, async () => seen.test(shown()))
    typed.write(more)
  }
  return { reply: await asked, shown: shown() }
}

const colours = [
  { value: 'red', label: 'Red' },
  { value: 'green', label: 'Green', note: 'as grass' },
  { value: 'blue', label: 'Blue' },
] as const
const down = '\u001b[B'

suite('questions at a terminal', () => {
  test('text: typed, suggested, to be changed', async () => {
    const name = (more: object) => (each: Ask) => each.text({ message: 'Name', ...more })
    assert.deepEqual((await ask(' anna \r', name({}))).reply, { reply: 'value', value: 'anna' })
    assert.deepEqual((await ask('\r', name({ suggested: 'ben' }))).reply, { reply: 'value', value: 'ben' })
    assert.deepEqual((await ask('2\r', name({ initial: 'ben' }))).reply, { reply: 'value', value: 'ben2' })
    assert.deepEqual((await ask('\r', name({}))).reply, { reply: 'value', value: '' })
  })

  test('text that is refused is said why and can be mended', async () => {
    const refuse = (text: string): string | undefined => (/^\d+$/.test(text) ? undefined : `${text} is not a number`)
    const { reply, shown } = await ask('12x\rthrown away\r', (each) => each.text({ message: 'Number', help: 'Of anything.', refuse }), {
      later: [/12x is not a number/, '\u007f\r'],
    })
    assert.deepEqual(reply, { reply: 'value', value: '12' })
    assert.match(shown, /Of anything\.[^]*12x is not a number/)
  })

  test('choices and yes or no', async () => {
    const colour = (each: Ask) => each.choice({ message: 'Colour', options: colours, initial: 'green' })
    assert.deepEqual((await ask('\r', colour)).reply, { reply: 'value', value: 'green' })
    assert.deepEqual((await ask(`${down}\r`, colour)).reply, { reply: 'value', value: 'blue' })
    const several = (each: Ask) => each.several({ message: 'Colours', options: colours, initial: ['blue'] })
    assert.deepEqual((await ask(' \r', several)).reply, { reply: 'value', value: ['blue', 'red'] })
    const sure = (each: Ask) => each.confirm({ message: 'Sure?', initial: false })
    assert.deepEqual((await ask('\r', sure)).reply, { reply: 'value', value: false })
    assert.deepEqual((await ask('y', sure)).reply, { reply: 'value', value: true })
  })

  test('several that do not go together are asked for again', async () => {
    const refuse = (values: readonly string[]): string | undefined => (values.length > 1 ? 'one is enough' : undefined)
    const question = (each: Ask) => each.several({ message: 'Colours', options: colours, initial: ['blue'], refuse })
    const { reply, shown } = await ask(' \r', question, { later: [/one is enough[^]*Colours[^]*Blue/, ' \r'] })
    assert.deepEqual(reply, { reply: 'value', value: ['blue'] })
    assert.match(shown, /one is enough/)
  })

  test('a secret is not shown', async () => {
    const { reply, shown } = await ask('hidden\r', (each) => each.secret({ message: 'Password' }))
    assert.deepEqual(reply, { reply: 'value', value: 'hidden' })
    assert.doesNotMatch(shown, /hidden/)
  })

  test('^C and a signal cancel, the word back goes back', async () => {
    const name = (each: Ask) => each.text({ message: 'Name' })
    assert.deepEqual((await ask('an\u0003', name)).reply, { reply: 'cancelled' })
    assert.deepEqual((await ask('', name, { signal: AbortSignal.abort() })).reply, { reply: 'cancelled' })
    assert.deepEqual((await ask('back\r', name)).reply, { reply: 'back' })
  })

  test('Esc goes back', async () => {
    const typed = new PassThrough()
    const asking = askAt(fakeTerminal({ interactive: true }), new AbortController().signal, () => typed)
    const reply = asking.choice({ message: 'Colour', options: colours })
    typed.write('\u001b')
    assert.deepEqual(await reply, { reply: 'back' })
  })

  test('what is typed ahead waits for its question', async () => {
    const { reply } = await ask('one\rtwo\r', async (each) => [
      await each.text({ message: 'First' }),
      await each.text({ message: 'Second' }),
    ])
    assert.deepEqual(
      reply.map((each) => each.reply === 'value' && each.value),
      ['one', 'two'],
    )
  })

  test('the end of the keys cancels', async () => {
    const typed = new PassThrough()
    const asking = askAt(fakeTerminal({ interactive: true }), new AbortController().signal, () => typed)
    const reply = asking.text({ message: 'Name' })
    typed.end()
    assert.deepEqual(await reply, { reply: 'cancelled' })
  })

  test('what is told between questions does not steer the terminal', async () => {
    const { shown } = await ask('', async (each) => each.tell('one\u001b[2Jtwo'))
    assert.equal(shown, 'onetwo\n')
  })
})
