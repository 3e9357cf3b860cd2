import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { registry } from '../fake-router.ts'
import { fakeHost } from '../../host/fake.ts'
import { unknownWord } from './levels.ts'
import { nextWords, placeOf, vocabularyOf } from './menu.ts'

const vocabulary = await vocabularyOf(registry)
const split = (words: string): string[] => words.split(' ').filter((word) => word !== '')

describe('where words lead', () => {
  const table: [menu: string, typed: string, at: string | undefined, words?: string][] = [
    ['', 'status', 'command', 'status'],
    ['', 'nat', 'menu', 'nat'],
    ['', 'nat mappings', 'menu', 'nat mappings'],
    ['', 'nat mappings list', 'command', 'nat mappings list'],
    ['nat', 'mappings', 'menu', 'nat mappings'],
    ['nat', 'mappings add web', 'command', 'nat mappings add web'],
    ['nat mappings', 'ls', 'command', 'nat mappings ls'],
    ['nat', 'debug', 'command', 'nat debug'],
    // From the top, though we stand elsewhere.
    ['nat mappings', 'interfaces external show', 'command', 'interfaces external show'],
    ['nat', 'nat mappings', 'menu', 'nat mappings'],
    ['nat', 'interfaces', 'menu', 'interfaces'],
    ['nat', 'nothing', undefined],
    ['', 'nat nothing', undefined],
    ['interfaces', 'mappings', undefined],
  ]
  for (const [menu, typed, at, words] of table)
    test(`${menu}> ${typed}`, () => {
      const place = placeOf(vocabulary, split(menu), split(typed))
      assert.equal(place?.at, at)
      assert.equal(place?.words.join(' '), words)
    })
})

test('the words that may follow, with what follows them', () => {
  const [first] = nextWords(vocabulary, ['nat'])
  assert.deepEqual([first?.word, first?.operation, first?.below], ['mappings', undefined, ['list', 'add', 'delete']])
  const below = nextWords(vocabulary, ['nat', 'mappings'])
  assert.deepEqual(
    below.map(({ word, alias }) => [word, alias]),
    [
      ['list', false],
      ['ls', true],
      ['add', false],
      ['delete', false],
    ],
  )
  assert.deepEqual(nextWords(vocabulary, ['nat', 'debug']), [])
})

const makeContext = async () => ({
  host: fakeHost(),
  report: () => undefined,
  signal: AbortSignal.timeout(1000),
  dryRun: true,
  interactive: false,
  passthrough: false,
})

describe('a wrong word is named at its level, with what was meant', () => {
  const table: [menu: string, typed: string, message: string, hint: string][] = [
    ['', 'stauts', 'router has no command "stauts"', 'did you mean "status"?'],
    ['', 'nat mapings', 'router nat has no command "mapings"', 'did you mean "nat mappings"?'],
    ['', 'nat mappings lst', 'router nat mappings has no command "lst"', 'did you mean "nat mappings list"?'],
    ['nat', 'mappings lst', 'router nat mappings has no command "lst"', 'did you mean "mappings list"?'],
    ['nat mappings', 'dlete', 'router nat mappings has no command "dlete"', 'did you mean "delete"?'],
    ['nat mappings', 'stauts', 'router nat mappings has no command "stauts"', 'did you mean "status"?'],
    ['nat', 'interfaces exernal', 'router interfaces has no command "exernal"', 'did you mean "interfaces external"?'],
    ['', 'bakc', 'router has no command "bakc"', 'did you mean "back"?'],
    ['', 'hom', 'router has no command "hom"', 'did you mean "home"?'],
  ]
  for (const [menu, typed, message, hint] of table)
    test(`${menu}> ${typed}`, async () => {
      const fault = await unknownWord({ vocabulary, menu: split(menu), levels: undefined, makeContext }, split(typed))
      assert.deepEqual([fault.code, fault.message, fault.hint], ['input', message, hint])
    })
})
