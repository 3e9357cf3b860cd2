/** Commits of a router in memory for tests, on a history on disk. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { fakeClock } from '@imp/kit/host/fake.ts'
import { localHost } from '@imp/kit/host/local.ts'
import { historyOf } from '../config/history.ts'
import type { RouterConfig, RouterConfigInput } from '../config/model.ts'
import { commitLocked, type CommitRequest, type Commits } from './commit.ts'
import type { FakeRouter } from './fake-router.ts'
import type { Health } from './health.ts'
import type { Commit } from './model.ts'

/** Directory of the history of the running test. */
export let directory = ''
/** Commits for which a guard was started. */
export let armed: number[] = []
export const started = new Date('2026-11-22T12:00:00Z')

/** Gives every test of a suite a directory of its own. Hooks outside of suites would run for the tests of all files. */
export function useDirectory(): void {
  beforeEach(async () => {
    directory = join(tmpdir(), `imp-commit-${randomUUID()}`)
    await localHost().files.makeDirectory(directory, { mode: 0o700 })
    armed = []
  })
  afterEach(() => localHost().files.remove(directory))
}

export function bench(router: FakeRouter, clock = fakeClock(started)): Commits {
  const guard = {
    arm: (number: number) => {
      armed.push(number)
      return Promise.resolve()
    },
    runs: () => Promise.resolve(false),
    forget: () => Promise.resolve(),
  }
  const { signal } = new AbortController()
  const history = historyOf({ host: localHost(), directory })
  return { history, directory, clock, router, guard, report: () => undefined, signal }
}

export function named(hostname: string): RouterConfigInput {
  return { schema: 'imp.router', version: 1, hostname }
}

export function request(hostname: string, more: Partial<CommitRequest> = {}): CommitRequest {
  return { document: named(hostname), who: 'anna', window: 5000, ...more }
}

/** Well unless the configuration is called `bad`. */
export function health({ hostname }: RouterConfig): Health {
  const healthy = hostname !== 'bad'
  return { probes: [{ name: 'BGP session up', path: 'bgp.peers.up', healthy, seen: healthy ? 'is Established' : 'is Active' }], learnt: 0 }
}

export async function outcomes({ history }: Commits): Promise<string[]> {
  return (await history.list()).map(({ number, outcome }) => `${number} ${outcome}`)
}

export function hostnames({ applied }: FakeRouter): string[] {
  return applied.map(({ hostname }) => hostname)
}

export async function fail(commits: Commits, what: CommitRequest): Promise<Fault> {
  const error: unknown = await commitLocked(commits, what).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof Fault, String(error))
  return error
}

/** A commit as the record on disk has it after its command was killed. */
export async function abandoned(commits: Commits, hostname: string, more: Partial<Commit>): Promise<void> {
  const commit = { number: 2, base: 1, who: 'anna', when: started.toISOString(), outcome: 'pending', ...more } as const
  await commits.history.add(commit, named(hostname), named('one'))
}
