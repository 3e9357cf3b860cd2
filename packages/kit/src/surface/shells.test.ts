/** The scripts for shells in those shells, where they are installed. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { completionScript } from './shells.ts'

function isMissing(shell: string): false | string {
  return spawnSync(shell, ['--version']).error === undefined ? false : `needs ${shell}`
}

/** A program that offers the same two words everywhere, and the script for it. */
function install(t: TestContext, shell: 'bash' | 'zsh' | 'fish'): { readonly script: string; readonly env: NodeJS.ProcessEnv } {
  const directory = mkdtempSync(join(tmpdir(), 'shells-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'sample'), "#!/bin/sh\nprintf 'words\\nbuild\\tBuild an image\\nlist\\n'\n", { mode: 0o755 })
  const script = join(directory, 'script')
  writeFileSync(script, `${completionScript('sample', shell)}\n`)
  return { script, env: { ...process.env, HOME: directory, PATH: `${directory}${delimiter}${process.env['PATH']}` } }
}

describe('scripts for shells', () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const)
    test(`${shell} reads its script`, { skip: isMissing(shell) }, (t) => {
      const { script, env } = install(t, shell)
      const { status, stderr } = spawnSync(shell, ['-n', script], { env, encoding: 'utf8' })
      assert.deepEqual([status, stderr], [0, ''])
    })

  test('fish completes', { skip: isMissing('fish') }, (t) => {
    const { script, env } = install(t, 'fish')
    const { stdout } = spawnSync('fish', ['-c', `source ${script}; complete -C 'sample image '`], { env, encoding: 'utf8' })
    assert.deepEqual(stdout.trimEnd().split('\n').toSorted(), ['build\tBuild an image', 'list'])
  })
})
