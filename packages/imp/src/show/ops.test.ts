import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { z } from 'zod'
import { fakeHost } from '@imp/kit/host/fake.ts'
import type { AnyOperation } from '@imp/kit/op/operation.ts'
import { encode, type DocumentKind } from '@imp/kit/store/document.ts'
import { operations as captureOperations } from '../capture/ops.ts'
import { changed } from '../config/sample.ts'
import type { ImpContext } from '../context.ts'
import { impContextOn } from '../sample.ts'

const envelope: DocumentKind<z.ZodObject> = { schema: 'imp.running', version: 1, fields: z.looseObject({}) }
const made = { links: [], rules: [], tables: [] }
const running = encode(envelope, { appliedAt: '2026-03-01T12:00:00.000Z', config: changed({}), made })

function candidates(all: readonly AnyOperation<ImpContext>[], word: string, key: string, files: Record<string, string>) {
  const context = impContextOn(fakeHost({ files }), { dryRun: true, stateDirectory: '/state' })
  const complete = all.find((each) => each.path[1] === word)?.complete as Record<string, (context: ImpContext) => Promise<string[]>>
  return complete[key]?.(context) ?? assert.fail(key)
}

suite('candidates for shells come from the running configuration', () => {
  const files = { '/state/dataplane/running.json': running }

  test('interfaces that can be recorded', async () => {
    const links = ['wan', 'lan', 'lan.40', 'dmz', 'dmz.7.9', 'lo', 'br100', 'any']
    assert.deepEqual(await candidates(captureOperations, 'start', 'interface', files), links)
    assert.deepEqual(await candidates(captureOperations, 'start', 'interface', {}), [])
  })
})
