import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import type { MachineFiles } from './model.ts'
import { connectVsock } from './vsock.ts'

/** An engine that takes one conversation. */
async function engine(t: TestContext, talk: (stream: Socket) => void): Promise<MachineFiles> {
  const sockets = await mkdtemp(join(tmpdir(), 'vs-'))
  const server = createServer(talk)
  await new Promise<void>((resolve) => server.listen(join(sockets, 'vsock.sock'), resolve))
  t.after(async () => {
    server.close()
    await rm(sockets, { recursive: true })
  })
  return { id: '0badcafe', name: 'web1', directory: sockets, sockets }
}

test('what follows the answer of the engine belongs to the conversation', async (t) => {
  const machine = await engine(t, (stream) => {
    stream.once('data', (said) => stream.end(`OK 1024\nyou said ${said.toString()}`))
  })
  const stream = await connectVsock(localHost(), machine, 'unix', 52)
  let heard = ''
  for await (const chunk of stream as AsyncIterable<Buffer>) heard += chunk.toString()
  assert.equal(heard, 'you said CONNECT 52\n')
})

test('a port at which nobody waits is told, with the machine', async (t) => {
  const machine = await engine(t, (stream) => stream.destroy())
  await assert.rejects(connectVsock(localHost(), machine, 'unix', 52), { code: 'state', message: /port 52 of web1/ })
})

test('an engine that says something else is not believed', async (t) => {
  const machine = await engine(t, (stream) => stream.end('hello, this is something else altogether\n'))
  await assert.rejects(connectVsock(localHost(), machine, 'unix', 52), { code: 'state' })
})

test('where the host has AF_VSOCK itself, the way is told', async (t) => {
  const machine = await engine(t, (stream) => stream.destroy())
  await assert.rejects(connectVsock(localHost(), machine, 'vhost', 52), { code: 'unsupported', hint: /VSOCK-CONNECT/ })
})
