import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { encode, type DocumentKind } from '@imp/kit/store/document.ts'
import { changed } from '../config/sample.ts'
import type { ImpContext } from '../context.ts'
import { operations } from './ops.ts'
import { impContextOn } from '../sample.ts'

const envelope: DocumentKind<z.ZodObject> = { schema: 'imp.running', version: 1, fields: z.looseObject({}) }
const made = { links: [], rules: [], tables: [] }

function context(dataplane: 'linux' | 'vpp'): ImpContext {
  const running = encode(envelope, { appliedAt: '2026-03-01T12:00:00.000Z', config: changed({ dataplane }), made })
  return impContextOn(fakeHost({ files: { '/state/dataplane/running.json': running } }), { stateDirectory: '/state' })
}

function refused(code: string, words: RegExp) {
  return (error: unknown): boolean =>
    error instanceof Fault && error.code === code && words.test(JSON.stringify([error.message, error.hint, error.findings]))
}

for (const operation of operations) {
  const name = operation.path.join(' ')

  test(`${name} of a Linux router says what to use instead`, async () => {
    await assert.rejects(invoke(operation, context('linux'), {}), refused('unsupported', /imp capture start/))
  })

  test(`${name} says when VPP does not run`, async () => {
    await assert.rejects(invoke(operation, context('vpp'), {}), refused('state', /VPP \(core\) does not run/))
  })
}

test('addresses of two families are refused', async () => {
  const [start] = operations
  assert.ok(start)
  const input = { source: '192.0.2.1', destination: '2001:db8::1' }
  await assert.rejects(invoke(start, context('vpp'), input), refused('input', /one family/))
})
