/**
 * Settings of `vmm`: a file of the user's, the environment, and defaults. The file has the layout of baremetalvmm's config.json, so that
 * the one that a user has goes on to work; what we add to it has names of the same kind.
 */
import { z } from 'zod'
import { contains, hostRange, parseAddress, parsePrefix } from '@imp/kit/base/ip.ts'
import { Address, Address4, FilePath, interfaceName, Prefix4, VersionedName } from '@imp/kit/base/schema.ts'
import { RateWord } from '../devices/model.ts'
import { EngineName } from '../engine/model.ts'

/** A path that may begin with `~/`, the home of the user. */
const HomePath = FilePath.regex(/^(\/|~\/.)/, 'must be an absolute path or begin with ~/')

/** An empty word of the file means that nothing is set, as the program that wrote it took it. */
const orEmpty = <T extends z.ZodType>(schema: T): z.ZodUnion<[z.ZodPipe<z.ZodLiteral<''>, z.ZodTransform<undefined, ''>>, T]> =>
  z.union([z.literal('').transform(() => undefined), schema])

const Defaults = z.looseObject({
  cpus: z.int().min(1).max(32).optional().describe('processors'),
  memory_mb: z.int().min(96).max(1_048_576).optional().describe('memory in MiB'),
  disk_size_mb: z.int().min(16).max(16_777_216).optional().describe('disk in MiB'),
  image: orEmpty(VersionedName).optional().describe('image of the root file system'),
  kernel: orEmpty(VersionedName).optional().describe('kernel'),
  ssh_key_path: orEmpty(HomePath).optional().describe('file with public keys that may log in as root'),
  dns_servers: z.array(Address).max(3).nullish().describe('name servers'),
  engine: EngineName.optional().describe('engine'),
  balloon_mb: z.int().min(0).max(1_048_576).optional().describe('MiB that a balloon takes at first; no balloon unless told'),
  vsock: z.boolean().optional().describe('whether machines have a vsock'),
  rate_limit_disk_bandwidth_mb: z.int().min(1).max(1_048_576).optional().describe('MiB in a second that each disk may move'),
  rate_limit_disk_iops: z.int().min(1).max(100_000_000).optional().describe('requests in a second to each disk'),
  rate_limit_net_bandwidth: orEmpty(RateWord).optional().describe('rate of each interface, each way, such as 100mbit'),
})

const Settled = z.looseObject({
  data_dir: HomePath.optional().describe('where machines, images and kernels are kept'),
  bridge_name: interfaceName().optional().describe('bridge of the default network'),
  subnet: Prefix4.optional().describe('addresses of the default network'),
  gateway: Address4.optional().describe('address of this computer in the default network'),
  host_interface: orEmpty(interfaceName())
    .optional()
    .describe('interface of the default route when the file was made; machines follow the route'),
  image_catalogs: z
    .array(z.string().regex(/^(https?:\/\/\S+|\/[^\0\n]+)$/, 'must be an http or https address or an absolute path'))
    .optional()
    .describe('catalogues that vmm image pull looks in'),
  kernel_mirror: z
    .string()
    .regex(/^https?:\/\/[\w.:[\]/~%+-]+$/, 'must be an http or https address without blanks')
    .optional()
    .describe('address that has the releases of Linux as https://cdn.kernel.org/pub/linux/kernel has them'),
  registry_mirrors: z
    .record(z.string(), z.array(z.string().regex(/^https?:\/\/[\w.:[\]/~%+-]+$/, 'must be an http or https address without blanks')).max(8))
    .optional()
    .describe('addresses that have the images of a registry as well, asked before it'),
  vm_defaults: Defaults.optional().describe('what vmm create takes unless told'),
})

/** What is wrong with the default network: its machines would have no address, or no way to their gateway. */
function networkProblem({
  subnet = defaults.subnet,
  gateway,
}: z.output<typeof Settled>): readonly [key: string, message: string] | undefined {
  // What is wrong with one of them alone is told where it stands.
  if (!Prefix4.safeParse(subnet).success || !Address4.optional().safeParse(gateway).success) return undefined
  const prefix = parsePrefix(subnet, 4)
  if (prefix.length < 8 || prefix.length > 30) return ['subnet', 'must be a /8 to a /30']
  if (gateway === undefined) return undefined
  const { value } = parseAddress(gateway, 4)
  const { first, last } = hostRange(prefix)
  return value >= first && value <= last ? undefined : ['gateway', `must be the address of a host in ${subnet}`]
}

export const ConfigFile = Settled.superRefine((file, context) => {
  const problem = networkProblem(file)
  if (problem === undefined) return
  const [key, message] = problem
  context.addIssue({ code: 'custom', path: [key], message, input: file[key] })
})
export type ConfigFile = z.output<typeof ConfigFile>

export const Origin = z.enum(['environment', 'config', 'default'])
export type Origin = z.output<typeof Origin>

/** A value and where it comes from. */
export interface Setting<T> {
  readonly value: T
  readonly source: Origin
}

export interface Settings {
  readonly dataDir: Setting<string>
  readonly bridgeName: Setting<string>
  readonly subnet: Setting<string>
  readonly gateway: Setting<string>
  readonly hostInterface: Setting<string | undefined>
  readonly cpus: Setting<number>
  readonly memory: Setting<number>
  readonly disk: Setting<number>
  readonly image: Setting<string>
  readonly kernel: Setting<string | undefined>
  readonly sshKeyPath: Setting<string | undefined>
  readonly dns: Setting<readonly string[]>
  readonly engine: Setting<EngineName | undefined>
  readonly balloon: Setting<number | undefined>
  readonly vsock: Setting<boolean>
  readonly diskBandwidth: Setting<number | undefined>
  readonly diskIops: Setting<number | undefined>
  readonly netBandwidth: Setting<string | undefined>
}

/** What holds where nobody says anything. Numbers are in MiB. */
export const defaults = {
  bridgeName: 'vmm-br0',
  subnet: '172.16.0.0/16',
  gateway: '172.16.0.1',
  cpus: 1,
  memory: 512,
  disk: 1024,
  image: 'debian',
} as const

/** The first address of a network, where the file names a subnet without a gateway. */
function gatewayOf(file: ConfigFile): string | undefined {
  if (file.gateway !== undefined || file.subnet === undefined) return file.gateway
  return contains(parsePrefix(file.subnet, 4), parseAddress(defaults.gateway, 4)) ? defaults.gateway : firstHost(file.subnet)
}

function firstHost(subnet: string): string {
  const octets = subnet.split('/')[0]?.split('.').map(Number) ?? []
  return octets.map((octet, index) => (index === 3 ? octet + 1 : octet)).join('.')
}

/** The user that a command works for, and what the environment says. */
export interface Surroundings {
  readonly home: string
  /** Where data is kept unless anybody says otherwise. */
  readonly defaultData: string
  /** VMM_DATA_DIR. */
  readonly dataDir: string | undefined
}

/** Environment before file before default. */
export function resolveSettings(file: ConfigFile, { home, defaultData, dataDir }: Surroundings): Settings {
  const expand = (path: string): string => path.replace(/^~(?=\/)/, home)
  const of = <T, D>(told: T | null | undefined, otherwise: D): Setting<T | D> =>
    told === undefined || told === null ? { value: otherwise, source: 'default' } : { value: told, source: 'config' }
  const vm = file.vm_defaults ?? {}
  return {
    dataDir:
      dataDir === undefined
        ? of(file.data_dir === undefined ? undefined : expand(file.data_dir), defaultData)
        : { value: dataDir, source: 'environment' },
    bridgeName: of(file.bridge_name, defaults.bridgeName),
    subnet: of(file.subnet, defaults.subnet),
    gateway: of(gatewayOf(file), defaults.gateway),
    hostInterface: of(file.host_interface, undefined),
    cpus: of(vm.cpus, defaults.cpus),
    memory: of(vm.memory_mb, defaults.memory),
    disk: of(vm.disk_size_mb, defaults.disk),
    image: of(vm.image, defaults.image),
    kernel: of(vm.kernel, undefined),
    sshKeyPath: of(vm.ssh_key_path === undefined ? undefined : expand(vm.ssh_key_path), undefined),
    dns: of(vm.dns_servers, []),
    engine: of(vm.engine, undefined),
    balloon: of(vm.balloon_mb, undefined),
    vsock: of(vm.vsock, false),
    diskBandwidth: of(vm.rate_limit_disk_bandwidth_mb, undefined),
    diskIops: of(vm.rate_limit_disk_iops, undefined),
    netBandwidth: of(vm.rate_limit_net_bandwidth, undefined),
  }
}

const known = new Set(Object.keys(Settled.shape))
const knownDefaults = new Set(Object.keys(Defaults.shape))

/** Keys of a file that mean nothing here: later versions of the program that it was written for have more. */
export function unknownKeys(file: ConfigFile): string[] {
  return [
    ...Object.keys(file).filter((key) => !known.has(key)),
    ...Object.keys(file.vm_defaults ?? {}).flatMap((key) => (knownDefaults.has(key) ? [] : [`vm_defaults.${key}`])),
  ]
}
