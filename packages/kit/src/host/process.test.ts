import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { endProcess, findByEnvironment, identify, isAlive, sendSignal } from './process.ts'
import { fakeClock } from './fake.ts'
import { systemClock } from './local.ts'
import { until } from './until.ts'

test('a process is itself, and not another one with its pid', async () => {
  const self = await identify(process.pid)
  assert.ok(self !== undefined && (await isAlive(self)))
  assert.equal(await isAlive({ ...self, startTime: self.startTime + 1 }), false)
  assert.equal(await isAlive({ ...self, bootId: 'of another boot' }), false)
})

test('a process is found by its environment, ended, and then gone', async () => {
  const mark = `${process.pid}-${Date.now()}`
  // The name in /proc/PID/stat has blanks and parentheses, which must not shift its fields.
  const child = spawn('bash', ['-c', 'exec -a ") x (" sleep 60'], { env: { ...process.env, IMP_TEST_MARK: mark } })
  await once(child, 'spawn')
  const closed = once(child, 'close')
  try {
    // While a process becomes another program (bash becomes sleep) its environment cannot be read.
    const found = await until(systemClock, { timeout: 5000, interval: 5, what: 'the process' }, async () => {
      const pids = await findByEnvironment('IMP_TEST_MARK', mark)
      return pids.length > 0 && pids
    })
    assert.deepEqual(found, [child.pid])
    assert.deepEqual(await findByEnvironment('IMP_TEST_MARK', mark.slice(1)), [])
    const identity = await identify(child.pid ?? 0)
    assert.ok(identity !== undefined)
    await endProcess(systemClock, identity, 5000)
    await closed
    assert.equal(await isAlive(identity), false)
    assert.equal(sendSignal(identity.pid, 'SIGTERM'), false)
  } finally {
    child.kill('SIGKILL')
  }
})

test('one that ignores TERM is killed', async () => {
  const child = spawn('bash', ['-c', 'trap "" TERM; echo up; while :; do read -t 60 <> <(:); done'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  const identity = await identify(child.pid ?? 0)
  assert.ok(identity !== undefined)
  const closed = once(child, 'exit')
  await endProcess(systemClock, identity, 50)
  assert.deepEqual(await closed, [null, 'SIGKILL'])
})

test('one that no signal ends is not taken for gone', async () => {
  const self = await identify(process.pid)
  assert.ok(self !== undefined)
  const sent: string[] = []
  const deaf = (_pid: number, signal: NodeJS.Signals): boolean => sent.push(signal) > 0
  await assert.rejects(endProcess(fakeClock(), self, 50, deaf), { code: 'timeout', message: `process ${process.pid} does not end` })
  assert.deepEqual(sent, ['SIGTERM', 'SIGKILL'])
})
