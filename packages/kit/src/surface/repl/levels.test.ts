import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault } from '../../base/fault.ts'
import { fakeHost } from '../../host/fake.ts'
import type { Level, Levels } from '../../op/levels.ts'
import type { OperationContext } from '../../op/operation.ts'
import { program, registry } from '../fake-router.ts'
import { completeLine, type Scope } from './complete.ts'
import { explainLine } from './explain.ts'
import { readWords, unknownWord } from './levels.ts'
import { vocabularyOf } from './menu.ts'
import type { LineOptions } from './terminal.ts'
import { converse } from './repl.ts'
import { fakeTerminal } from '../sample.ts'

/** A router with one mapping, `web`, that holds a `log`. */
const known: Readonly<Record<string, Level>> = {
  'nat mappings': { inside: [{ word: 'web', summary: 'tcp 80' }], commands: [] },
  'nat mappings web': {
    inside: [{ word: 'log', summary: 'what is written down' }],
    commands: [
      { word: 'copy', summary: 'Add one like it', says: ['nat', 'mappings', 'add'] },
      { word: 'check', summary: 'Check a place', says: ['check'], within: 'nat.web', alone: ['status'] },
    ],
  },
  'nat mappings web log': { inside: [], commands: [] },
}

function levelsOf(there: Readonly<Record<string, Level>>): Levels<OperationContext> {
  return {
    at: async (_, words) => there[words.join(' ')],
    find: async (_, from, place) => {
      if (place === 'nowhere') throw new Fault('not-found', 'there is no nowhere')
      return [...from, ...place.split('.')]
    },
    places: async () => ['nat.web', 'nat.web.log'],
  }
}

const host = fakeHost()
const context = { host, report: () => undefined, signal: AbortSignal.timeout(1000), dryRun: true, interactive: false, passthrough: false }
const vocabulary = await vocabularyOf(registry)

function scope(menu: string, levels = levelsOf(known)): Scope<OperationContext> {
  const words = menu === '' ? [] : menu.split(' ')
  return { registry, vocabulary, menu: words, levels, files: host.files, makeContext: async () => context }
}

describe('words at levels', () => {
  const table: [menu: string, typed: string, words: string | undefined][] = [
    ['', 'nat mappings web', 'menu: nat mappings web'],
    ['nat mappings', 'web', 'menu: nat mappings web'],
    ['nat mappings', 'web log', 'menu: nat mappings web log'],
    ['nat mappings web', 'copy mail', 'nat mappings add mail'],
    ['', 'nat mappings web copy mail', 'nat mappings add mail'],
    ['nat mappings web', 'check', 'status'],
    ['nat mappings web', 'check ports', 'check nat.web.ports'],
    ['nat mappings web', 'check [0]', 'check nat.web[0]'],
    ['nat mappings web', 'status', 'status'],
    ['nat mappings web', 'nat mappings add x', 'nat mappings add x'],
    ['nat mappings', 'mail', undefined],
    ['nat mappings web', 'nothing', undefined],
  ]
  for (const [menu, typed, words] of table)
    test(`${menu}> ${typed}`, async () => {
      const found = await readWords(scope(menu), typed.split(' '))
      const said = found === undefined ? undefined : `${found.at === 'menu' ? 'menu: ' : ''}${found.words.join(' ')}`
      assert.equal(said, words)
    })

  test('a command of the top with a longer name comes before one of the menu that takes the word for a value', async () => {
    const level: Level = { inside: [], commands: [{ word: 'shell', summary: 'Check', says: ['check'] }] }
    const found = await readWords(scope('nat mappings web', levelsOf({ 'nat mappings web': level })), ['shell', 'core'])
    assert.deepEqual(found?.words, ['shell', 'core'])
  })

  test('levels that cannot be looked at do not keep the words of the top away', async () => {
    const broken = { ...levelsOf({}), at: () => Promise.reject(new Fault('state', 'the candidate is broken')) }
    assert.deepEqual((await readWords(scope('nat mappings web', broken), ['status']))?.words, ['status'])
    await assert.rejects(readWords(scope('nat mappings web', broken), ['nothing']), { message: 'the candidate is broken' })
  })

  const wrong: [menu: string, typed: string, message: string, hint: string][] = [
    ['', 'nat mappings wob', 'router nat mappings has no command "wob"', 'did you mean "nat mappings web"?'],
    ['nat mappings', 'wob', 'router nat mappings has no command "wob"', 'did you mean "web"?'],
    ['nat mappings web', 'cop', 'router nat mappings web has no command "cop"', 'did you mean "copy"?'],
    ['nat mappings web', 'xxxx', 'router nat mappings web has no command "xxxx"', 'one of: copy, check, log'],
  ]
  for (const [menu, typed, message, hint] of wrong)
    test(`${menu}> ${typed} is wrong`, async () => {
      const fault = await unknownWord(scope(menu), typed.split(' '))
      assert.deepEqual([fault.message, fault.hint], [message, hint])
    })
})

describe('Tab and ? at levels', () => {
  const table: [menu: string, line: string, words: string[]][] = [
    ['nat mappings', 'w', ['web', 'wait']],
    ['nat mappings web', 'lo', ['log', 'login']],
    ['nat mappings web', 'co', ['copy ']],
    ['nat mappings web', 'copy ma', ['mail ']],
    ['', 'nat mappings we', ['web ']],
    ['', 'nat mappings web c', ['check', 'copy']],
    ['nat', 'edit nat', ['nat.web']],
  ]
  for (const [menu, line, words] of table)
    test(`${menu}> ${line}`, async () => {
      assert.deepEqual((await completeLine(scope(menu), line)).words.toSorted(), words.toSorted())
    })

  test('? shows the words of the level, then those of the top', async () => {
    const text = await explainLine(scope('nat mappings web'), '', { width: 80, colour: false })
    assert.match(text, /^In nat mappings web\n {2}copy +Add one like it\n {2}check +Check a place\n {2}log +what is written down\n/)
    assert.match(text, /From the top\n/)
    assert.match(text, /edit +Go to a place/)
  })

  test('? lists what a word means at the top apart from the values of the command that it is here', async () => {
    const shell = { word: 'shell', summary: 'Check a place', says: ['check'], within: 'nat.web', alone: ['status'] }
    const level = { inside: [], commands: [shell] }
    const text = await explainLine(scope('nat mappings web', levelsOf({ 'nat mappings web': level })), 'shell ', {
      width: 80,
      colour: false,
    })
    assert.match(text, /From the top\n {2}core /)
    assert.equal(text.match(/^ {2}core\b/gm)?.length, 1)
  })
})

describe('a session at levels', () => {
  async function hold(
    lines: readonly string[],
    levels: Levels<OperationContext>,
  ): Promise<{ prompts: string[]; out: string; err: string }> {
    const terminal = fakeTerminal({ interactive: true })
    const left = [...lines]
    const prompts: string[] = []
    const read = async ({ prompt }: LineOptions): Promise<string | undefined> => {
      prompts.push(prompt.slice(0, -2))
      return left.shift()
    }
    await converse(program, { history: '/history', levels, alone: { wait: ['status'] } }, terminal, { read }, fakeHost())
    return { prompts, out: terminal.stdout(), err: terminal.stderr() }
  }

  test('levels are entered and left by all their words', async () => {
    const lines = ['nat', 'mappings', 'web', 'log', 'up', 'back', 'edit web.log', 'top', 'edit nowhere', 'nat mappings web log', 'home']
    const { prompts, err } = await hold(lines, levelsOf(known))
    assert.deepEqual(
      prompts.map((each) => each.replace('router', '')),
      [
        '',
        '.nat',
        '.nat.mappings',
        '.nat.mappings.web',
        '.nat.mappings.web.log',
        '.nat.mappings.web',
        '.nat.mappings',
        '.nat.mappings.web.log',
        '',
        '',
        '.nat.mappings.web.log',
        '',
      ],
    )
    assert.match(err, /^router: there is no nowhere\n$/)
  })

  test('a level that goes away is left', async () => {
    const there: Record<string, Level> = { ...known }
    const lines = ['nat mappings web log', 'edit x']
    const { prompts } = await hold(lines, {
      ...levelsOf(there),
      find: (_, from) => {
        delete there['nat mappings web']
        delete there['nat mappings web log']
        return Promise.resolve(from)
      },
    })
    assert.deepEqual(prompts, ['router', 'router.nat.mappings.web.log', 'router.nat.mappings'])
  })

  test('a word that means something else alone keeps its own meaning otherwise', async () => {
    const { out, err } = await hold(['wait', 'wait x'], levelsOf(known))
    assert.match(out, /^zebra up\n/)
    assert.match(err, /"x" is one word too many/)
  })
})
