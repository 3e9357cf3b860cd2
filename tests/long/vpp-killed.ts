/**
 * Applies a configuration over VPP and dies by SIGKILL: at a record of the journal, or when it has sent so many messages.
 * Arguments: namespace, directory, file of the configuration, number from 0, `before` or `after` the record or `message`.
 */
import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { journalOf } from '../../packages/imp/src/pipeline/kinds.ts'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { silent } from '../real/pipeline-fixture.ts'
import { vppTarget } from './vpp-fixture.ts'

const [namespace = '', directory = '', file = '', number = '', moment = ''] = process.argv.slice(2)
const plain = vppTarget(namespace, directory)
const journal = journalOf(plain)
let written = 0
let begun = false
let sent = 0

function dieAt(now: string, count: number): void {
  if (now === moment && count === Number(number)) process.kill(process.pid, 'SIGKILL')
}

/** Counts what is written to VPP once the change has begun. */
async function dial(path: string): Promise<Duplex> {
  const stream = await plain.machine.dial(path)
  const write = stream.write.bind(stream)
  return Object.assign(stream, {
    write(chunk: Uint8Array): boolean {
      if (begun) {
        dieAt('message', sent)
        sent += 1
      }
      return write(chunk)
    },
  })
}

const target: Target = { ...plain, machine: { ...plain.machine, dial } }
await applyConfig(target, RouterConfig.parse(JSON.parse(readFileSync(file, 'utf8'))), {
  report: silent,
  journal: {
    ...journal,
    async append(entry) {
      dieAt('before', written)
      await journal.append(entry)
      dieAt('after', written)
      written += 1
      begun = true
    },
  },
})
