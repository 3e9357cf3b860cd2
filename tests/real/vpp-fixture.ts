/** Real VPP processes in network namespaces, for tests: found on the PATH, started, and gone when the test ends. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { DesiredVpp } from '../../packages/imp/src/dataplane/vpp/desired.ts'
import { probeFeatures } from '../../packages/imp/src/dataplane/linux/features.ts'
import { linuxBesideVpp } from '../../packages/imp/src/dataplane/vpp/render-linux.ts'
import { openVpp, type VppClient } from '../../packages/imp/src/dataplane/vpp/api/client.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { until } from '../../packages/kit/src/host/until.ts'

export const machine = localHost()

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function find(program: string): Promise<string | undefined> {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, program)
    if (await isThere(path)) return path
  }
  return undefined
}

const program = await find('vpp')

/** Whether Linux can show interfaces of VPP: twins are TAP devices behind vhost-net. */
export const showsTwins = await isThere('/dev/vhost-net')

/** Whether Linux can show tagged interfaces of VPP as well: their twins are VLANs of the kernel. */
export const showsTags = showsTwins && process.getuid?.() === 0 && (await probeFeatures(machine, ['802.1Q', '802.1ad'])).size === 2

/** Why there is no VPP to try against; undefined when there is one. */
export function vppObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root'
  return program === undefined ? 'needs vpp on the PATH (VPP 25.06, https://fd.io)' : undefined
}

export interface RealVpp {
  readonly directory: string
  readonly namespace: string
  /** Starts a process with these plugins and waits until it answers. */
  start(instance: string, plugins: readonly string[], heap?: string): Promise<ChildProcess>
  connect(instance: string): Promise<VppClient>
}

function startup(directory: string, instance: string, namespace: string, plugins: readonly string[], heap: string): string {
  const at = (name: string): string => join(directory, `${instance}-${name}`)
  return [
    `unix { nodaemon nosyslog log ${at('log')} runtime-dir ${at('run')} cli-listen ${at('cli.sock')} poll-sleep-usec 200 }`,
    `api-segment { prefix ${namespace}${instance} }`,
    `socksvr { socket-name ${at('api.sock')} }`,
    `statseg { socket-name ${at('stats.sock')} size 32M }`,
    `memory { main-heap-size ${heap} }`,
    'buffers { buffers-per-numa 8192 page-size default }',
    ...(plugins.includes('linux_cp') ? [`linux-cp { default netns ${namespace} lcp-sync }`] : []),
    `plugins { plugin default { disable } ${plugins.map((plugin) => `plugin ${plugin}_plugin.so { enable }`).join(' ')} }`,
    '',
  ].join('\n')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** A namespace of its own for VPP, with these links, whose other ends are in namespaces `<name>-<link>`. */
export async function realVpp(t: TestContext, topic: string, links: readonly string[]): Promise<RealVpp> {
  const namespace = `imp-${process.pid}-${topic}`
  const directory = await mkdtemp(join(tmpdir(), 'imp-vpp-'))
  const children: ChildProcess[] = []
  const started = new Set<string>()
  const namespaces = [namespace, ...links.map((link) => `${namespace}-${link}`)]
  t.after(async () => {
    await Promise.all(children.map(stop))
    // A process that ended by itself said why there.
    for (const each of started) {
      const words = await readFile(join(directory, `${each}.stderr`), 'utf8')
      if (words !== '') t.diagnostic(`VPP (${each}) said: ${words.slice(-2000)}`)
    }
    for (const each of namespaces) await machine.run(['ip', 'netns', 'delete', each], { statuses: [0, 1, 255] })
    await rm(directory, { recursive: true, force: true })
    for (const each of started) {
      for (const kind of ['global_vm', 'vpe-api']) await rm(`/dev/shm/${namespace}${each}-${kind}`, { force: true })
    }
  })
  for (const each of namespaces) await machine.run(['ip', 'netns', 'add', each])
  const settings = Object.entries(linuxBesideVpp.sysctls).map(([key, value]) => `${key}=${value}`)
  await machine.run(['ip', 'netns', 'exec', namespace, 'sysctl', '-q', '-w', ...settings])
  for (const link of links) {
    const far = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', `${namespace}-${link}`]
    // From within: before 6.14 Linux refuses a name that the namespace of the caller has, wherever the link is made.
    await machine.run(['ip', '-n', namespace, 'link', 'add', link, ...far])
    await machine.run(['ip', '-n', `${namespace}-${link}`, 'link', 'set', 'dev', 'eth0', 'up'])
  }
  const connect = (instance: string): Promise<VppClient> =>
    until(machine.clock, { timeout: 90_000, interval: 50, what: `VPP (${instance})` }, async () => {
      try {
        return await openVpp(machine, { name: instance, socket: join(directory, `${instance}-api.sock`) })
      } catch (error) {
        if (error instanceof Fault && error.code !== 'unsupported') return undefined
        throw error
      }
    })
  return {
    directory,
    namespace,
    connect,
    async start(instance, plugins, heap = '512M') {
      started.add(instance)
      const path = join(directory, `${instance}.conf`)
      await writeFile(path, startup(directory, instance, namespace, plugins, heap))
      const words = await open(join(directory, `${instance}.stderr`), 'a')
      const child = spawn('ip', ['netns', 'exec', namespace, program ?? 'vpp', '-c', path], { stdio: ['ignore', words.fd, words.fd] })
      await words.close()
      children.push(child)
      const client = await connect(instance)
      client.close()
      return child
    },
  }
}

export const corePlugins = ['linux_cp', 'linux_nl', 'acl', 'abf', 'af_packet', 'memif', 'ping']
export const natPlugins = ['memif', 'det44', 'ping']
export const nat64Plugins = ['memif', 'nat64', 'ping']

/** What this kernel can carry: without vhost-net nothing can be shown to Linux, without 802.1Q nothing that is tagged. */
export function possible(desired: DesiredVpp): DesiredVpp {
  if (showsTags) return desired
  const interfaces = Object.entries(desired.core.things.interfaces).map(
    ([name, each]) => [name, showsTwins && each.making.driver !== 'vlan' ? each : { ...each, twin: null }] as const,
  )
  return { ...desired, core: { ...desired.core, things: { ...desired.core.things, interfaces: Object.fromEntries(interfaces) } } }
}
