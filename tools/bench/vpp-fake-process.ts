/**
 * A fake VPP as a process of its own, so that its CPU time is not counted as the client's. Called with the path of its socket and the
 * Linux links that it may use; obeys the requests of its parent, and ends with it.
 */
import { startFakeVpp } from '../../packages/imp/src/dataplane/vpp/fake/server.ts'
import type { Answer, Request } from './vpp-fake.ts'

const [socket = '', ...links] = process.argv.slice(2)
const vpp = await startFakeVpp(socket, { links: new Set(links) })

function isQuestion(message: string): boolean {
  return /_(dump|get|get_v2|get_timeouts)$|^cli_inband$/.test(message)
}

async function answer(request: Request): Promise<Answer> {
  const all = vpp.received.splice(0)
  if (request === 'forget') await vpp.restart()
  return { all: all.length, changes: all.filter(({ message }) => !isQuestion(message)).length }
}

process.on('message', (request: Request) => void answer(request).then((counts) => process.send?.(counts)))
process.once('disconnect', () => process.exit())
process.send?.({ all: 0, changes: 0 } satisfies Answer)
