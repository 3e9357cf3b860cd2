/** Network namespaces of a lab: found by prefix, made with the settings of their purpose, ended with all that runs in them. */
import { Fault } from '@imp/kit/base/fault.ts'
import { count } from '@imp/kit/base/text.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { inNamespace, namespacePath } from '@imp/kit/host/namespace.ts'
import { endProcess, identify } from '@imp/kit/host/process.ts'
import { until } from '@imp/kit/host/until.ts'
import { namespaceSettings } from './wire.ts'
import type { NodeDefinition } from './definition.ts'

/** Milliseconds between TERM and KILL for what runs in a namespace that goes. */
const grace = 1000

/** Directory in which iproute2 keeps namespaces; absent until the first one is made. */
const namespacesDirectory = namespacePath('').slice(0, -1)

/** Names of all namespaces of this machine, also those whose making was interrupted. */
export async function listNamespaces(host: Host): Promise<string[]> {
  return (await host.files.stat(namespacesDirectory)) === undefined ? [] : host.files.list(namespacesDirectory)
}

export type Purpose = NodeDefinition['realised'] | 'relay'

async function makeNamespace(host: Host, name: string, purpose: Purpose): Promise<void> {
  const inside = inNamespace(host, name)
  // -e: settings that this kernel does not have, such as those of br_netfilter, need no turning off.
  await inside.run(['sysctl', '-e', '-q', '-w', ...namespaceSettings(purpose)])
  await inside.run(['ip', 'link', 'set', 'lo', 'up'])
}

/** Makes those that are not there and gives all their settings. */
export async function makeNamespaces(host: Host, wanted: ReadonlyMap<string, Purpose>): Promise<void> {
  const present = new Set(await listNamespaces(host))
  const missing = [...wanted.keys()].filter((name) => !present.has(name))
  if (missing.length > 0) await host.run(['ip', '-batch', '-'], { input: missing.map((name) => `netns add ${name}\n`).join('') })
  await Promise.all([...wanted].map(([name, purpose]) => makeNamespace(host, name, purpose)))
}

/** Pids in a namespace; none when the name is a file that never became one (an `ip netns add` that was cut). */
async function pidsIn(host: Host, name: string): Promise<number[]> {
  const ran = await host.query(['ip', 'netns', 'pids', name], { statuses: [0, 1, 255] })
  return ran.status === 0 ? ran.stdout.split(/\s+/).filter(Boolean).map(Number) : []
}

async function endAll(host: Host, names: readonly string[]): Promise<number> {
  const pids = (await Promise.all(names.map((name) => pidsIn(host, name)))).flat()
  const living = (await Promise.all(pids.map(identify))).filter((each) => each !== undefined)
  await Promise.all(living.map((each) => endProcess(host.clock, each, grace)))
  return living.length
}

/** Ends every process in these namespaces. A daemon may fork while it is looked for: looks again until none is found. */
export async function endProcessesIn(host: Host, names: readonly string[]): Promise<void> {
  const what = `ending the programs in ${count(names.length, 'namespace')}`
  await until(host.clock, { timeout: 20_000, what }, async () => (await endAll(host, names)) === 0)
}

/** Ends what runs in the namespaces and removes them, with all links in them. Those that are not there are passed over. */
export async function removeNamespaces(host: Host, names: readonly string[]): Promise<void> {
  const present = new Set(await listNamespaces(host))
  const gone = names.filter((name) => present.has(name))
  if (gone.length === 0) return
  await endProcessesIn(host, gone)
  await host.run(['ip', '-batch', '-'], { input: gone.map((name) => `netns del ${name}\n`).join('') })
  const left = (await listNamespaces(host)).filter((name) => gone.includes(name))
  if (left.length > 0)
    throw new Fault('state', `cannot remove the namespaces ${left.join(', ')}`, { hint: 'ip netns pids NAME shows what uses one' })
}
