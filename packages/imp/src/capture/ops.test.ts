import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
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
  return impContextOn(fakeHost({ files: { '/state/dataplane/running.json': running, '/run/netns/dataplane': '' } }), {
    stateDirectory: '/state',
  })
}

const refused: readonly (readonly [what: string, dataplane: 'linux' | 'vpp', input: object, code: string, words: RegExp])[] = [
  ['a process of VPP where the kernel forwards', 'linux', { instance: 'nat' }, 'unsupported', /forwards by the Linux kernel/],
  ['a filter that VPP cannot have', 'vpp', { filter: 'tcp or udp' }, 'input', /cannot filter packets by "tcp or udp"/],
  ['a VPP that does not run', 'vpp', { filter: 'tcp' }, 'state', /VPP \(core\) does not run/],
  ['a process of VPP that does not run', 'vpp', { instance: 'nat' }, 'state', /VPP \(nat\) does not run/],
]

suite('captures that cannot begin', () => {
  for (const [what, dataplane, input, code, words] of refused) {
    test(`because of ${what} leave nothing`, async () => {
      const [start] = operations
      assert.ok(start)
      const there = context(dataplane)
      await assert.rejects(
        invoke(start, there, { name: 'loss', interface: 'lan', ...input }),
        (error: unknown) => error instanceof Fault && error.code === code && words.test(error.message),
      )
      assert.equal(await there.host.files.stat('/state/dataplane/captures/loss.json'), undefined)
    })
  }
})
