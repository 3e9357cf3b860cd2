import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { array, assert as holds, integer, property } from 'fast-check'
import { Fault } from '@imp/kit/base/fault.ts'
import { contains, formatAddress, parseAddress, parsePrefix, sizeOf } from '@imp/kit/base/ip.ts'
import { fakeHost, type FakeHost } from '@imp/kit/host/fake.ts'
import { changed, onlyNat } from '../../config/sample.ts'
import { renderNat } from '../../nat/render.ts'
import { networksOf, retranslate, retranslated } from './flows.ts'

function table(inside: string, outside: string): string {
  return renderNat(changed(onlyNat(inside, outside))) ?? assert.fail()
}

/** The same element as we write it and as the kernel lists it. */
const [written, listing] = ['192.168.0.2 : 203.0.113.97 . 80-80', '192.168.0.2 : 203.0.113.97 . 80,']

suite('hosts that are translated otherwise', () => {
  test('are all, when the pool moves', () => {
    assert.equal(retranslated(table('192.168.0.0/24', '203.0.113.96/30'), table('192.168.0.0/24', '203.0.113.100/30')).length, 256)
  })

  test('are none when the network and its pool double, and those that go when they are halved', () => {
    const [small, large] = [table('192.168.0.0/24', '203.0.113.96/30'), table('192.168.0.0/23', '203.0.113.96/29')]
    assert.deepEqual(retranslated(small, large), [])
    assert.deepEqual(networksOf(retranslated(large, small)), ['192.168.1.0/24'])
    assert.deepEqual(networksOf(retranslated(small, '')), ['192.168.0.0/24'])
  })

  test('are told by what is said, however it is spelt', () => {
    assert.deepEqual(retranslated(listing, written), [])
    assert.deepEqual(retranslated(listing, written.replaceAll('80', '81')), ['192.168.0.2'])
  })
})

test('networks hold every address, no other when they may be many, and are never more than allowed', () => {
  const addresses = array(integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 60 })
  holds(
    property(addresses, integer({ min: 1, max: 8 }), (offsets, most) => {
      const inside = offsets.map((offset) => formatAddress({ family: 4, value: 0x0a_00_00_00n + BigInt(offset) }))
      const holdsAll = (networks: readonly string[]): boolean =>
        inside.every((text) => networks.some((network) => contains(parsePrefix(network), parseAddress(text))))
      const few = networksOf(inside, most)
      assert.ok(few.length <= most && holdsAll(few))
      const exact = networksOf(inside, 1000)
      assert.ok(holdsAll(exact))
      assert.equal(
        exact.reduce((sum, network) => sum + sizeOf(parsePrefix(network)), 0n),
        BigInt(new Set(inside).size),
      )
    }),
  )
})

suite('a change of the translation', () => {
  const [before, after] = ['192.168.0.2 : 203.0.113.97 . 80', '192.168.0.2 : 203.0.113.97 . 90-99']
  const load = ['nft', '-f', '-'] as const
  const end = 'conntrack -D -f ipv4 -s 192.168.0.2/32 --src-nat'

  test('ends the flows of the hosts that it concerns, after it', async () => {
    const host = fakeHost({ answers: { 'conntrack --version': 'conntrack v1.4.7' } })
    await retranslate(host, { before, after }, async () => void (await host.run(load)))
    assert.deepEqual(host.changes, ['nft -f -', end])
  })

  test('changes nothing where flows could not be ended', async () => {
    const host: FakeHost = { ...fakeHost(), query: () => Promise.reject(new Fault('missing-program', 'conntrack is not installed')) }
    const change = async (): Promise<void> => void (await host.run(load))
    await assert.rejects(retranslate(host, { before, after: null }, change), { code: 'missing-program' })
    assert.deepEqual(host.changes, [])
    await retranslate(host, { before, after: null, back: true }, change)
    assert.deepEqual(host.changes, ['nft -f -'])
  })

  test('needs no conntrack when it concerns nobody', async () => {
    const host = fakeHost()
    for (const [was, will] of [
      [null, after],
      [before, before],
      ['', null],
    ] as const) {
      await retranslate(host, { before: was, after: will }, async () => void (await host.run(load)))
    }
    assert.deepEqual(host.changes, ['nft -f -', 'nft -f -', 'nft -f -'])
  })
})
