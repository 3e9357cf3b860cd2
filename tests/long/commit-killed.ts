/**
 * Commits a configuration and dies by SIGKILL at one of the records that it writes: of the history or of the journal.
 * Arguments: namespace, directory, file of the document, number of the record from 0, `before` or `after` it is written.
 * Without a number it lives, and prints how many records it wrote.
 */
import { readFileSync } from 'node:fs'
import { commitLocked, withCommits } from '../../packages/imp/src/commit/commit.ts'
import { historyOf } from '../../packages/imp/src/config/history.ts'
import type { RouterConfigInput } from '../../packages/imp/src/config/model.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { journalOf } from '../../packages/imp/src/pipeline/kinds.ts'
import { routerAt } from '../../packages/imp/src/pipeline/router.ts'
import { machine, silent, targetIn } from '../real/pipeline-fixture.ts'

const [namespace = '', directory = '', file = '', record = '', moment = ''] = process.argv.slice(2)
const target = targetIn(namespace, directory)
const history = historyOf({ host: machine, directory: target.stateDirectory })
const journal = journalOf(target)
let written = 0

function dieAt(now: string): void {
  if (record !== '' && now === moment && written === Number(record)) process.kill(process.pid, 'SIGKILL')
}

async function counted<T>(write: () => Promise<T>): Promise<T> {
  dieAt('before')
  const result = await write()
  dieAt('after')
  written += 1
  return result
}

const commits = {
  history: {
    ...history,
    add: (...all: Parameters<typeof history.add>) => counted(() => history.add(...all)),
    record: (...all: Parameters<typeof history.record>) => counted(() => history.record(...all)),
  },
  directory: target.stateDirectory,
  clock: machine.clock,
  router: {
    ...routerAt(target, silent),
    async apply(config: Parameters<typeof applyConfig>[1]) {
      await applyConfig(target, config, {
        report: silent,
        journal: { ...journal, append: (entry) => counted(() => journal.append(entry)) },
      })
    },
  },
  guard: { arm: () => Promise.resolve(), runs: () => Promise.resolve(false), forget: () => Promise.resolve() },
  report: silent,
  signal: new AbortController().signal,
}
const document = JSON.parse(readFileSync(file, 'utf8')) as RouterConfigInput
await withCommits(commits, () => commitLocked(commits, { document, who: 'anna', window: 20_000 }))
process.stdout.write(String(written))
