/** Finds the user that a command works for, and reads the user's settings. */
import { join, resolve } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import { homeDirectory } from '@imp/kit/host/home.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { ConfigFile, resolveSettings, type Settings } from './model.ts'

/** Who a command works for: under sudo the person who called it. */
export interface User {
  /** Undefined for the one that we run as. */
  readonly name: string | undefined
  readonly home: string
}

/** The environment that matters; a parameter so that tests need not change their own. */
export type Environment = Readonly<Record<string, string | undefined>>

const systemData = '/var/lib/vmm'

function told(environment: Environment, name: string): string | undefined {
  const value = environment[name]
  return value === undefined || value === '' ? undefined : value
}

/** The caller of sudo (sudo(8), SUDO_USER), or whoever we are. A `not-found` fault for a user that there is not. */
export async function findUser(host: Host, root: boolean, environment: Environment): Promise<User> {
  const caller = told(environment, 'SUDO_USER')
  if (!root || caller === undefined || caller === 'root') return { name: undefined, home: homeDirectory() }
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,255}\$?$/.test(caller)) throw new Fault('input', 'SUDO_USER is no name of a user')
  const { stdout, status } = await host.query(['getent', 'passwd', caller], { statuses: [0, 2] })
  const home = stdout.split(':')[5]
  if (status !== 0 || home === undefined || home === '') throw new Fault('not-found', `there is no user ${caller}, whom SUDO_USER names`)
  return { name: caller, home }
}

/** Where the settings of a user are: `~/.config/vmm/config.json` (XDG Base Directory Specification, XDG_CONFIG_HOME). */
export function configPath(user: User, environment: Environment): string {
  const base = user.name === undefined ? told(environment, 'XDG_CONFIG_HOME') : undefined
  return join(base ?? join(user.home, '.config'), 'vmm', 'config.json')
}

/** The user's file; an empty one where there is none. `input` when it is not right. */
export async function readConfig(host: Host, path: string): Promise<{ readonly file: ConfigFile; readonly found: boolean }> {
  const there = await host.files.stat(path)
  if (there === undefined) return { file: {}, found: false }
  if (there.kind !== 'file') throw new Fault('input', `${path} is no file`, { hint: 'settings are a file of JSON: vmm config init' })
  return { file: parse(ConfigFile, parseJson(await host.files.read(path), path), path), found: true }
}

/**
 * Where machines are kept unless anybody says otherwise. Root has the system's; others have their own, and look at the system's as long
 * as they have none and there is one.
 */
async function defaultData(host: Host, root: boolean, user: User, environment: Environment): Promise<string> {
  if (root) return systemData
  const own = join(told(environment, 'XDG_DATA_HOME') ?? join(user.home, '.local', 'share'), 'vmm')
  const [mine, system] = await Promise.all([host.files.stat(own), host.files.stat(join(systemData, 'vms'))])
  return mine === undefined && system !== undefined ? systemData : own
}

export interface Loaded {
  readonly user: User
  readonly path: string
  readonly found: boolean
  readonly file: ConfigFile
  readonly settings: Settings
}

/** All that a command needs to know of its user. */
export async function loadSettings(host: Host, root: boolean, environment: Environment): Promise<Loaded> {
  const user = await findUser(host, root, environment)
  const path = configPath(user, environment)
  const { file, found } = await readConfig(host, path)
  const dataDir = told(environment, 'VMM_DATA_DIR')
  const surroundings = {
    home: user.home,
    defaultData: await defaultData(host, root, user, environment),
    dataDir: dataDir === undefined ? undefined : resolve(dataDir),
  }
  return { user, path, found, file, settings: resolveSettings(file, surroundings) }
}
