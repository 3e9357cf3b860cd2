import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { RouterConfigInput } from '../config/model.ts'
import { entriesOf, findEntry, membersAt, newMember, placeOf, replaceAt, segmentOf, withoutMember } from './entry.ts'
import { lists, wordsOf, type Listed } from './schema.ts'

const document: RouterConfigInput = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge1',
  interfaces: [
    { name: 'wan', role: 'external' },
    { name: 'lan', role: 'internal', subinterfaces: [{ vlan: 7 }, { vlan: 7, innerVlan: 9 }, { vlan: 8, name: 'guests' }] },
  ],
  loopbacks: [{ instance: 0 }, { instance: 2, name: 'router-id' }],
  nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.0/28' }] },
  bgp: { asn: 64500, routerId: '203.0.113.1', announced: ['203.0.113.0/24'] },
}

function list(words: string): Listed {
  return lists.find((each) => wordsOf(each).join(' ') === words) ?? assert.fail(words)
}

function members(words: string, owner?: string): readonly unknown[] {
  return membersAt(document, placeOf(document, list(words), owner))
}

suite('members of lists', () => {
  const called: [words: string, owner: string | undefined, names: string[]][] = [
    ['interfaces', undefined, ['wan', 'lan']],
    ['loopbacks', undefined, ['0', 'router-id']],
    ['interfaces subinterfaces', 'lan', ['[0]', '[1]', 'guests']],
    ['interfaces subinterfaces', 'wan', []],
    ['nat mappings', undefined, ['192.168.0.0/24']],
    ['bgp announced', undefined, ['203.0.113.0/24']],
    ['nat bypass', undefined, []],
  ]
  for (const [words, owner, names] of called)
    test(`${words} ${owner ?? ''} are called ${names.join(', ')}`, () => {
      assert.deepEqual(
        entriesOf(list(words), members(words, owner)).map(({ name }) => name),
        names,
      )
    })

  test('a member is found by its name, its key and its number', () => {
    const loopbacks = list('loopbacks')
    for (const word of ['router-id', '2', '[1]']) assert.equal(findEntry(loopbacks, members('loopbacks'), word).index, 1, word)
  })

  test('a word for several is refused with their numbers, one for none with what is near', () => {
    assert.throws(() => findEntry(list('interfaces subinterfaces'), members('interfaces subinterfaces', 'lan'), '7'), {
      code: 'input',
      hint: 'call one by its number: [0], [1]',
    })
    assert.throws(() => findEntry(list('interfaces'), members('interfaces'), 'wn'), { code: 'not-found', hint: 'did you mean wan?' })
    assert.throws(() => placeOf(document, list('interfaces subinterfaces'), 'lna'), { code: 'not-found' })
  })

  test('places call a member by its key where paths know it', () => {
    const segment = (words: string, word: string) => segmentOf(list(words), findEntry(list(words), members(words), word))
    assert.equal(segment('interfaces', 'lan'), 'lan')
    assert.equal(segment('loopbacks', '0'), '0')
    assert.equal(segment('nat mappings', '192.168.0.0/24'), 0)
  })
})

suite('members come and go', () => {
  test('numbers are given from the first free one, which the schema or its example tells', () => {
    assert.deepEqual(newMember(list('loopbacks'), members('loopbacks'), { name: 'x' }), { instance: 1, name: 'x' })
    assert.deepEqual(newMember(list('bridges'), [], { members: [{ interface: 'lan' }] }), { id: 100, members: [{ interface: 'lan' }] })
  })

  test('the same name comes once', () => {
    assert.throws(() => newMember(list('interfaces'), members('interfaces'), { name: 'wan', role: 'internal' }), { code: 'conflict' })
    assert.throws(() => newMember(list('bgp announced'), members('bgp announced'), '203.0.113.0/24'), { code: 'conflict' })
    assert.throws(() => newMember(list('loopbacks'), members('loopbacks'), { instance: 0 }), { code: 'conflict' })
  })

  test('fields come in the order of the schema', () => {
    const member = newMember(list('interfaces'), [], { addresses: [], role: 'internal', name: 'x' })
    assert.deepEqual(Object.keys(member as object), ['name', 'role', 'addresses'])
  })

  test('the last of a list that must not be empty stays', () => {
    assert.throws(() => withoutMember(list('nat mappings'), members('nat mappings'), '192.168.0.0/24'), {
      code: 'state',
      hint: /imp nat disable$/,
    })
    assert.deepEqual(withoutMember(list('bgp announced'), members('bgp announced'), '203.0.113.0/24'), [])
  })

  test('a list is made where there is none, and nothing else changes', () => {
    const place = placeOf(document, list('interfaces subinterfaces'), 'wan')
    const after = replaceAt(document, place, [{ vlan: 1 }])
    assert.deepEqual(after.interfaces?.[0], { name: 'wan', role: 'external', subinterfaces: [{ vlan: 1 }] })
    assert.equal(after.interfaces?.[1], document.interfaces?.[1])
    const bare: RouterConfigInput = { schema: 'imp.router', version: 1, hostname: 'edge1' }
    const mappings = [{ inside: '192.168.0.0/24', outside: '203.0.113.0/28' }]
    assert.deepEqual(replaceAt(bare, ['nat', 'mappings'], mappings).nat, { mappings })
  })
})
