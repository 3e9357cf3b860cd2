/** Routers in namespaces for the tests of the pipeline: made, looked at and taken away. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RouterConfig, type RouterConfigInput } from '../../packages/imp/src/config/model.ts'
import { observeLinks, type ObservedLink } from '../../packages/imp/src/dataplane/linux/observe.ts'
import { stopDaemons } from '../../packages/imp/src/frr/daemons.ts'
import { observeFrr } from '../../packages/imp/src/frr/driver.ts'
import { formatConfiguration } from '../../packages/imp/src/frr/parse.ts'
import { findRunning } from '../../packages/imp/src/pipeline/running.ts'
import { frrPlace, type Target } from '../../packages/imp/src/pipeline/target.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import type { Report } from '../../packages/kit/src/base/events.ts'
import type { Host } from '../../packages/kit/src/host/host.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { inNamespace } from '../../packages/kit/src/host/namespace.ts'

export const machine: Host = localHost()
export const silent: Report = () => undefined

/** Why routers cannot run here, or undefined when they can. */
export async function obstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root'
  if ((await machine.files.stat('/usr/lib/frr/zebra')) === undefined) return 'needs FRR (apt-get install frr)'
  try {
    await machine.query(['nft', '--version'])
    await machine.query(['unshare', '--net', '--', 'ip', 'link', 'add', 'name', 't0', 'type', 'veth', 'peer', 'name', 't1'])
    return undefined
  } catch (error) {
    if (error instanceof Fault) return `needs nftables, network namespaces and veth: ${error.message}`
    throw error
  }
}

export function config(input: Omit<RouterConfigInput, 'schema' | 'version'>): RouterConfig {
  return RouterConfig.parse({ schema: 'imp.router', version: 1, ...input })
}

export function targetIn(namespace: string, directory: string): Target {
  return {
    name: `namespace ${namespace}`,
    machine,
    host: inNamespace(machine, namespace),
    namespace,
    runDirectory: join(directory, 'run'),
    stateDirectory: join(directory, 'state'),
    local: machine,
  }
}

export interface Bench {
  /** A target in a namespace of its own, which is made unless told. */
  target(name: string, made?: boolean): Promise<Target>
  /** A cable between two ports, both up on the far side when `up`. */
  cable(a: Target, aPort: string, b: Target, bPort: string): Promise<void>
  /** Ends every process and takes every namespace and file away. */
  close(): Promise<void>
}

/** Names and directories of one test; `close` finds all of it again whatever happened in between. */
export async function openBench(topic: string): Promise<Bench> {
  const prefix = `imp-test-${process.pid}-${topic}-`
  // FRR's daemons run as another user and need to reach their sockets.
  const directory = await mkdtemp(join(tmpdir(), 'imp-test-'))
  await machine.run(['chmod', '755', directory])
  const targets: Target[] = []
  return {
    async target(name, made = true) {
      const target = targetIn(`${prefix}${name}`, join(directory, name))
      targets.push(target)
      await machine.files.makeDirectory(target.runDirectory)
      if (made) await machine.run(['ip', 'netns', 'add', `${prefix}${name}`])
      return target
    },
    async cable(a, aPort, b, bPort) {
      // From within: before 6.14 Linux refuses a name that the namespace of the caller has, wherever the link is made.
      const words = ['link', 'add', aPort, 'type', 'veth', 'peer', 'name', bPort, 'netns', b.namespace ?? '']
      await machine.run(['ip', '-n', a.namespace ?? '', ...words])
      await b.host.run(['ip', 'link', 'set', 'dev', bPort, 'up'])
    },
    async close() {
      for (const target of targets) {
        await stopDaemons(frrPlace(target))
        await machine.run(['ip', 'netns', 'delete', target.namespace ?? ''], { statuses: [0, 1, 255] })
      }
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** Everything about a router that a change may touch, in a form that can be compared. */
export interface Snapshot {
  readonly links: readonly Pick<ObservedLink, 'name' | 'alternativeNames' | 'mtu' | 'up' | 'addresses'>[]
  readonly rules: string
  readonly sysctls: string
  readonly nft: readonly string[]
  readonly frr: Readonly<Record<string, readonly string[]>>
  readonly running: RouterConfig | undefined
}

const nothing: Snapshot = { links: [], rules: '', sysctls: '', nft: [], frr: {}, running: undefined }

export async function snapshot(target: Target): Promise<Snapshot> {
  const running = (await findRunning(target))?.config
  const there = (await machine.files.stat(`/run/netns/${target.namespace ?? ''}`)) !== undefined
  if (!there) return { ...nothing, running }
  const rules = (family: '-4' | '-6') => target.host.query(['ip', family, 'rule', 'show'])
  const [links, four, six, sysctls, nft, frr] = await Promise.all([
    observeLinks(target.host),
    rules('-4'),
    rules('-6'),
    target.host.query(['sysctl', 'net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.ipv4.conf.all.rp_filter']),
    target.host.query(['nft', '-s', 'list', 'ruleset']),
    observeFrr(frrPlace(target)),
  ])
  return {
    links: links.map(({ name, alternativeNames, kind, mtu, up, master, addresses }) => ({
      name,
      alternativeNames,
      kind,
      mtu,
      up,
      master,
      addresses: addresses.toSorted(),
    })),
    rules: `${four.stdout}\n${six.stdout}`,
    sysctls: sysctls.stdout,
    nft: nft.stdout.split(/\n(?=table )/).toSorted(),
    frr: Object.fromEntries([...frr].map(([daemon, each]) => [daemon, formatConfiguration(each.configuration).split('\n').toSorted()])),
    running,
  }
}
