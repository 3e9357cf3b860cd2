import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { fakeHost } from '../host/fake.ts'
import type { Step } from '../plan/step.ts'
import { invoke, operation, planned, type OperationContext } from './operation.ts'

const step: Step = { kind: 'x', summary: 'do it', disruption: 'none', data: null }

function contextOf(dryRun = false): OperationContext & { host: ReturnType<typeof fakeHost> } {
  return {
    host: fakeHost({ files: { '/a': '1' } }),
    report: () => undefined,
    signal: new AbortController().signal,
    dryRun,
    interactive: false,
    passthrough: false,
  }
}

function sample(run: (context: OperationContext, input: { size: number }) => Promise<number>, effect: 'read' | 'write' = 'write') {
  return operation<OperationContext>()({
    path: ['sample', 'try'],
    summary: 'Try',
    effect,
    input: z.strictObject({ size: z.int().default(3) }),
    output: z.int(),
    examples: ['x'],
    run,
  })
}

test('the input is parsed, the output checked', async () => {
  assert.deepEqual(
    await invoke(
      sample(async (_, { size }) => size + 1),
      contextOf(),
      {},
    ),
    { answer: 'result', value: 4 },
  )
  await assert.rejects(
    invoke(
      sample(async () => 1),
      contextOf(),
      { size: 'x', extra: 1 },
    ),
    { code: 'input', message: 'sample try: 2 errors' },
  )
  await assert.rejects(
    invoke(
      sample(async () => 1.5),
      contextOf(),
      {},
    ),
    { code: 'bug', message: 'sample try returned what its schema refuses' },
  )
})

test('a dry run ends with the plan before its first step', async () => {
  const context = contextOf(true)
  const each = sample(async ({ host, dryRun }) => {
    planned({ dryRun }, [step])
    await host.run(['rm', '-rf', '/'])
    return 1
  })
  assert.deepEqual(await invoke(each, context, {}), { answer: 'plan', steps: [step] })
  assert.deepEqual(context.host.changes, [])
  const wet = contextOf()
  assert.deepEqual(await invoke(each, wet, {}), { answer: 'result', value: 1 })
  assert.deepEqual(wet.host.changes, ['rm -rf /'])
})

test('an operation that forgets its plan cannot change anything in a dry run', async () => {
  const context = contextOf(true)
  const forgetful = sample(async ({ host }) => (await host.run(['reboot'])).status)
  await assert.rejects(invoke(forgetful, context, {}), { code: 'bug', message: /a dry run must not change anything: reboot/ })
  assert.deepEqual(
    await invoke(
      sample(async () => 1),
      context,
      {},
    ),
    { answer: 'plan', steps: [] },
  )
  assert.deepEqual(context.host.changes, [])
})

test('what only looks answers in a dry run as it always does', async () => {
  assert.deepEqual(
    await invoke(
      sample(async ({ host }) => Number(await host.files.read('/a')), 'read'),
      contextOf(true),
      {},
    ),
    { answer: 'result', value: 1 },
  )
})
