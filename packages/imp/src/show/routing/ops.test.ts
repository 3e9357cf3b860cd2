import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { z } from 'zod'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { invoke, type AnyOperation } from '@imp/kit/op/operation.ts'
import { encode, type DocumentKind } from '@imp/kit/store/document.ts'
import { changed } from '../../config/sample.ts'
import type { ImpContext } from '../../context.ts'
import { impContextOn } from '../../sample.ts'
import { operations } from './ops.ts'

const envelope: DocumentKind<z.ZodObject> = { schema: 'imp.running', version: 1, fields: z.looseObject({}) }
const made = { links: [], rules: [], tables: [] }

/** A router without any daemon. */
function routerWith(changes: Parameters<typeof changed>[0]): Record<string, string> {
  const running = encode(envelope, { appliedAt: '2026-03-01T12:00:00.000Z', config: changed(changes), made })
  return { '/state/dataplane/running.json': running, '/run/netns/dataplane': '' }
}

function find(word: string): AnyOperation<ImpContext> {
  return operations.find(({ path }) => path[1] === word) ?? assert.fail(word)
}

async function show(word: string, files: Record<string, string>): Promise<string> {
  const context = impContextOn(fakeHost({ files }), { stateDirectory: '/state' })
  const answer = await invoke(find(word), context, {})
  assert.ok(answer.answer === 'result')
  return find(word).view?.(answer.value, { width: 80, colour: false }) ?? ''
}

suite('a daemon that does not run', () => {
  const ospf = { routerId: '203.0.113.1' }

  test('is told where the configuration wants it: it is no router without neighbours', async () => {
    await assert.rejects(show('bgp', routerWith({})), { code: 'state', message: /^bgpd does not run in namespace dataplane$/ })
    await assert.rejects(show('ospf', routerWith({ ospf })), { code: 'state', message: /^ospfd does not run/ })
    await assert.rejects(show('routes', routerWith({})), { code: 'state', message: /^zebra does not run/ })
  })

  test('is not missed where the router does not speak its protocol', async () => {
    assert.equal(await show('bgp', routerWith({ bgp: undefined })), 'no BGP sessions')
    assert.equal(await show('bgp', { '/run/netns/dataplane': '' }), 'no BGP sessions')
    assert.match(await show('ospf', routerWith({ ospf: undefined })), /^no OSPF neighbours/)
  })
})

suite('candidates for shells come from the running configuration', () => {
  const peers = (files: Record<string, string>) => {
    const complete = find('bgp').complete as Record<string, (context: ImpContext) => Promise<string[]>>
    return complete['peer']?.(impContextOn(fakeHost({ files }), { dryRun: true, stateDirectory: '/state' }))
  }

  test('peers by name and address', async () => {
    assert.deepEqual(await peers(routerWith({})), ['transit', '198.51.100.1', 'transit6', '2001:db8:ffff::1'])
    assert.deepEqual(await peers({}), [])
  })
})
