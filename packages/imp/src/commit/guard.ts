/** The process that takes an unconfirmed commit back: it outlives the command that started it, however that ends. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findUnit, startUnit, unitFiles } from '@imp/kit/host/supervise.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'

export interface Guard {
  /** Starts the process for this commit unless it runs. */
  arm(number: number): Promise<void>
  /** Takes its files away; called by the process itself before it ends. */
  forget(number: number): Promise<void>
}

export interface GuardOptions {
  readonly host: Host
  /** Directory of the history; the files of the process are below it. */
  readonly directory: string
  /** Words by which the process finds the same router again: `--namespace`, `edge`. */
  readonly words: readonly string[]
  /** What the process needs of our environment, since programs start with an empty one. */
  readonly environment: Readonly<Record<string, string>>
}

function command(words: readonly string[], number: number): Argv {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  return [process.execPath, '--disable-warning=ExperimentalWarning', main, 'rollback', '--unless-confirmed', String(number), ...words]
}

function unitName(number: number): string {
  return `commit-${String(number).padStart(4, '0')}`
}

/** Under systemd the process has a unit of its own, which the end of a login session does not take along (systemd-run(1)). */
async function armUnderSystemd({ host, directory, environment, words }: GuardOptions, number: number): Promise<void> {
  const place = createHash('sha256').update(directory).digest('hex').slice(0, 8)
  const unit = `imp-confirm-${place}-${unitName(number)}.service`
  const active = await host.query(['systemctl', 'is-active', '--quiet', unit], { statuses: [0, 1, 3, 4] })
  if (active.status === 0) return
  const settings = Object.entries(environment).map(([name, value]) => `--setenv=${name}=${value}`)
  await host.run(['systemd-run', '--quiet', '--collect', `--unit=${unit}`, ...settings, ...command(words, number)])
}

/** The guard of the commits of a store. */
export function guardOf(options: GuardOptions): Guard {
  const { host, environment, words } = options
  const directory = join(options.directory, 'confirm')
  return {
    async arm(number) {
      // sd_booted(3): this directory is there exactly when systemd is the init system.
      if ((await host.files.stat('/run/systemd/system')) !== undefined) return armUnderSystemd(options, number)
      const name = unitName(number)
      if ((await findUnit(host, directory, name)) !== undefined) return
      await startUnit(host, { name, directory, argv: command(words, number), env: environment })
    },
    async forget(number) {
      const { document, input } = unitFiles(directory, unitName(number))
      for (const file of [document, input]) await host.files.remove(file)
    },
  }
}
