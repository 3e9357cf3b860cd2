import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { fakeHost } from '../host/fake.ts'
import { disruptionOf, doStep, kinds, stepKind, undoStep, type Disruption } from './step.ts'

const link = stepKind({
  kind: 'link',
  schema: z.strictObject({ name: z.string() }),
  do: async (host, { name }) => void (await host.run(['ip', 'link', 'add', name])),
  undo: async (host, { name }) => void (await host.run(['ip', 'link', 'del', name])),
})

test('a kind makes steps, does and undoes them', async () => {
  const step = link.step('add lan', { name: 'lan' }, 'reload')
  assert.deepEqual(step, { kind: 'link', summary: 'add lan', disruption: 'reload', data: { name: 'lan' } })
  const host = fakeHost()
  await doStep(kinds(link), host, step)
  await undoStep(kinds(link), host, step)
  assert.deepEqual(host.changes, ['ip link add lan', 'ip link del lan'])
})

test('steps of another program version are refused before anything happens', async () => {
  const host = fakeHost()
  const step = link.step('add lan', { name: 'lan' })
  await assert.rejects(doStep(kinds(), host, step), { code: 'unsupported', message: /no step of kind link/ })
  await assert.rejects(doStep(kinds(link), host, { ...step, data: { name: 5 } }), { code: 'input' })
  assert.deepEqual(host.changes, [])
})

test('the greatest disruption counts', () => {
  const of = (...all: Disruption[]) => disruptionOf(all.map((disruption) => ({ kind: 'x', summary: '', disruption, data: null })))
  assert.equal(of(), 'none')
  assert.equal(of('none', 'restart', 'reload'), 'restart')
})
