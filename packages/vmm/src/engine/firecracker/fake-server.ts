/** The fake Firecracker as a program: `fake-server.ts --id ID --api-sock PATH`, like the real one. */
import { createServer, type IncomingMessage } from 'node:http'
import { parseArgs } from 'node:util'
import { localHost } from '@imp/kit/host/local.ts'
import { fakeFirecracker } from './fake.ts'

const { values } = parseArgs({ options: { id: { type: 'string', default: 'anonymous-instance' }, 'api-sock': { type: 'string' } } })

let interrupted = false
const firecracker = fakeFirecracker(values.id, localHost(), {
  boot: () => process.stdout.write('[    0.000000] Linux version (fake)\nvmm: ready\n'),
  interrupt: () => {
    interrupted = true
  },
})

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
