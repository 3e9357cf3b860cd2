import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { ask } from './ask.ts'

const { clock } = localHost()
const { signal } = new AbortController()

test('what is on other machines is asked by way of the proxy of the environment, this machine without', async (t) => {
  const origin = createServer((request, response) => response.end(`from ${request.headers.host}`))
  const asked: string[] = []
  const proxy = createServer((_request, response) => response.end('the proxy itself'))
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '')
    const through = connect((origin.address() as AddressInfo).port, '127.0.0.2', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    through.on('error', () => socket.destroy())
    socket.on('error', () => through.destroy())
    through.pipe(socket).pipe(through)
  })
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.2', resolve))
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const server of [origin, proxy]) {
      server.closeAllConnections()
      server.close()
    }
  })
  const portOf = (server: typeof origin): number => (server.address() as AddressInfo).port
  process.env['http_proxy'] = `http://127.0.0.1:${portOf(proxy)}`
  process.env['no_proxy'] = '127.0.0.2'
  const text = async (url: string): Promise<string> => (await ask(url, { signal, clock })).text()
  assert.equal(await text('http://registry.example:80/v2/'), 'from registry.example')
  assert.deepEqual(asked, ['registry.example:80'])
  assert.equal(await text(`http://127.0.0.2:${portOf(origin)}/`), `from 127.0.0.2:${portOf(origin)}`)
  assert.equal(await text(`http://127.0.0.1:${portOf(proxy)}/`), 'the proxy itself')
  assert.equal(asked.length, 1)
})
