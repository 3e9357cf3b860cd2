/** The secrets of a router: one file each, readable by root alone, in its state directory on this machine. */
import { join } from 'node:path'
import { Fault } from '@imp/kit/base/fault.ts'
import { withLock } from '@imp/kit/host/lock.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { collection, type Collection } from '@imp/kit/store/collection.ts'
import type { DocumentKind } from '@imp/kit/store/document.ts'
import { Secret, type SecretValues } from './model.ts'

const kind: DocumentKind<typeof Secret> = { schema: 'imp.secret', version: 1, fields: Secret }

function directoryOf(stateDirectory: string): string {
  return join(stateDirectory, 'secrets')
}

export function secretsAt(host: Host, stateDirectory: string): Collection<typeof Secret> {
  return collection(host, kind, { directory: directoryOf(stateDirectory), noun: 'secret', listCommand: 'imp secret list', mode: 0o600 })
}

/** All values; empty when nobody set any. */
export async function readSecretValues(host: Host, stateDirectory: string): Promise<SecretValues> {
  const secrets = secretsAt(host, stateDirectory)
  const read = async (name: string): Promise<[string, string][]> => {
    const { value, former } = await secrets.get(name)
    return [[name, value], ...(former === undefined ? [] : [[`${name}/former`, former] as [string, string]])]
  }
  return new Map((await Promise.all((await secrets.names()).map(read))).flat())
}

/**
 * Sets a secret and keeps what it was. A `conflict` fault when another secret has this value: what a daemon has could not be told from
 * it. Returns whether the value is a new one.
 */
export async function setSecret(host: Host, stateDirectory: string, name: string, value: string): Promise<boolean> {
  const directory = directoryOf(stateDirectory)
  await host.files.makeDirectory(directory, { mode: 0o700 })
  return withLock(host.clock, join(directory, '.lock'), { what: 'the secrets' }, async () => {
    const secrets = secretsAt(host, stateDirectory)
    const before = await secrets.find(name)
    if (before?.value === value) return false
    const twin = [...(await readSecretValues(host, stateDirectory))].find(([label, each]) => each === value && !label.includes('/'))
    if (twin !== undefined)
      throw new Fault('conflict', `the secret ${twin[0]} has this value already`, { hint: `name ${twin[0]} in the configuration as well` })
    const former = before === undefined ? {} : { former: before.value }
    await secrets.put(name, { value, ...former, setAt: host.clock.now().toISOString() })
    return true
  })
}
