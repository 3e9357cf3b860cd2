import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { RouterConfigInput } from '../config/model.ts'
import { commandsAt, follow, levelOf, pathsBelow, placeAt, topOf, type Place } from './levels.ts'

const document: RouterConfigInput = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge1',
  interfaces: [
    { name: 'external', role: 'external', addresses: ['198.51.100.2/30'] },
    { name: 'lan', role: 'internal', ospf: {}, subinterfaces: [{ vlan: 40 }] },
  ],
  routes: [{ prefix: '0.0.0.0/0', via: '198.51.100.1' }],
  nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.0/28' }] },
  bgp: { asn: 64500, routerId: '203.0.113.1', peers: [{ name: 'transit', address: '198.51.100.1', asn: 64496 }] },
}

function at(...words: string[]): Place {
  return placeAt(document, words) ?? assert.fail(words.join(' '))
}

/** What a command of a level says from the top. */
function says(place: Place, word: string): string[] {
  const { says: whole, alone } = commandsAt(place).find((each) => each.word === word) ?? assert.fail(word)
  return [whole.join(' '), ...(alone === undefined ? [] : [alone.join(' ')])]
}

suite('levels of the candidate', () => {
  test('members of lists come with what they are', () => {
    assert.deepEqual(levelOf(at('interfaces')).inside, [
      { word: 'external', summary: '198.51.100.2/30' },
      { word: 'lan', summary: 'internal' },
      { word: 'internal', summary: 'lan, the only one that is internal' },
    ])
    assert.deepEqual(
      levelOf(at('interfaces', 'lan', 'subinterfaces')).inside.map(({ word }) => word),
      ['40'],
    )
    assert.deepEqual(
      levelOf(at('nat', 'mappings')).inside.map(({ word }) => word),
      ['192.168.0.0/24'],
    )
  })

  test('the only member of a role goes by that as well, and its commands by its name', () => {
    const lan = at('interfaces', 'internal')
    assert.deepEqual(
      [lan.path, lan.words],
      [
        ['interfaces', 'lan'],
        ['interfaces', 'internal'],
      ],
    )
    assert.deepEqual(says(lan, 'show'), ['config show', 'interfaces show lan'])
    assert.deepEqual(at('interfaces', 'internal', 'ospf').path, ['interfaces', 'lan', 'ospf'])
    const two = { ...document, interfaces: [...(document.interfaces ?? []), { name: 'dmz', role: 'internal' as const }] }
    assert.equal(placeAt(two, ['interfaces', 'internal']), undefined)
  })

  test('fields that have parts are levels, values are none', () => {
    const inside = levelOf(at('bgp', 'peers', 'transit')).inside.map(({ word }) => word)
    assert.deepEqual(inside, ['password', 'import', 'export'])
    assert.equal(placeAt(document, ['interfaces', 'lan', 'mtu']), undefined)
    assert.equal(placeAt(document, ['interfaces', 'wan']), undefined)
    assert.ok(levelOf(at('interfaces', 'external')).inside.some(({ word }) => word === 'ospf'))
  })

  const spoken: [words: string[], command: string, whole: string, alone?: string][] = [
    [['interfaces', 'lan'], 'show', 'config show', 'interfaces show lan'],
    [['interfaces', 'lan', 'ospf'], 'show', 'config show', 'config show interfaces.lan.ospf'],
    [['interfaces', 'lan', 'subinterfaces'], 'add', 'interfaces subinterfaces add lan'],
    [['interfaces', 'lan', 'subinterfaces'], 'list', 'interfaces subinterfaces list lan'],
    [['interfaces', 'lan', 'subinterfaces', '40'], 'show', 'config show', 'interfaces subinterfaces show lan 40'],
    [['interfaces', 'lan', 'addresses'], 'add', 'interfaces addresses add lan'],
    [['bgp', 'peers', 'transit'], 'show', 'config show', 'bgp peers show transit'],
    [['bgp', 'peers', 'transit', 'export', 'announced'], 'show', 'config show', 'config show bgp.peers.transit.export.announced'],
    [['bgp'], 'delete', 'delete'],
    [['bgp'], 'edit', 'edit', 'edit bgp'],
    [['interfaces'], 'edit', 'edit', 'edit interfaces'],
    [['interfaces', 'lan', 'ospf'], 'edit', 'edit', 'edit interfaces.lan.ospf'],
  ]
  for (const [words, command, whole, alone] of spoken)
    test(`${words.join(' ')}> ${command} is ${alone ?? whole}`, () => {
      assert.deepEqual(says(at(...words), command), alone === undefined ? [whole] : [whole, alone])
    })

  test('places are relative to what paths call the member', () => {
    const within = (...words: string[]) => commandsAt(at(...words)).find(({ word }) => word === 'set')?.within
    assert.equal(within('interfaces', 'lan', 'subinterfaces', '40'), 'interfaces.lan.subinterfaces["40"]')
    assert.equal(within('routes', '0.0.0.0/0'), 'routes["0.0.0.0/0"]')
    assert.equal(within('nat', 'mappings', '192.168.0.0/24'), 'nat.mappings[0]')
  })

  test('the words of operations are enough at the top, in sections and their lists, but for the editor of the place', () => {
    assert.deepEqual(commandsAt(at()), [])
    for (const words of [['interfaces'], ['nat', 'mappings']])
      assert.deepEqual(
        commandsAt(at(...words)).map(({ word }) => word),
        ['edit'],
      )
  })

  test('a path leads to its level, from the top and from where one is', () => {
    const top = topOf(document)
    assert.deepEqual(follow(top, ['interfaces', 'lan', 'ospf']).words, ['interfaces', 'lan', 'ospf'])
    assert.deepEqual(follow(at('interfaces', 'lan'), ['subinterfaces', '40']).words, ['interfaces', 'lan', 'subinterfaces', '40'])
    assert.deepEqual(follow(top, ['nat', 'mappings', 0]).words, ['nat', 'mappings', '192.168.0.0/24'])
    assert.deepEqual(follow(top, ['policyRoutes']).words, ['policy-routes'])
    assert.throws(() => follow(top, ['interfaces', 'lann']), { code: 'not-found', hint: 'did you mean lan?' })
    assert.throws(() => follow(top, ['interfaces', 'lan', 'mtu']), { code: 'input', hint: 'set interfaces.lan.mtu VALUE changes it' })
  })

  test('the paths of all levels, for completion', () => {
    const paths = pathsBelow(at('bgp'))
    assert.ok(paths.includes('peers.transit.export') && paths.includes('announced'))
    assert.ok(pathsBelow(topOf(document)).includes('routes["0.0.0.0/0"]'))
  })
})
