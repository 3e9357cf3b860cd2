/** Names of machines completed by the shells that people use, each of them really run. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'
import { vmmOn, type Vmm } from './vmm-machine-command.ts'

const run = promisify(execFile)
const program = new URL('../../bin/vmm', import.meta.url).pathname

/** Completes a line in each shell and prints the candidates, one a line. */
const shells = {
  bash: `
    source <(vmm completion bash)
    read -ra COMP_WORDS <<<"$1"; [[ $1 == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _vmm_complete vmm
    printf '%s\\n' "\${COMPREPLY[@]}"`,
  // What _describe would show is taken from what it is given (zshcompsys(1)).
  zsh: `
    compdef() { : }
    _describe() { local list=$4; print -l -- "\${(@P)list}" }
    _files() { : }
    source <(vmm completion zsh)
    words=("\${(@s: :)1}"); CURRENT=\${#words}; _vmm_complete; true`,
  fish: `vmm completion fish | source; complete --do-complete $argv[1]`,
} as const
type Shell = keyof typeof shells

describe('completion of the names of machines', { concurrency: false }, () => {
  let cli: Vmm
  before(async () => {
    cli = vmmOn(await mkdtemp(join(tmpdir(), 'vmw')))
    await symlink(program, join(cli.directory, 'vmm'))
    await cli.json('create', 'web', '--count', '2', '--network', 'none')
    await cli.json('create', 'db1', '--network', 'none')
  })
  after(() => rm(cli.directory, { recursive: true, force: true }))

  async function candidates(shell: Shell, line: string): Promise<string[]> {
    const env = { ...process.env, PATH: `${cli.directory}:${process.env['PATH'] ?? ''}`, VMM_DATA_DIR: cli.directory, HOME: cli.directory }
    const words = { bash: ['-c', shells.bash, 'bash', line], zsh: ['-f', '-c', shells.zsh, 'zsh', line], fish: ['-c', shells.fish, line] }
    const { stdout } = await run(shell, words[shell], { env })
    const lines = stdout.split('\n').map((each) => each.replace(/[:\t].*$/, '').trim())
    return lines.filter((each) => each !== '').toSorted()
  }

  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    it(`in ${shell}`, async (t: TestContext) => {
      if (spawnSync(shell, ['--version']).error !== undefined) return t.skip(`needs ${shell}`)
      for (const [line, expected] of [
        ['vmm rename w', ['web-1', 'web-2']],
        ['vmm show ', ['db1', 'web-1', 'web-2']],
        ['vmm inspect web-1 ', ['db1', 'web-2']],
        ['vmm autostart enable db1 --after web', ['web-1', 'web-2']],
        ['vmm pru', ['prune']],
      ] as const) {
        // Names that take longer than a person waits are left out: on a busy computer the shell asks again.
        const found = await until(systemClock, { timeout: 90_000, what: `${shell}: ${line}` }, async () => {
          const some = await candidates(shell, line)
          return some.length > 0 ? some : undefined
        })
        assert.deepEqual(found, expected, line)
      }
    })
  }
})
