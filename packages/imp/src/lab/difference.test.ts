import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LabDefinition, LinkDefinition, NodeDefinition } from './definition.ts'
import { differenceOf, noDamage } from './difference.ts'

function node(name: string, kind: NodeDefinition['kind'], more: Partial<NodeDefinition> = {}): NodeDefinition {
  return { name, kind, realised: 'namespace', because: [], daemons: [], exec: [], files: [], directory: '/lab', ...more }
}

function link(a: string, b: string, more: Partial<LinkDefinition> = {}): LinkDefinition {
  const end = (text: string) => ({ node: text.split(':')[0] ?? '', interface: text.split(':')[1] ?? '' })
  return { ends: [end(a), end(b)], relayed: false, ...more }
}

const delayed = { impairment: { delayMs: 20, jitterMs: 0, loss: 0 } }

/** client - edge - core - server, edge and core being routers. */
const chain: LabDefinition = {
  name: 'chain',
  file: '/lab/lab.yaml',
  nodes: [
    node('client', 'host', { exec: [{ words: ['true'], background: false }] }),
    node('edge', 'router', { startup: '{}' }),
    node('core', 'frr', { startup: 'one' }),
    node('server', 'microvm', { realised: 'guest', image: 'debian' }),
  ],
  links: [link('client:eth1', 'edge:lan'), link('edge:wan', 'core:wan'), link('core:lan', 'server:eth1')],
  verify: [],
}

function changed(lab: Partial<LabDefinition>): LabDefinition {
  return { ...chain, ...lab }
}

function replaced(name: string, more: Partial<NodeDefinition>): LabDefinition {
  return changed({ nodes: chain.nodes.map((each) => (each.name === name ? { ...each, ...more } : each)) })
}

interface Row {
  readonly what: string
  readonly next: LabDefinition
  readonly damage?: Parameters<typeof differenceOf>[2]
  readonly kept: string
  readonly linksNew: number
}

const [first, second, third] = chain.links as [LinkDefinition, LinkDefinition, LinkDefinition]

const table: readonly Row[] = [
  { what: 'nothing changed', next: chain, kept: 'client edge core server', linksNew: 0 },
  { what: 'another router configuration', next: replaced('edge', { startup: '{"a":1}' }), kept: 'client edge core server', linksNew: 0 },
  { what: 'another FRR configuration', next: replaced('core', { startup: 'two' }), kept: 'client edge core server', linksNew: 0 },
  {
    what: 'other commands of a host',
    next: replaced('client', { exec: [] }),
    kept: 'edge core server',
    linksNew: 1,
  },
  { what: 'a router becomes a guest', next: replaced('edge', { realised: 'guest' }), kept: 'core server', linksNew: 2 },
  {
    what: 'impairment between routers',
    next: changed({ links: [first, { ...second, ...delayed }, third] }),
    kept: 'client edge core server',
    linksNew: 1,
  },
  {
    what: 'impairment at a guest, whose card is made anew',
    next: changed({ links: [first, second, { ...third, ...delayed }] }),
    kept: 'client edge core',
    linksNew: 1,
  },
  { what: 'a link goes', next: changed({ links: [first, third] }), kept: 'client edge core server', linksNew: 0 },
  {
    what: 'a node goes',
    next: changed({ nodes: chain.nodes.slice(1), links: [second, third] }),
    kept: 'edge core server',
    linksNew: 0,
  },
  {
    what: 'a damaged node',
    next: chain,
    damage: { ...noDamage, nodes: new Set(['core']) },
    kept: 'client edge',
    linksNew: 2,
  },
  { what: 'a damaged link at a host', next: chain, damage: { ...noDamage, links: [first] }, kept: 'edge core server', linksNew: 1 },
]

for (const { what, next, damage, kept, linksNew } of table) {
  test(`difference: ${what}`, () => {
    const found = differenceOf(chain, next, damage)
    assert.equal(found.nodesKept.map((each) => each.name).join(' '), kept)
    assert.equal(found.linksNew.length, linksNew)
    const names = (nodes: readonly NodeDefinition[]): string[] => nodes.map((each) => each.name)
    assert.deepEqual(
      names(next.nodes).toSorted(),
      [...names(found.nodesKept), ...names(found.nodesNew)].toSorted(),
      'every node kept or new',
    )
    assert.equal(chain.links.length - found.linksGone.length + found.linksNew.length, next.links.length, 'every link stays or is new')
  })
}

test('without a running lab everything is new', () => {
  assert.deepEqual(differenceOf(undefined, chain).nodesNew, chain.nodes)
  assert.deepEqual(differenceOf(undefined, chain).linksNew, chain.links)
})
