/** Processes that outlive the command which started them, however that ends: they take an unconfirmed commit back, or do a scheduled one. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findUnit, startUnit, unitFiles } from '@imp/kit/host/supervise.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'

export interface Guard {
  /** Starts the process for this number unless it runs. */
  arm(number: number): Promise<void>
  /** Whether the process for this number lives. */
  runs(number: number): Promise<boolean>
  /** Takes its files away; called by the process itself before it ends. */
  forget(number: number): Promise<void>
}

/** What a process waits for, with the words that start it. */
const purposes = {
  confirm: { unit: 'commit', words: ['rollback', '--unless-confirmed'] },
  scheduled: { unit: 'scheduled', words: ['schedule', 'wait'] },
} as const
export type Purpose = keyof typeof purposes

export interface GuardOptions {
  readonly host: Host
  /** Directory of the history; the files of the process are below it. */
  readonly directory: string
  /** Words by which the process finds the same router again: `--namespace`, `edge`. */
  readonly words: readonly string[]
  /** What the process needs of our environment, since programs start with an empty one. */
  readonly environment: Readonly<Record<string, string>>
  /** What the process is for; to take an unconfirmed commit back unless told. */
  readonly purpose?: Purpose
}

function command({ words, purpose = 'confirm' }: GuardOptions, number: number): Argv {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  return [process.execPath, '--disable-warning=ExperimentalWarning', main, ...purposes[purpose].words, String(number), ...words]
}

function unitName({ purpose = 'confirm' }: GuardOptions, number: number): string {
  return `${purposes[purpose].unit}-${String(number).padStart(4, '0')}`
}

/** Whether systemd is the init system: this directory is there exactly then (sd_booted(3)). */
async function underSystemd(host: Host): Promise<boolean> {
  return (await host.files.stat('/run/systemd/system')) !== undefined
}

function systemdUnit(options: GuardOptions, number: number): string {
  const { directory, purpose = 'confirm' } = options
  const place = createHash('sha256').update(directory).digest('hex').slice(0, 8)
  return `imp-${purpose}-${place}-${unitName(options, number)}.service`
}

async function isActive(options: GuardOptions, number: number): Promise<boolean> {
  const words = ['systemctl', 'is-active', '--quiet', systemdUnit(options, number)] as const
  return (await options.host.query(words, { statuses: [0, 1, 3, 4] })).status === 0
}

/** Under systemd the process has a unit of its own, which the end of a login session does not take along (systemd-run(1)). */
async function armUnderSystemd(options: GuardOptions, number: number): Promise<void> {
  if (await isActive(options, number)) return
  const { host, environment } = options
  const settings = Object.entries(environment).map(([name, value]) => `--setenv=${name}=${value}`)
  const unit = `--unit=${systemdUnit(options, number)}`
  await host.run(['systemd-run', '--quiet', '--collect', unit, ...settings, ...command(options, number)])
}

/** The guard of the commits of a store. */
export function guardOf(options: GuardOptions): Guard {
  const { host, environment, purpose = 'confirm' } = options
  const directory = join(options.directory, purpose === 'confirm' ? purpose : 'waiting')
  return {
    async arm(number) {
      if (await underSystemd(host)) return armUnderSystemd(options, number)
      const name = unitName(options, number)
      if ((await findUnit(host, directory, name)) !== undefined) return
      await startUnit(host, { name, directory, argv: command(options, number), env: environment })
    },
    async runs(number) {
      if (await underSystemd(host)) return isActive(options, number)
      return (await findUnit(host, directory, unitName(options, number))) !== undefined
    },
    async forget(number) {
      const { document, input } = unitFiles(directory, unitName(options, number))
      for (const file of [document, input]) await host.files.remove(file)
    },
  }
}
