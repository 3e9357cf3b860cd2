import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { localHost } from '@imp/kit/host/local.ts'
import { diskLabels, failedMarker, readyMarker } from './boot.ts'
import { scriptEntries } from './tools.ts'

const read = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8')
const busybox = spawnSync('busybox', ['true']).status === 0 ? 'busybox' : undefined

suite('scripts of the guest', () => {
  test('are read by the shell that runs them', async (t) => {
    const words = busybox === undefined ? ['sh', '-n'] : [busybox, 'sh', '-n']
    for (const entry of await scriptEntries(localHost())) {
      assert.ok(entry.kind === 'file')
      await t.test(entry.path, () => {
        execFileSync(words[0] ?? 'sh', words.slice(1), { input: entry.content })
      })
    }
  })

  test('say what the host waits for', () => {
    assert.ok(read('announce').includes(`\\n${readyMarker}\\n`))
    assert.ok(read('init').includes(failedMarker))
  })

  test('look for the labels that the host writes', () => {
    for (const label of Object.values(diskLabels)) assert.ok(read('init').includes(`disk_labelled ${label}`), label)
  })

  test('end in what the archive executes', async () => {
    const executable = (await scriptEntries(localHost()))
      .filter((entry) => entry.kind === 'file' && entry.mode === 0o755)
      .map((entry) => entry.path)
    assert.deepEqual(executable, ['init', 'vmm/shutdown'])
    for (const name of ['init', 'shutdown']) assert.match(read(name), /^#!\/.*sh\n/)
  })
})
