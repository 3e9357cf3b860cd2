/** A daemon of FRR that answers as a test wants it to. */
import { Duplex } from 'node:stream'
import { fakeHost } from '@imp/kit/host/fake.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { systemClock } from '@imp/kit/host/local.ts'
import type { Answer } from './vty.ts'

export function encode({ text, status }: Answer): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.from([0, 0, 0, status])])
}

/** A machine on which a daemon listens that answers by `reply`, in pieces of the given size. */
export function machineWith(reply: (command: string) => Answer | 'close' | 'garbage', piece = 3): Host {
  const stream = (): Duplex => {
    let rest = ''
    const duplex: Duplex = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        const commands = (rest + chunk.toString()).split('\0')
        rest = commands.pop() ?? ''
        for (const command of commands) {
          const answer = command === 'enable' ? { text: '', status: 0 } : reply(command)
          if (answer === 'close') duplex.push(null)
          const bytes = answer === 'close' ? Buffer.alloc(0) : answer === 'garbage' ? Buffer.from([0, 1, 2, 3]) : encode(answer)
          for (let at = 0; at < bytes.length; at += piece) duplex.push(bytes.subarray(at, at + piece))
        }
        done()
      },
    })
    return duplex
  }
  return { ...fakeHost(), dial: () => Promise.resolve(stream()), clock: systemClock }
}
