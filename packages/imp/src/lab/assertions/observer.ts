/**
 * A program of its own: waits for one flow to an address and tells where it comes from. Arguments: `tcp` or `udp`, and the address to
 * listen on. Prints `{"port":N}` when it listens and `{"address":A,"port":N}` for the first flow, which it answers with one byte.
 */
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { argv, exit, stderr, stdout } from 'node:process'

const [, , protocol = '', address = ''] = argv

function say(value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`)
}

/** An IPv4 address may come as ::ffff:192.0.2.1 when the socket speaks both families (RFC 4291 2.5.5.2). */
function plain(source: string | undefined): string | undefined {
  return source?.replace(/^::ffff:(?=\d+\.)/, '')
}

function failed(error: Error): void {
  stderr.write(`${error.message}\n`)
  exit(1)
}

function observeTcp(): void {
  const server = createServer((socket) => {
    say({ address: plain(socket.remoteAddress), port: socket.remotePort })
    // The client may be gone before it has read the answer: it was seen, which is all that is wanted.
    socket.on('error', () => socket.destroy())
    socket.end('.')
    server.close()
  })
  server.on('error', failed)
  server.listen(0, address, () => say({ port: (server.address() as { port: number }).port }))
}

function observeUdp(): void {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.on('error', failed)
  socket.once('message', (_data, source) => {
    say({ address: plain(source.address), port: source.port })
    socket.send('.', source.port, source.address, () => socket.close())
  })
  socket.bind(0, address, () => say({ port: socket.address().port }))
}

if (protocol === 'tcp') observeTcp()
else observeUdp()
