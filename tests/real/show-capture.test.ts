/** Captures with the real tcpdump, in a namespace of their own. */
import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { operations } from '../../packages/imp/src/capture/ops.ts'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { invoke, type Answer } from '../../packages/kit/src/op/operation.ts'
import { machine, obstacle, openBench } from './pipeline-fixture.ts'
import { impContextOn } from '../../packages/imp/src/sample.ts'

async function findObstacle(): Promise<string | undefined> {
  const missing = await obstacle()
  if (missing !== undefined) return missing
  try {
    await machine.query(['tcpdump', '--version'])
    return undefined
  } catch (error) {
    if (error instanceof Fault) return `needs tcpdump: ${error.message}`
    throw error
  }
}

const missing = await findObstacle()

interface Bench {
  readonly target: Target
  readonly directory: string
  readonly call: (word: string, input?: object, dryRun?: boolean) => Promise<Answer>
  /** What an operation that must succeed returned. */
  readonly ask: (word: string, input?: object) => Promise<Record<string, unknown>>
  readonly ping: (count: number, size?: number) => Promise<void>
}

async function bench(t: TestContext, topic: string): Promise<Bench> {
  const opened = await openBench(topic)
  const target = await opened.target('r')
  await target.host.run(['ip', 'link', 'set', 'lo', 'up'])
  const { namespace = '', stateDirectory, runDirectory } = target
  const directory = dirname(runDirectory)
  const call: Bench['call'] = (word, input = {}, dryRun = false) => {
    const operation = operations.find((each) => each.path[1] === word) ?? assert.fail(word)
    const directories = { runDirectory: join(directory, 'imp'), stateDirectory: join(directory, 'persistent') }
    const context = impContextOn(machine, { dryRun, ...directories })
    return invoke(operation, context, { namespace, stateDirectory, runDirectory, ...input })
  }
  const ask: Bench['ask'] = async (word, input) => {
    const answer = await call(word, input)
    assert.ok(answer.answer === 'result')
    return answer.value as Record<string, unknown>
  }
  t.after(async () => {
    for (const { name } of (await ask('list')) as unknown as { name: string }[]) await call('delete', { name })
    await opened.close()
  })
  return {
    target,
    directory,
    call,
    ask,
    async ping(count, size = 56) {
      await target.host.query(['ping', '-q', '-c', String(count), '-i', '0.01', '-s', String(size), '127.0.0.1'])
    },
  }
}

async function stateOf({ ask }: Bench, name: string): Promise<unknown> {
  return ((await ask('list')) as unknown as { name: string; state: string }[]).find((each) => each.name === name)?.state
}

suite('captures', { skip: missing ?? false, concurrency: 2 }, () => {
  test('record what the filter takes, are read while they run, stopped, exported and deleted', async (t) => {
    const place = await bench(t, 'capture')
    const { ask, call, ping } = place
    const started = await ask('start', { name: 'echo', interface: 'lo', filter: 'icmp[icmptype] == icmp-echo' })
    assert.partialDeepStrictEqual(started, { name: 'echo', state: 'running', maxSizeMib: 16, maxSeconds: 600 })
    await ping(3)
    const packets = await until(machine.clock, { timeout: 90_000, what: 'three packets' }, async () => {
      const { packets: found } = (await ask('show', { name: 'echo' })) as { packets: string[] }
      return found.length === 3 && found
    })
    for (const line of packets) assert.match(line, /IP 127\.0\.0\.1 > 127\.0\.0\.1: ICMP echo request/)
    assert.equal(((await ask('show', { name: 'echo', count: 1 }))['packets'] as string[]).length, 1)

    await assert.rejects(call('start', { name: 'echo', interface: 'lo' }), { code: 'conflict' })
    assert.partialDeepStrictEqual(await ask('stop', { name: 'echo' }), { state: 'ended' })
    assert.partialDeepStrictEqual(await ask('stop', { name: 'echo' }), { state: 'ended' })

    const file = join(place.directory, 'echo.pcap')
    assert.partialDeepStrictEqual(await ask('export', { name: 'echo', file }), { file, packets: 3 })
    await assert.rejects(call('export', { name: 'echo', file }), { code: 'conflict' })
    assert.partialDeepStrictEqual(await ask('export', { name: 'echo', file, force: true }), { packets: 3 })
    assert.equal((await machine.query(['tcpdump', '-n', '-r', file])).stdout.split('\n').length, 3)

    const plan = await call('delete', { name: 'echo' }, true)
    assert.equal(plan.answer, 'plan')
    assert.equal(await stateOf(place, 'echo'), 'ended')
    assert.deepEqual(await ask('delete', { name: 'echo' }), { deleted: 'echo' })
    assert.deepEqual(await machine.files.list(join(place.target.stateDirectory, 'captures')), ['.lock'])
    for (const word of ['stop', 'show', 'delete']) await assert.rejects(call(word, { name: 'echo' }), { code: 'not-found' }, word)
  })

  test('end by their size, and the packet that was cut off is not exported', async (t) => {
    const place = await bench(t, 'capture-size')
    const { ask, ping } = place
    await ask('start', { name: 'full', interface: 'lo', maxSizeMib: 1 })
    await ping(20, 60_000)
    await until(machine.clock, { timeout: 90_000, what: 'the end of the recording' }, async () => (await stateOf(place, 'full')) === 'full')
    assert.equal(((await ask('list')) as unknown as { size: number }[])[0]?.size, 2 ** 20)
    const file = join(place.directory, 'full.pcap')
    const { size } = (await ask('export', { name: 'full', file })) as { size: number }
    assert.ok(size <= 2 ** 20)
    await machine.query(['tcpdump', '-n', '-r', file])
    assert.ok(((await ask('show', { name: 'full' }))['packets'] as string[]).length > 5)
  })

  test('end by their time, also when no packet comes', async (t) => {
    const place = await bench(t, 'capture-time')
    await place.ask('start', { name: 'brief', interface: 'lo', maxTime: '1s' })
    await until(
      machine.clock,
      { timeout: 90_000, what: 'the end of the recording' },
      async () => (await stateOf(place, 'brief')) === 'ended',
    )
    assert.deepEqual((await place.ask('show', { name: 'brief' }))['packets'], [])
  })

  test('whose command was killed before tcpdump ran are listed and can be deleted', async (t) => {
    const { ask, target } = await bench(t, 'capture-killed')
    const store = join(target.stateDirectory, 'captures')
    await ask('start', { name: 'cut', interface: 'lo' })
    await ask('stop', { name: 'cut' })
    await machine.files.remove(join(store, 'cut'))
    assert.partialDeepStrictEqual(await ask('list'), [{ name: 'cut', state: 'ended', size: 0 }])
    assert.deepEqual((await ask('show', { name: 'cut' }))['packets'], [])
    await ask('delete', { name: 'cut' })
    assert.deepEqual(await ask('list'), [])
  })

  test('that cannot be are refused and leave nothing', async (t) => {
    const place = await bench(t, 'capture-wrong')
    const { call } = place
    const proof = join(place.directory, 'proof')
    const refusals: readonly (readonly [input: object, code: string, message: RegExp])[] = [
      [{ interface: 'lo', filter: 'port port' }, 'input', /cannot record on lo with the filter "port port"/],
      [{ interface: 'nowhere' }, 'input', /cannot record on nowhere/],
      [{ interface: 'lo', filter: `-w${proof}` }, 'input', /cannot record/],
      [{ interface: '-z' }, 'input', /capture start/],
      [{ name: '../escape', interface: 'lo' }, 'input', /capture start/],
      [{ interface: 'lo', maxTime: '25h' }, 'input', /capture start/],
      [{ interface: 'lo', maxSizeMib: 0 }, 'input', /capture start/],
      [{ interface: 'lo', namespace: 'imp-test-absent' }, 'not-found', /is not there/],
    ]
    for (const [input, code, message] of refusals) await assert.rejects(call('start', { name: 'wrong', ...input }), { code, message })
    const plan = await call('start', { name: 'wrong', interface: 'lo' }, true)
    assert.ok(plan.answer === 'plan' && plan.steps.length === 1)
    assert.deepEqual(await place.ask('list'), [])
    await assert.rejects(stat(join(place.target.stateDirectory, 'captures')), { code: 'ENOENT' })
    await assert.rejects(readFile(proof), { code: 'ENOENT' })
  })
})
