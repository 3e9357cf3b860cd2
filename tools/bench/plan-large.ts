/**
 * A process of its own, so that all that it costs is counted: reads what a large router shows, and plans a change of one line. Prints the
 * CPU milliseconds of each part as JSON. Called with a directory that `record` filled.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize } from 'node:v8'
import type { ObservedPlace } from '../../packages/imp/src/dataplane/linux/driver.ts'
import { loadRouterConfig } from '../../packages/imp/src/config/load.ts'
import type { ObservedVpp } from '../../packages/imp/src/dataplane/vpp/driver.ts'
import type { ObservedDaemon } from '../../packages/imp/src/frr/driver.ts'
import { parseConfiguration } from '../../packages/imp/src/frr/parse.ts'
import type { FrrDaemon } from '../../packages/imp/src/frr/daemon.ts'
import { planRouter } from '../../packages/imp/src/pipeline/difference.ts'
import type { MadeRouter } from '../../packages/imp/src/pipeline/made.ts'
import { renderRouter } from '../../packages/imp/src/pipeline/render.ts'
import { localHost } from '@imp/kit/host/local.ts'

/** What `record` writes, by v8.serialize. */
export interface Recording {
  readonly linux: ObservedPlace
  /** Undefined where Linux forwards. */
  readonly vpp: ObservedVpp | undefined
  readonly made: MadeRouter
  /** Texts of `show running-config`. */
  readonly frr: ReadonlyMap<FrrDaemon, string>
}

function cpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const spent: Record<string, number> = {}
let before = 0
function counted<T>(part: string, work: () => T): T {
  const value = work()
  const now = cpu()
  spent[part] = now - before
  before = now
  return value
}

const directory = process.argv[2] ?? ''
const { linux, vpp, made, frr: shownFrr } = deserialize(readFileSync(join(directory, 'recording'))) as Recording
const text = readFileSync(join(directory, 'router.json'), 'utf8')
counted('start', () => undefined)

const { config, findings } = counted('load and check', () => loadRouterConfig(text, 'router.json'))
if (config === undefined || findings.length > 0) throw new Error(`router.json: ${JSON.stringify(findings[0])}`)
const desired = counted('render', () => renderRouter(config))
const frr = counted('read what FRR shows', () => {
  const parsed = [...shownFrr].map(([daemon, shown]): [FrrDaemon, ObservedDaemon] => [
    daemon,
    { pid: 2, startTime: 1, configuration: parseConfiguration(shown) },
  ])
  return new Map(parsed)
})
const host = localHost()
const target = { name: 'large', machine: host, host, local: host, runDirectory: '/run/large', stateDirectory: '/var/lib/large' }
const { steps } = counted('plan', () => planRouter(target, desired, { linux, frr, ...(vpp === undefined ? {} : { vpp }) }, made))
console.log(JSON.stringify({ steps: steps.map(({ kind, summary }) => `${kind}: ${summary}`), spent }))
