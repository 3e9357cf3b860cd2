/**
 * Both ends of the flows of nat-lookup.test.ts, run in nodes of its lab. `serve ADDRESS PORT` tells everybody who comes, by TCP and UDP,
 * which address and port it sees. `call ADDRESS PORT FLOWS` opens the flows of a JSON list and prints what each was told. `hold ADDRESS
 * PORT SOURCE` opens one by TCP and prints a line for each line of its standard input that came back.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

export interface Flow {
  readonly protocol: 'tcp' | 'udp'
  readonly source: string
  readonly port: number
}

const [role, address = '', portText = '', rest = ''] = process.argv.slice(2)
const port = Number(portText)

async function serve(): Promise<void> {
  const datagrams = createSocket('udp4')
  datagrams.on('message', (_message, { address: seen, port: at }) => datagrams.send(`${seen}:${at}`, at, seen))
  datagrams.bind(port, address)
  const server = createServer((socket) => {
    // Callers end as they like.
    socket.on('error', () => socket.destroy())
    socket.on('data', () => socket.write(`${socket.remoteAddress}:${socket.remotePort}\n`))
  }).listen(port, address)
  await Promise.all([once(server, 'listening'), once(datagrams, 'listening')])
  process.stdout.write('ready\n')
}

async function callByTcp(flow: Flow): Promise<string> {
  const socket = connect({ host: address, port, localAddress: flow.source, localPort: flow.port })
  socket.write('who am I\n')
  const [answer] = (await once(socket.setEncoding('utf8'), 'data')) as [string]
  socket.resetAndDestroy()
  return answer.trim()
}

async function callByUdp(flow: Flow): Promise<string> {
  const socket = createSocket('udp4')
  socket.bind(flow.port, flow.source)
  await once(socket, 'listening')
  socket.send('who am I', port, address)
  const [answer] = (await once(socket, 'message')) as [Buffer]
  socket.close()
  return answer.toString()
}

async function call(flow: Flow): Promise<string> {
  const answered = flow.protocol === 'tcp' ? callByTcp(flow) : callByUdp(flow)
  const late = setTimeout(() => {
    process.stderr.write(`no answer to ${JSON.stringify(flow)}\n`)
    process.exit(1)
  }, 20_000)
  return answered.finally(() => clearTimeout(late))
}

async function callAll(flows: readonly Flow[]): Promise<void> {
  const answers: string[] = []
  for (let index = 0; index < flows.length; index += 20) answers.push(...(await Promise.all(flows.slice(index, index + 20).map(call))))
  process.stdout.write(JSON.stringify(answers))
}

async function hold(source: string): Promise<void> {
  const socket = connect({ host: address, port, localAddress: source })
  await once(socket, 'connect')
  process.stdout.write('ready\n')
  socket.on('data', (chunk) => process.stdout.write(chunk))
  socket.on('error', ({ message }) => process.stdout.write(`lost: ${message}\n`))
  socket.on('end', () => process.stdout.write('lost: closed\n'))
  createInterface(process.stdin).on('line', (line) => socket.write(`${line}\n`))
}

if (role === 'serve') await serve()
if (role === 'call') await callAll(JSON.parse(rest) as Flow[])
if (role === 'hold') await hold(rest)
