import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fakeHost } from '../../host/fake.ts'
import type { OperationContext } from '../../op/operation.ts'
import type { Registry } from '../../op/registry.ts'
import { operations, registry } from '../fake-router.ts'
import { completeLine, type Scope } from './complete.ts'
import { explainLine } from './explain.ts'
import { vocabularyOf } from './menu.ts'

const here = process.cwd()
const host = fakeHost({ files: { [`${here}/a.json`]: '', [`${here}/a b.json`]: '', [`${here}/etc/b.json`]: '', [`${here}/.hidden`]: '' } })
const vocabulary = await vocabularyOf(registry)

function scope(menu: string): Scope<OperationContext> {
  const context = { host, report: () => undefined, signal: AbortSignal.timeout(1000), dryRun: true, interactive: false, passthrough: false }
  const words = menu === '' ? [] : menu.split(' ')
  return { registry, vocabulary, menu: words, levels: undefined, files: host.files, makeContext: async () => context }
}

const top = ['status', 'check', 'login', 'wait', 'shell', 'interfaces', 'nat']
const own = ['back', 'home', 'help', 'exit', 'quit']

describe('Tab', () => {
  const table: [menu: string, line: string, words: string[], typed?: string][] = [
    ['', '', [...top, ...own]],
    ['', 'st', ['status '], 'st'],
    ['', 'nat ', ['mappings ']],
    ['', 'nat mappings ', ['list', 'ls', 'add', 'delete']],
    ['', 'nat mappings add ', ['web', 'mail', `'two words'`]],
    ['', 'nat mappings add tw', [`'two words' `], 'tw'],
    ['', `nat mappings add 'tw`, [`'two words' `], `'tw`],
    ['', 'nat mappings add web --protocol=', ['--protocol=tcp', '--protocol=udp'], '--protocol='],
    ['', 'nat mappings add web --pr', ['--protocol '], '--pr'],
    ['nat', '', ['mappings', ...top, ...own]],
    ['nat', 'mappings de', ['delete '], 'de'],
    ['nat mappings', 'l', ['list', 'ls', 'login'], 'l'],
    ['nat mappings', 'add m', ['mail '], 'm'],
    ['nat mappings', 'interfaces e', ['external '], 'e'],
    ['interfaces', 'mappings ', []],
    ['nat', 'help ', ['mappings', ...top]],
    ['nat', 'help mappings a', ['add '], 'a'],
    ['nat', '--json mappings a', ['add '], 'a'],
    ['', 'check ', [`'a b.json'`, 'a.json', 'etc/']],
    ['', 'check e', ['etc/'], 'e'],
    ['', 'check etc/', ['etc/b.json '], 'etc/'],
    ['', 'check .', ['.hidden '], '.'],
    ['', 'check nowhere/', [], 'nowhere/'],
    ['', 'status | ', ['match', 'except', 'find', 'last', 'count', 'json', 'save', 'no-more']],
    ['', 'status | save e', ['etc/'], 'e'],
    ['', 'status | co', ['count '], 'co'],
    ['', 'status | match a', [], 'a'],
  ]
  for (const [menu, line, words, typed = ''] of table)
    test(`${menu}> ${line}`, async () => {
      const found = await completeLine(scope(menu), line)
      assert.deepEqual({ words: found.words.toSorted(), typed: found.typed }, { words: words.toSorted(), typed })
    })
})

describe('names of many parts come part by part', () => {
  const places = [
    'mtu',
    'bgp',
    'bgp.asn',
    'bgp.peers',
    'bgp.peers.a',
    'nat',
    ...Array.from({ length: 90 }, (_, index) => `nat.pools[${index}]`),
  ]
  const set = { ...operations.addMapping, path: ['set'] as [string], complete: { name: () => places } }
  const rooms = [{ title: 'Candidate', words: ['set'], load: () => Promise.resolve([set]) }]
  const candidate: Registry<OperationContext> = { program: 'router', summary: 'a program', rooms }
  const at = async (): Promise<Scope<OperationContext>> => ({
    ...scope(''),
    registry: candidate,
    vocabulary: await vocabularyOf(candidate),
  })
  const table: [string, string[]][] = [
    ['set ', ['mtu', 'bgp', 'nat']],
    ['set m', ['mtu ']],
    ['set b', ['bgp']],
    ['set bgp.', ['bgp.asn', 'bgp.peers']],
    ['set bgp.peers.', ['bgp.peers.a ']],
  ]
  for (const [line, words] of table) test(line, async () => assert.deepEqual((await completeLine(await at(), line)).words, words))
  test('? shows no more than somebody reads', async () => {
    const text = await explainLine(await at(), 'set nat.', { width: 80, colour: false })
    assert.match(text, /nat\.pools\[59\]\n {2}\.\.\. +and 30 more: type the beginning of one$/m)
  })
})

describe('?', () => {
  const table: [menu: string, line: string, has: RegExp[], hasNot: RegExp[]][] = [
    ['', '', [/^ {2}status +Show what runs$/m, /^ {2}nat +mappings \.\.\.$/m, /^ {2}back /m], [/In nat/, /debug/]],
    ['', 'st', [/status/], [/nat/, /back/]],
    ['nat', '', [/^In nat\n {2}mappings +list, add, delete \.\.\.\nFrom the top\n {2}status, check,/], [/debug/]],
    ['nat', 'mappings ', [/^ {2}list +List mappings$/m, /^ {2}delete /m], [/^ {2}ls/m, /status/]],
    ['nat mappings', 'add ', [/NAME +its name/, /web/, /mail/, /--protocol +protocol \(one of: tcp, udp/], [/Enter/, /--json/]],
    ['', 'nat mappings add web ', [/Enter +Add a mapping/, /--protocol/], [/NAME/]],
    ['', 'nat mappings add web --protocol ', [/--protocol +protocol/, /tcp/, /udp/], [/Enter/]],
    ['', 'nat mappings add web --j', [/--json/], [/--protocol/]],
    ['', 'status | ', [/match REGEX +keep/, /json/], [/nat/]],
    ['', 'status now ', [/nothing can come here|--/], [/Enter/]],
    ['', 'help nat ', [/mappings/], [/status/]],
  ]
  for (const [menu, line, has, hasNot] of table)
    test(`${menu}> ${line}?`, async () => {
      const text = await explainLine(scope(menu), line, { width: 80, colour: false })
      for (const each of has) assert.match(text, each)
      for (const each of hasNot) assert.doesNotMatch(text, each)
    })
  test('words that lead nowhere', async () => {
    await assert.rejects(explainLine(scope(''), 'nat mapings ', { width: 80, colour: false }), { hint: 'did you mean "nat mappings"?' })
  })
})
