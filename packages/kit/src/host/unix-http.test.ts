import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { localHost } from './local.ts'
import { requestUnix } from './unix-http.ts'

const directory = mkdtempSync(join(tmpdir(), 'http-'))
const socket = join(directory, 's')
after(() => rmSync(directory, { recursive: true }))

async function serving(answer: RequestListener, work: () => Promise<void>): Promise<void> {
  const server = createServer(answer).listen(socket)
  await once(server, 'listening')
  try {
    await work()
  } finally {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
}

/** Answers with what was asked. */
const echo: RequestListener = (request, response) => {
  const answer = async (): Promise<void> => {
    const body = await text(request)
    response.statusCode = request.url === '/bad' ? 400 : 200
    response.end(JSON.stringify({ method: request.method, url: request.url, type: request.headers['content-type'], body }))
  }
  void answer()
}

test('JSON goes there and comes back, whatever the status', () =>
  serving(echo, async () => {
    const put = await requestUnix(localHost(), socket, { method: 'PUT', path: '/bad', body: { a: 'ä' } })
    assert.deepEqual(put, { status: 400, body: { method: 'PUT', url: '/bad', type: 'application/json', body: '{"a":"ä"}' } })
    const got = await requestUnix(localHost(), socket, { method: 'GET', path: '/' })
    assert.deepEqual(got, { status: 200, body: { method: 'GET', url: '/', body: '' } })
  }))

test('an empty answer has no body', () =>
  serving(
    (_, response) => void response.writeHead(204).end(),
    async () =>
      assert.deepEqual(await requestUnix(localHost(), socket, { method: 'PUT', path: '/', body: {} }), { status: 204, body: undefined }),
  ))

test('what is no JSON, no answer and no server', async () => {
  await serving(
    (_, response) => void response.end('<html>'),
    () =>
      assert.rejects(requestUnix(localHost(), socket, { method: 'GET', path: '/x' }), {
        code: 'input',
        message: `GET /x on ${socket} is not JSON`,
      }),
  )
  await serving(
    () => undefined,
    () => assert.rejects(requestUnix(localHost(), socket, { method: 'GET', path: '/', timeout: 50 }), { code: 'timeout' }),
  )
  await serving(
    (request) => void request.socket.destroy(),
    () => assert.rejects(requestUnix(localHost(), socket, { method: 'GET', path: '/' }), { code: 'exec' }),
  )
  await assert.rejects(requestUnix(localHost(), socket, { method: 'GET', path: '/' }), { code: 'not-found' })
})
