import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { historyOf } from '../config/history.ts'
import { commitLocked, settle, type Commits } from './commit.ts'
import { fakeRouter } from './fake-router.ts'
import { bench, directory, fail, health, hostnames, outcomes, request, useDirectory } from './sample.ts'

/** A disk that takes so many files and then is full, also while changes are taken back. */
function filling(count: number): Host {
  const host = localHost()
  let left = count
  return {
    ...host,
    files: {
      ...host.files,
      write: (path, ...rest) => {
        left -= 1
        if (left < 0) return Promise.reject(new Fault('state', `cannot write ${path}: no space left on the file system`))
        return host.files.write(path, ...rest)
      },
    },
  }
}

/** Files that a commit writes: three documents and its record; that it is in force; its verdict. */
const writes = 6

suite('a disk that is full in the middle of a commit', () => {
  useDirectory()

  for (let count = 0; count < writes; count += 1) {
    test(`after ${count} files: the old configuration is in force, and the command says why`, async () => {
      const router = fakeRouter(health)
      const commits = bench(router)
      await commitLocked(commits, request('one'))
      const said: string[] = []
      const full: Commits = {
        ...commits,
        history: historyOf({ host: filling(count), directory }),
        report: (event) => void (event.event === 'log' && event.level === 'warning' && said.push(event.text)),
      }
      const { message } = await fail(full, request('two'))
      assert.match(message, /no space left/)
      assert.equal(hostnames(router).at(-1), 'one')
      // What happened in between could not be written down, and is said.
      assert.equal(said.length, hostnames(router).length > 1 ? 1 : 0)
      // As soon as there is space again the next command gives what is open its verdict, and the numbers go on.
      await settle(commits)
      await commitLocked(commits, request('three'))
      assert.equal(hostnames(router).at(-1), 'three')
      assert.doesNotMatch((await outcomes(commits)).join(), /pending|awaiting/)
    })
  }

  test('takes a commit that has space for all of it', async () => {
    const router = fakeRouter(health)
    const commits = bench(router)
    await commitLocked({ ...commits, history: historyOf({ host: filling(writes), directory }) }, request('one'))
    assert.deepEqual(await outcomes(commits), ['1 applied'])
  })
})
