/** Operations on the settings of `vmm`. */
import { dirname } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath } from '@imp/kit/base/schema.ts'
import { table } from '@imp/kit/base/text.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../context.ts'
import { Origin, unknownKeys, type ConfigFile, type Settings } from './model.ts'

const Shown = z.strictObject({
  path: FilePath,
  found: z.boolean(),
  settings: z.array(z.strictObject({ name: z.string(), value: z.unknown(), source: Origin })),
  /** Keys of the file that mean nothing here. */
  unknown: z.array(z.string()),
})

/** Names as the file has them. */
const names: readonly (readonly [string, keyof Settings])[] = [
  ['data_dir', 'dataDir'],
  ['bridge_name', 'bridgeName'],
  ['subnet', 'subnet'],
  ['gateway', 'gateway'],
  ['host_interface', 'hostInterface'],
  ['vm_defaults.cpus', 'cpus'],
  ['vm_defaults.memory_mb', 'memory'],
  ['vm_defaults.disk_size_mb', 'disk'],
  ['vm_defaults.image', 'image'],
  ['vm_defaults.kernel', 'kernel'],
  ['vm_defaults.ssh_key_path', 'sshKeyPath'],
  ['vm_defaults.dns_servers', 'dns'],
  ['vm_defaults.engine', 'engine'],
  ['vm_defaults.balloon_mb', 'balloon'],
  ['vm_defaults.vsock', 'vsock'],
  ['vm_defaults.rate_limit_disk_bandwidth_mb', 'diskBandwidth'],
  ['vm_defaults.rate_limit_disk_iops', 'diskIops'],
  ['vm_defaults.rate_limit_net_bandwidth', 'netBandwidth'],
]

/** What holds for values that are worked out where they are needed. */
const unset: Readonly<Record<string, string>> = {
  host_interface: '(any)',
  'vm_defaults.kernel': '(default)',
  'vm_defaults.ssh_key_path': '(none)',
  'vm_defaults.dns_servers': '(those of the network)',
  'vm_defaults.engine': '(the best that works)',
}

function draw(name: string, value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return unset[name] ?? '(none)'
  return Array.isArray(value) ? value.join(', ') : typeof value === 'string' ? value : JSON.stringify(value)
}

const show = operation<VmmContext>()({
  path: ['config', 'show'],
  summary: 'Show the settings and where each comes from',
  effect: 'read',
  input: z.strictObject({}),
  output: Shown,
  examples: ['vmm config show', 'vmm config show --json'],
  run: ({ config: { path, found, file, settings } }) =>
    Promise.resolve({
      path,
      found,
      settings: names.map(([name, key]) => ({ name, value: settings[key].value ?? null, source: settings[key].source })),
      unknown: unknownKeys(file),
    }),
  view: ({ path, found, settings, unknown }) => {
    const rows = settings.map(({ name, value, source }) => [name, draw(name, value), source])
    const head = found ? path : `${path} (not there: vmm config init writes it)`
    const rest = unknown.length === 0 ? [] : ['', `not known here: ${unknown.join(', ')}`]
    return [head, '', ...table([['SETTING', 'VALUE', 'SOURCE'], ...rows]), ...rest].join('\n')
  },
})

/** The interface of the default route (`ip -j route`), which people expect to see in a new file. */
async function defaultInterface(host: Host): Promise<string | undefined> {
  const { stdout } = await host.query(['ip', '-j', 'route', 'show', 'default'])
  const routes = z.array(z.looseObject({ dev: z.string().optional() })).safeParse(JSON.parse(stdout === '' ? '[]' : stdout))
  return routes.data?.[0]?.dev
}

const Written = z.strictObject({ path: FilePath, written: z.boolean() })

const init = operation<VmmContext>()({
  path: ['config', 'init'],
  summary: 'Write a file of settings to start from',
  description:
    'It holds the settings of now and the interface of the default route; where machines are kept only if you are root or it was told. A file that is there is kept, unless --force.',
  effect: 'write',
  input: z.strictObject({ force: z.boolean().default(false).describe('write over the file that is there') }),
  output: Written,
  examples: ['vmm config init', 'vmm config init --force'],
  async run(context, { force }) {
    const { host, config, root } = context
    const { path, found, settings, user } = config
    if (found && !force) return { path, written: false }
    const uplink = await defaultInterface(host)
    // A place that only we have would hide the machines of this computer from the same user under sudo.
    const shared = root || settings.dataDir.source !== 'default'
    const file: ConfigFile = {
      ...(shared ? { data_dir: settings.dataDir.value } : {}),
      bridge_name: settings.bridgeName.value,
      subnet: settings.subnet.value,
      gateway: settings.gateway.value,
      ...(uplink === undefined ? {} : { host_interface: uplink }),
      vm_defaults: { cpus: settings.cpus.value, memory_mb: settings.memory.value, disk_size_mb: settings.disk.value },
    }
    planned(context, [{ kind: 'vmm.config', summary: `write ${path}`, disruption: 'none', data: file }])
    await makeOwned(host, dirname(path), user.name)
    const owner = user.name === undefined ? {} : { owner: `${user.name}:${await groupOf(host, user.name)}` }
    await host.files.write(path, `${JSON.stringify(file, null, 2)}\n`, owner)
    return { path, written: true }
  },
  view: ({ path, written }) => (written ? `wrote ${path}` : `${path} is there already; --force writes it anew`),
})

async function groupOf(host: Host, user: string): Promise<string> {
  return (await host.query(['id', '--group', '--name', user])).stdout
}

/** Makes a directory with its parents; those that are made belong to the user. */
async function makeOwned(host: Host, path: string, user: string | undefined): Promise<void> {
  if (user === undefined) return host.files.makeDirectory(path)
  if ((await host.files.stat(path)) !== undefined) return
  if (path === dirname(path)) throw new Fault('bug', 'the root directory is missing')
  await makeOwned(host, dirname(path), user)
  await host.files.makeDirectory(path)
  await host.run(['chown', `${user}:${await groupOf(host, user)}`, path])
}

export const operations: readonly AnyOperation<VmmContext>[] = [show, init]
