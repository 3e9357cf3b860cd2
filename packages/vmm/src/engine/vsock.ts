/** Conversations of the host with a guest by its vsock, as far as a unix socket leads there. */
import type { Duplex } from 'node:stream'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { MachineFiles, VsockTransport } from './model.ts'
import { socketPath } from './unit.ts'

/** An answer to CONNECT is `OK`, a port of the host's and a newline (docs/vsock.md in Firecracker). */
const longestAnswer = 32

/** Milliseconds that a guest gets to take or refuse a conversation; Firecracker itself gives up after two seconds. */
const patience = 20_000

/** Unix socket by which the host reaches the guest; undefined where its own AF_VSOCK does. */
export function vsockPath(machine: MachineFiles, transport: VsockTransport): string | undefined {
  return transport === 'vhost' ? undefined : socketPath(machine, 'vsock')
}

/** The first line, byte by byte: what follows belongs to the conversation. Undefined when the other side says no. */
async function firstLine(stream: Duplex): Promise<string | undefined> {
  let line = ''
  while (line.length < longestAnswer) {
    const byte: unknown = stream.read(1)
    if (byte instanceof Buffer) {
      if (byte[0] === 0x0a) return line
      line += byte.toString('latin1')
    } else if (stream.readableEnded || stream.destroyed) {
      return undefined
    } else {
      await new Promise<void>((resolve) => {
        const settle = (): void => {
          for (const event of ['readable', 'end', 'close', 'error']) stream.off(event, settle)
          resolve()
        }
        for (const event of ['readable', 'end', 'close', 'error']) stream.once(event, settle)
      })
    }
  }
  return undefined
}

/**
 * Connects to a port of the guest. By `serial` there is one conversation and the port is not told. A `state` fault when nobody waits at the
 * port, `unsupported` where the host must use its own AF_VSOCK.
 */
export async function connectVsock(host: Host, machine: MachineFiles, transport: VsockTransport, port: number): Promise<Duplex> {
  const path = vsockPath(machine, transport)
  if (path === undefined) {
    throw new Fault('unsupported', `${machine.name} is reached by AF_VSOCK itself`, { hint: `socat - VSOCK-CONNECT:CID:${port}` })
  }
  const stream = await host.dial(path)
  if (transport === 'serial') return stream
  const expired = AbortSignal.timeout(patience)
  const giveUp = (): unknown => stream.destroy()
  // What goes wrong is seen by the missing answer.
  stream.on('error', giveUp)
  expired.addEventListener('abort', giveUp)
  stream.write(`CONNECT ${port}\n`)
  const answer = await firstLine(stream)
  expired.removeEventListener('abort', giveUp)
  stream.off('error', giveUp)
  if (/^OK \d+$/.test(answer ?? '')) return stream
  stream.destroy()
  throw new Fault('state', `nobody waits at port ${port} of ${machine.name}`)
}
