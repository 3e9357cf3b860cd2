import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { converse } from './conversation.ts'

/** A conversation with a guest that does `answer` with its end of the stream. */
async function converseWith(t: TestContext, answer: (socket: Socket) => void, signal = new AbortController().signal) {
  const directory = await mkdtemp(join(tmpdir(), 'vsock-'))
  const path = join(directory, 's')
  const server = createServer({ allowHalfOpen: true }, answer).listen(path)
  t.after(async () => {
    server.close()
    await rm(directory, { recursive: true })
  })
  await once(server, 'listening')
  const ends = { input: new PassThrough(), output: new PassThrough() }
  const over = converse(await localHost().dial(path), ends, signal).finally(() => ends.output.end())
  return { ...ends, over }
}

test('the answer of the guest comes also when the input has ended, of which the guest is told nothing', async (t) => {
  const { input, output, over } = await converseWith(t, (socket) => {
    socket.once('end', () => socket.destroy())
    socket.once('data', (heard) => setImmediate(() => socket.end(`heard ${heard.toString()}`)))
  })
  input.end('hello')
  assert.equal(await text(output), 'heard hello')
  await over
})

test('the conversation is over when the guest hangs up, whatever is still to be said', async (t) => {
  const { input, output, over } = await converseWith(t, (socket) => socket.end('bye'))
  input.write('hello')
  assert.equal(await text(output), 'bye')
  await over
  assert.ok(input.destroyed)
})

test('a guest that is gone while it is spoken to is no failure', async (t) => {
  const { input, over } = await converseWith(t, (socket) => socket.destroy())
  // More than the kernel keeps: some of it finds nobody.
  input.write('x'.repeat(1 << 20))
  await over
})

test('the signal ends the conversation', async (t) => {
  const stop = new AbortController()
  const { output, over } = await converseWith(t, (socket) => socket.write('hello'), stop.signal)
  assert.equal(String((await once(output, 'data'))[0]), 'hello')
  stop.abort()
  await over
})
