import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { ask, sentTo } from './ask.ts'

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

test('where a server sends to is asked without its login, and not in the clear unless the answer is known', () => {
  const asking = { signal, clock, headers: { authorization: 'Basic eA==', accept: 'a/b' } }
  const to = (url: string, target: string, more: object = {}, status = 302) => sentTo(url, target, status, { ...asking, ...more })
  assert.deepEqual(to('https://a.example/x', '/y').asking.headers, asking.headers)
  assert.equal(to('https://a.example/x/1', '2').url, 'https://a.example/x/2')
  assert.deepEqual(to('https://a.example/x', 'https://b.example/y').asking.headers, { accept: 'a/b' })
  assert.deepEqual(to('https://a.example/x', 'https://a.example:444/y').asking.headers, { accept: 'a/b' })
  assert.throws(() => to('https://a.example/x', 'http://a.example/x'), { code: 'denied' })
  assert.equal(to('https://a.example/x', 'http://cdn.example/x', { known: true }).url, 'http://cdn.example/x')
  assert.equal(to('http://a.example/x', 'http://b.example/x').url, 'http://b.example/x')
  for (const target of ['file:///etc/shadow', 'ftp://a.example/', 'http://', 'data:,x'])
    assert.throws(() => to('http://a.example/x', target), { code: 'exec' }, target)
  const login = { method: 'POST', body: new URLSearchParams({ refresh_token: 'x' }) }
  assert.throws(() => to('https://a.example/token', 'https://b.example/token', login, 307), { code: 'denied' })
  assert.deepEqual(
    [to('https://a.example/token', '/t', login, 308).asking.body, to('https://a.example/token', '/t', login).asking.body],
    [login.body, undefined],
  )
  assert.equal(to('https://a.example/token', '/t', login, 303).asking.method, 'GET')
})
