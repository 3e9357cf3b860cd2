/**
 * Applies a configuration and dies by SIGKILL at one record of the journal.
 * Arguments: namespace, directory, file of the configuration, number of the record from 0, `before` or `after` it is written.
 */
import { readFileSync } from 'node:fs'
import { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { journalOf } from '../../packages/imp/src/pipeline/kinds.ts'
import { silent, targetIn } from '../real/pipeline-fixture.ts'

const [namespace = '', directory = '', file = '', record = '', moment = ''] = process.argv.slice(2)
const target = targetIn(namespace, directory)
const journal = journalOf(target)
let written = 0

function dieAt(now: string): void {
  if (now === moment && written === Number(record)) process.kill(process.pid, 'SIGKILL')
}

await applyConfig(target, RouterConfig.parse(JSON.parse(readFileSync(file, 'utf8'))), {
  report: silent,
  journal: {
    ...journal,
    async append(entry) {
      dieAt('before')
      await journal.append(entry)
      dieAt('after')
      written += 1
    },
  },
})
