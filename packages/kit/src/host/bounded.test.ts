import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeHost } from './fake.ts'
import type { Host, Ran } from './host.ts'
import { bounded } from './bounded.ts'

/** A host whose programs end when they are told to. */
function slowHost() {
  const running: { name: string; end: () => void; fail: () => void }[] = []
  const run: Host['run'] = (argv) => {
    const { promise, resolve, reject } = Promise.withResolvers<Ran>()
    const end = (): void => resolve({ argv, status: 0, stdout: argv[0], stderr: '' })
    running.push({ name: argv[0], end, fail: () => reject(new Error(argv[0])) })
    return promise
  }
  return { host: { ...fakeHost(), run, query: run }, running, names: () => running.map((each) => each.name).join('') }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('no more programs than allowed run at once, and none is forgotten', async () => {
  const { host, running, names } = slowHost()
  const machine = bounded(host, 2)
  const results = ['a', 'b', 'c', 'd'].map((name, index) => (index % 2 === 0 ? machine.run([name]) : machine.query([name])))
  await settled()
  assert.equal(names(), 'ab')
  running[0]?.end()
  await settled()
  assert.equal(names(), 'abc')
  running[1]?.end()
  running[2]?.end()
  await settled()
  assert.equal(names(), 'abcd')
  running[3]?.end()
  assert.deepEqual(
    (await Promise.all(results)).map((ran) => ran.stdout),
    ['a', 'b', 'c', 'd'],
  )
})

test('one that fails lets the next go on', async () => {
  const { host, running } = slowHost()
  const machine = bounded(host, 1)
  const [first, second] = [machine.run(['a']), machine.run(['b'])]
  await settled()
  running[0]?.fail()
  await assert.rejects(first, /a/)
  await settled()
  running[1]?.end()
  assert.equal((await second).stdout, 'b')
})
