/** The fake Firecracker as a program: `fake-server.ts --id ID --api-sock PATH`, like the real one. Its guest repeats on every port what it hears. */
import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createSocket } from 'node:net'
import { parseArgs } from 'node:util'
import { localHost } from '@imp/kit/host/local.ts'
import { fakeFirecracker } from './fake.ts'

const { values } = parseArgs({
  options: {
    id: { type: 'string', default: 'anonymous-instance' },
    'api-sock': { type: 'string' },
    'http-api-max-payload-size': { type: 'string', default: '51200' },
    'mmds-size-limit': { type: 'string' },
    'log-path': { type: 'string' },
    level: { type: 'string', default: 'Info' },
    'show-level': { type: 'boolean' },
  },
})

/** The host says `CONNECT PORT` and hears `OK` with a port of its own (docs/vsock.md in Firecracker). */
function listen(path: string): void {
  createSocket((stream) => {
    // The end of what the host says is the end of the conversation.
    stream.once('end', () => stream.destroy())
    stream.once('data', (first: Buffer) => {
      const port = /^CONNECT (\d+)\n$/.exec(first.toString())?.[1]
      if (port === undefined) return stream.destroy()
      stream.write('OK 1073741824\n')
      return stream.pipe(stream)
    })
  }).listen(path)
}

const host = localHost()

/** Its own words go into its log, which must be there as older versions want it; without one they stand in the console. */
async function say(words: string): Promise<void> {
  const path = values['log-path']
  const line = `2026-01-01T00:00:00.000000000 [${values.id}:main] ${words}\n`
  if (path === undefined) process.stdout.write(values.level === 'Info' ? line : '')
  else await host.files.write(path, (await host.files.read(path)) + (values.level === 'Info' ? line : ''))
}

await say('Running Firecracker v1.16.1')

let interrupted = false
const guest = {
  boot: () => process.stdout.write('[    0.000000] Linux version (fake)\nvmm: ready\n'),
  interrupt: () => {
    interrupted = true
  },
  listen,
}
const firecracker = fakeFirecracker(values.id, host, guest, { longestBody: Number(values['http-api-max-payload-size']) })

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function respond(incoming: IncomingMessage) {
  return firecracker.handle(incoming.method ?? '', incoming.url ?? '', await textOf(incoming))
}

createServer((incoming, outgoing) => {
  // The real one answers first and resets the guest afterwards.
  outgoing.once('close', () => {
    if (!interrupted) return
    process.stdout.write('reboot: Restarting system\n')
    process.exit(0)
  })
  respond(incoming).then(
    ({ status, body }) =>
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? '' : JSON.stringify(body)),
    (error: unknown) => outgoing.writeHead(500).end(String(error)),
  )
}).listen(values['api-sock'])
