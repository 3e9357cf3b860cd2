import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { invoke, type Answer } from '@imp/kit/op/operation.ts'
import { operations } from './ops.ts'
import { impContextIn } from '../sample.ts'

const machine = localHost()
let directory = ''

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imp-appliance-ops-'))
})
after(() => rm(directory, { recursive: true, force: true }))

function call(word: string, input: unknown, dryRun = false, host: Host = machine): Promise<Answer> {
  const operation = operations.find((each) => each.path[1] === word)
  assert.ok(operation !== undefined)
  return invoke(operation, impContextIn(directory, host, { dryRun }), input)
}

async function tree(name: string, text: string): Promise<string> {
  const root = join(directory, name)
  await machine.files.makeDirectory(join(root, 'persistent/config'))
  await machine.files.write(join(root, 'persistent/config/router.json'), text)
  return root
}

function stepsOf(answer: Answer): readonly string[] {
  return answer.answer === 'plan' ? answer.steps.map(({ summary }) => summary) : (answer.value as { steps: string[] }).steps
}

const config = { schema: 'imp.router', version: 1, hostname: 'edge1', management: { nic: { name: 'eno1' } } }

suite('operations on an appliance', () => {
  test('generate says what it would write, writes it, and finds nothing to do the second time', async () => {
    const root = await tree('generate', JSON.stringify(config))
    const plan = await call('generate', { root }, true)
    assert.equal(plan.answer, 'plan')
    assert.equal(await machine.files.stat(join(root, 'etc')), undefined)
    const done = await call('generate', { root })
    const written = stepsOf(plan).filter((summary) => summary.startsWith('write '))
    assert.ok(written.includes('write /etc/systemd/network/10-management.network'))
    assert.deepEqual(
      stepsOf(done).filter((summary) => summary.startsWith('write ')),
      written,
    )
    for (const summary of written) assert.ok((await machine.files.stat(join(root, summary.slice('write '.length)))) !== undefined)
    assert.deepEqual(stepsOf(await call('generate', { root })), [])
  })

  test('generate needs a configuration that can be used', async () => {
    await assert.rejects(call('generate', { root: join(directory, 'nothing') }), { code: 'not-found' })
    const root = await tree('broken', JSON.stringify({ ...config, cpu: { workers: '5-2' } }))
    await assert.rejects(call('generate', { root }), { code: 'input', message: '/persistent/config/router.json: 1 error' })
    assert.equal(await machine.files.stat(join(root, 'etc')), undefined)
  })

  test('load says when there is nothing to load', async () => {
    const nothing = { code: 'not-found', hint: 'imp appliance generate writes them' }
    await assert.rejects(call('load', { part: 'nat' }, false, fakeHost()), nothing)
  })
})
