import assert from 'node:assert/strict'
import { appendFile, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'
import { attachConsole, detachByte, type Seat } from './attach.ts'

const host = localHost()

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'vmc'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A terminal whose screen can be read; its modes in the order in which they were set. */
function makeSeat() {
  const modes: boolean[] = []
  let screen = ''
  const output = new PassThrough()
  output.on('data', (chunk: Buffer) => (screen += chunk.toString()))
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => modes.push(on) })
  const seat: Seat = { input, output }
  const shows = (text: string): Promise<boolean> =>
    until(host.clock, { timeout: 10_000, what: text }, () => Promise.resolve(screen.includes(text)))
  return { seat, input, modes, shows }
}

test('a console over a socket: what was before, both directions, and the detach key', async (t) => {
  const directory = await directoryFor(t)
  const [log, socket] = [join(directory, 'log'), join(directory, 'sock')]
  await writeFile(log, 'printed before\n')
  const server = createServer().listen(socket)
  t.after(() => server.close())
  const connected = once(server, 'connection') as Promise<[Socket]>
  const { seat, input, modes, shows } = makeSeat()
  const attached = attachConsole(host, { log, socket }, seat, () => Promise.resolve(true))
  const [guest] = await connected
  t.after(() => guest.destroy())
  await shows('printed before\n')
  guest.write('login: ')
  await shows('login: ')
  const heard = once(guest, 'data') as Promise<[Buffer]>
  input.write(Buffer.from([...Buffer.from('root\r'), detachByte, ...Buffer.from('not sent')]))
  assert.equal((await heard)[0].toString(), 'root\r')
  assert.equal(await attached, 'detached')
  assert.deepEqual(modes, [true, false], 'the terminal is as before')
})

test('the end of the machine ends the console and gives the terminal back', async (t) => {
  const directory = await directoryFor(t)
  const socket = join(directory, 'sock')
  const server = createServer((guest) => guest.end('reboot: Power down\n')).listen(socket)
  t.after(() => server.close())
  const { seat, modes } = makeSeat()
  assert.equal(await attachConsole(host, { log: join(directory, 'none'), socket }, seat, () => Promise.resolve(false)), 'ended')
  assert.deepEqual(modes, [true, false])
})

test('a console over a log and a FIFO', async (t) => {
  const directory = await directoryFor(t)
  const [log, input] = [join(directory, 'log'), join(directory, 'in')]
  await writeFile(log, 'printed before\n')
  await host.run(['mkfifo', input])
  // The engine has its input open all the time.
  const engine = await open(input, 'r+')
  t.after(() => engine.close())
  const person = makeSeat()
  const attached = attachConsole(host, { log, input }, person.seat, () => Promise.resolve(true))
  await person.shows('printed before')
  await appendFile(log, 'and then this\n')
  await person.shows('and then this\n')
  person.input.write('root\r')
  const { buffer, bytesRead } = await engine.read()
  assert.equal(buffer.toString('utf8', 0, bytesRead), 'root\r')
  person.input.write(Buffer.of(detachByte))
  assert.equal(await attached, 'detached')
})
