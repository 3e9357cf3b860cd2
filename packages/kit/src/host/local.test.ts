import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { localHost } from './local.ts'

const directory = mkdtempSync(join(tmpdir(), 'local-'))
const host = localHost()
after(() => rmSync(directory, { recursive: true }))

test('dials a unix socket', async () => {
  const path = join(directory, 's')
  const server = createServer((socket) => socket.end('hello')).listen(path)
  await once(server, 'listening')
  try {
    assert.equal(await text(await host.dial(path)), 'hello')
  } finally {
    server.close()
    await once(server, 'close')
  }
  await assert.rejects(host.dial(path), { code: 'not-found', message: `no socket at ${path}` })
})

test('a socket that nobody listens on any more', async () => {
  const path = join(directory, 'stale')
  // A datagram socket has the name and takes no connections; so does what a killed server leaves behind.
  await host.run(['python3', '-c', 'import socket,sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])', path])
  await assert.rejects(host.dial(path), { code: 'state', message: `nobody listens on ${path}` })
})

test('a month is slept and waited for, longer than a timer of Node.js can', async () => {
  const month = 30 * 86_400_000
  const ended = new AbortController()
  const sleeping = host.clock.sleep(month, ended.signal).then(() => 'awake')
  const running = host.query(['sh', '-c', 'sleep 0.2; echo done'], { timeout: month })
  assert.equal(await Promise.race([sleeping, running.then(({ stdout }) => stdout)]), 'done')
  ended.abort()
  await assert.rejects(sleeping, { name: 'AbortError' })
})

test('time goes forward, sleep can be ended', async () => {
  const before = host.clock.monotonic()
  await host.clock.sleep(1)
  assert.ok(host.clock.monotonic() > before)
  await assert.rejects(host.clock.sleep(60_000, AbortSignal.abort()), { name: 'AbortError' })
})
