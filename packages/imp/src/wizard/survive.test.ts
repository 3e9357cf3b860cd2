/** What the guided configuration does not ask about survives it: for every sample configuration, as it is written and in full. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { localHost } from '@imp/kit/host/local.ts'
import { differences } from '../config/difference.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import { changed } from '../config/sample.ts'
import { answersOf } from './existing.ts'
import { merge } from './merge.ts'
import { DraftAnswers } from './model.ts'
import { nics } from './sample.ts'

const { files } = localHost()
const golden = join(import.meta.dirname, '..', 'config', 'golden')
const documents = new Map<string, RouterConfigInput>(
  await Promise.all(
    (await files.list(golden)).map(
      async (name) => [name, JSON.parse(await files.read(join(golden, name, 'router.json'))) as RouterConfigInput] as const,
    ),
  ),
)
const { everything } = Object.fromEntries(documents)
const rich: RouterConfigInput = {
  ...changed({}),
  dataplane: 'vpp',
  cpu: { main: 1, workers: '2-3' },
  modules: [{ name: 'counter', enabled: false, config: { depth: [1, { b: null }] } }],
  nat64: { prefix: '2001:db8:10:64::/96', pool: '203.0.113.64/30', interfaces: ['lan'], timeouts: { icmp: 9 } },
}

/** Hundreds of peers were looked at above. */
const small = [...documents].filter(([name]) => name !== 'exchange-200-peers').map(([, document]) => document)

/** Documents as they are written and in full, with each top-level part there or not. */
const anyDocument = fc
  .tuple(fc.constantFrom(...small, rich), fc.boolean(), fc.uniqueArray(fc.constantFrom(...Object.keys(RouterConfig.shape))))
  .map(([document, full, gone]) => {
    const keys = new Set(gone.filter((key) => !['schema', 'version', 'hostname'].includes(key)))
    const part = Object.fromEntries(Object.entries(document).filter(([key]) => !keys.has(key))) as RouterConfigInput
    return full ? RouterConfig.parse(part) : part
  })

function kept(before: RouterConfigInput, answers: DraftAnswers): string[] {
  return differences(before, merge(before, answers, nics)).map(({ path }) => path)
}

suite('the answers that a configuration gives already', () => {
  for (const [name, document] of documents) {
    test(`change nothing in ${name}, as it is written and in full`, () => {
      const config = RouterConfig.parse(document)
      assert.deepEqual([kept(document, answersOf(config)), kept(config, answersOf(config))], [[], []])
    })
  }

  test('change nothing, whatever parts there are, also after they were on the disk', () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const answers = answersOf(RouterConfig.parse(document))
        assert.deepEqual(kept(document, answers), [])
        assert.deepEqual(kept(document, DraftAnswers.parse(JSON.parse(JSON.stringify(answers)))), [])
      }),
    )
  })

  test('change nothing, whichever of them a file leaves out', () => {
    const sections = Object.keys(DraftAnswers.shape)
    fc.assert(
      fc.property(anyDocument, fc.subarray(sections), (document, given) => {
        const all = Object.entries(answersOf(RouterConfig.parse(document)))
        assert.deepEqual(kept(document, Object.fromEntries(all.filter(([key]) => given.includes(key)))), [])
      }),
    )
  })
})

suite('an answer that changes', () => {
  const asked: readonly (readonly [section: keyof DraftAnswers, parts: readonly string[]])[] = [
    ['hostname', ['hostname']],
    ['management', ['management']],
    ['external', ['interfaces', 'routes']],
    ['internal', ['interfaces']],
    ['bgp', ['bgp']],
    ['nat', ['nat']],
    ['nat64', ['nat64']],
  ]
  const others: DraftAnswers = {
    hostname: 'other',
    management: 'none',
    external: [],
    internal: [],
    bgp: 'none',
    nat: 'none',
    nat64: 'none',
  }

  test('touches no part but its own', () => {
    fc.assert(
      fc.property(anyDocument, fc.constantFrom(...asked), (document, [section, parts]) => {
        const paths = kept(document, { ...answersOf(RouterConfig.parse(document)), [section]: others[section] })
        assert.deepEqual(
          paths.filter((path) => !parts.some((part) => path === part || path.startsWith(`${part}.`) || path.startsWith(`${part}[`))),
          [],
        )
      }),
    )
  })

  test('keeps what belongs to the member that it changes', () => {
    assert.ok(everything !== undefined)
    const answers = answersOf(RouterConfig.parse(everything))
    const { bgp, external, internal } = answers
    assert.ok(bgp !== undefined && bgp !== 'none')
    const changes: DraftAnswers = {
      ...answers,
      external: external?.map((port) => ({ ...port, addresses: [] })) ?? [],
      internal: internal?.map((port) => ({ ...port, addresses: [] })) ?? [],
      bgp: { ...bgp, asn: 64499, peers: bgp.peers?.map((peer, index) => ({ ...peer, asn: 64600 + index })) ?? [] },
    }
    assert.deepEqual(
      kept(everything, changes).filter((path) => !/^interfaces\.\w+\.addresses$|^bgp\.asn$|^bgp\.peers\.[\w-]+\.asn$/.test(path)),
      [],
    )
  })
})

test('NAT64 keeps the times that nobody is asked for, and goes by none', () => {
  const answers = answersOf(RouterConfig.parse(rich))
  const pool = { ...answers, nat64: { prefix: '64:ff9b::/96', pool: '203.0.113.68/30' } }
  assert.deepEqual(merge(rich, pool, nics).nat64, { ...pool.nat64, timeouts: { icmp: 9 } })
  assert.equal('nat64' in merge(rich, { ...answers, nat64: 'none' }, nics), false)
})

test('gateways and peers are the same however their addresses are written', () => {
  const document: RouterConfigInput = {
    schema: 'imp.router',
    version: 1,
    hostname: 'edge1',
    interfaces: [{ name: 'wan', role: 'external', addresses: ['2001:db8::2/64'] }],
    routes: [{ prefix: '0::/0', via: '2001:DB8::1', distance: 5 }],
    bgp: { asn: 64500, routerId: '192.0.2.2', peers: [{ name: 'a', address: '2001:DB8::1', asn: 64496, bfd: true }] },
  }
  const external = [{ nic: 'wan', name: 'wan', addresses: ['2001:db8::2/64'], gateways: ['2001:db8:0::1'] }]
  const merged = merge(
    document,
    { external, bgp: { asn: 64500, routerId: '192.0.2.2', peers: [{ name: 'b', address: '2001:db8::1', asn: 64496 }] } },
    nics,
  )
  assert.deepEqual(merged.routes, document.routes)
  assert.equal(merged.bgp?.peers?.[0]?.bfd, true)
})
