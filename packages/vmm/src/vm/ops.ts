/** Operations on machines; puts together the rooms that a machine is made of. */
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { Address, FilePath, Name, parse, VersionedName } from '@imp/kit/base/schema.ts'
import { invoke, operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import { readCloudInit, writeMetadata, writeSeed } from '../cloud-init/seed.ts'
import { defaults } from '../config/model.ts'
import type { VmmContext } from '../context.ts'
import { BalloonSize, Datasource, LimitWord, RateWord } from '../devices/model.ts'
import { wishedDevices } from '../devices/wishes.ts'
import { chooseEngine } from '../engine/choose.ts'
import { firecrackerEngine } from '../engine/firecracker/driver.ts'
import { EngineName } from '../engine/model.ts'
import { probeAt } from '../engine/probe.ts'
import { qemuEngine } from '../engine/qemu/driver.ts'
import { lastLines } from '../engine/unit.ts'
import { bootArguments, diskLabels, failedMarker, readyMarker } from '../guest/boot.ts'
import { buildVmInitrd } from '../guest/initrd.ts'
import type { ImageDisk } from '../image/model.ts'
import { getImage, operations as imageOperations } from '../image/ops.ts'
import { defaultKernel, type KernelFiles } from '../kernel/model.ts'
import { ensureKernel } from '../kernel/ops.ts'
import { findKernel, getKernel, kernelPaths } from '../kernel/store.ts'
import { mountDiskStep } from '../mount/disk.ts'
import { maximumMounts, Mount, MountWord, readMount } from '../mount/model.ts'
import { readEgress } from '../net/destination.ts'
import { ForwardWord, readForward } from '../net/forward.ts'
import { leaseAddress, leasePort } from '../net/lease.ts'
import { CallerTap, defaultNetwork, Egress, maximumFurtherNetworks } from '../net/model.ts'
import { listeners, listeningPorts } from '../net/ports.ts'
import { attachStep, changeMemberStep, detachStep } from '../net/steps.ts'
import { getNetwork, type KnownNetwork } from '../net/store.ts'
import { requireFreeTap } from '../net/tap.ts'
import { countedNames, createMachines, type Wishes } from './create.ts'
import { DiskMode, MachineWord, NamespaceName, VmView } from './model.ts'
import { view } from './observe.ts'
import type { JoinedNetwork, Parts } from './parts.ts'
import { selected, selection } from './select.ts'
import { getMachine, machines as allMachines } from './store.ts'
import { drawList, drawMachine } from './views.ts'

/** An image that is built when it is missing. */
const defaultImage = defaults.image

/** Where the files of a kernel are or will be: a dry run makes none. */
async function plannedKernel({ host, paths }: VmmContext, name = defaultKernel): Promise<KernelFiles> {
  const { directory, vmlinux, modules } = kernelPaths(paths, name)
  const known = name === defaultKernel ? await findKernel(host, paths, name) : await getKernel(host, paths, name)
  return { name, vmlinux, initrd: join(directory, 'initrd'), ...(known?.modules === false ? {} : { modules }) }
}

/** The disk of an image; one that we know how to build is built when it is missing. */
async function ensureImage(context: VmmContext, name: string): Promise<ImageDisk> {
  if (name === defaultImage && (await findImage(context, name)) === undefined) {
    const build = imageOperations.find(({ path }) => path.join(' ') === 'image build')
    if (build === undefined) throw new Fault('bug', 'there is no operation image build')
    const answer = await invoke(build, context, { name })
    if (answer.answer === 'plan') planned(context, answer.steps)
  }
  return getImage(context, name)
}

async function findImage(context: VmmContext, name: string): Promise<ImageDisk | undefined> {
  try {
    return await getImage(context, name)
  } catch (error) {
    if (error instanceof Fault && error.code === 'not-found') return undefined
    throw error
  }
}

function joinedNetwork(network: KnownNetwork): JoinedNetwork {
  const { settings } = network
  const { bridge } = settings
  return {
    settings,
    attachStep: (member) => attachStep.step(`put ${member.tap} on the bridge ${bridge}`, { ...network, member }),
    detachStep: (tap) => detachStep.step(`take ${tap} off the bridge ${bridge}`, { ...network, tap }),
    changeStep: (before, after) => changeMemberStep.step(`change the rules of ${after.tap}`, { ...network, before, after }),
    leaseAddress: (taken) => leaseAddress(settings, taken),
  }
}

/** What `--network` names: one of the kinds, or networks in the order of the interfaces. */
function readNetworks(words: readonly string[]): Pick<Wishes, 'network' | 'bridged'> {
  const names = words.flatMap((word) => word.split(','))
  const [first] = names
  if (first === undefined) return {}
  if (names.length === 1 && (first === 'user' || first === 'none')) return { network: first }
  const engineOnly = names.find((name) => name === 'user' || name === 'none')
  if (engineOnly !== undefined) {
    throw new Fault('input', `--network ${engineOnly} stands alone`, { hint: 'leave it out, or name no other network' })
  }
  return { network: 'bridge', bridged: names.map((name) => ([defaultNetwork, 'bridge'].includes(name) ? undefined : name)) }
}

/** The rooms that a machine is made of, for one command. */
export function partsOf(context: VmmContext): Parts {
  const { host, paths } = context
  const engines = [firecrackerEngine(), qemuEngine()]
  const probe = probeAt(host, paths.cache, !context.dryRun)
  return {
    engine(name) {
      const found = engines.find((each) => each.name === name)
      if (found === undefined) throw new Fault('bug', `no engine ${name}`)
      return found
    },
    chooseEngine: (wish) => chooseEngine(host, probe, engines, wish),
    tscKhz: () => probe.tscKhz(),
    kernel: (name) => (context.dryRun ? plannedKernel(context, name) : ensureKernel(context, name)),
    image: (name) => ensureImage(context, name),
    buildInitrd: buildVmInitrd,
    writeSeed,
    writeMetadata,
    bootArguments: (root, metadata) => bootArguments({ root, metadata }),
    markers: { ready: readyMarker, failed: failedMarker },
    labels: diskLabels,
    network: async (name) => joinedNetwork(await getNetwork(context, name)),
    mountStep: (mount) => mountDiskStep.step(`copy ${mount.source} to a disk of its own`, mount),
    requireFreeTap,
    leasePort,
    listeningPorts,
    listeners,
    lastLines,
    kinds: [attachStep, detachStep, changeMemberStep, mountDiskStep],
  }
}

const NameOfMachine = MachineWord.describe('name, id or address of the machine')

/** Names of all machines, for completion. */
export async function namesOf(context: VmmContext): Promise<string[]> {
  return allMachines(context).names()
}

const TapWord = z
  .string()
  .regex(/^[^=]+=[^=]+$/, 'must be NAME=MAC')
  .meta({ examples: ['lan0=02:00:5e:00:53:01'] })

/** Names of networks, divided by commas. */
const NetworkWord = z
  .string()
  .regex(/^[a-z0-9-]+(,[a-z0-9-]+)*$/, 'must be names of networks, divided by commas')
  .meta({ examples: ['default', 'front,back'] })

function readTap(word: string): CallerTap {
  const [tap, mac] = word.split('=')
  return parse(CallerTap, { tap, mac: mac?.toLowerCase() }, `--tap ${word}`)
}

function readMountWord(word: string): Mount {
  return parse(
    Mount,
    readMount(word, (path) => resolve(path)),
    `--mount ${word}`,
  )
}

export const create = operation<VmmContext>()({
  path: ['create'],
  summary: 'Create a machine',
  description:
    'Nothing runs yet: vmm start makes the disk, and fetches kernel and image when they are missing. What is not said is taken from the settings (vmm config show).',
  effect: 'write',
  args: ['name'],
  flags: { sshKeys: 'ssh-key', networks: 'network', taps: 'tap', forwards: 'forward', mounts: 'mount' },
  input: z.strictObject({
    name: Name.describe('name of the new machine, also its host name'),
    image: VersionedName.optional().describe('image of its root file system'),
    kernel: VersionedName.optional().describe('kernel, unless the default one'),
    cpus: z.int().min(1).max(32).optional().describe('processors'),
    memory: z.int().min(96).max(1_048_576).optional().describe('memory in MiB'),
    disk: z.int().min(16).max(16_777_216).optional().describe('disk in MiB, taken as it is filled'),
    diskMode: DiskMode.default('overlay').describe('share the image below a writable layer, or copy it'),
    sshKeys: z.array(FilePath).optional().describe('file with public keys that may log in as root'),
    dns: z.array(Address).max(3).optional().describe('name server, unless those of the network'),
    engine: EngineName.optional().describe('engine, unless the best that works here'),
    networks: z
      .array(NetworkWord)
      .max(maximumFurtherNetworks + 1)
      .default([])
      .describe('default, one that was made, or several of them as eth0, eth1 and so on; or user, or none; default for root unless told'),
    routeBy: Name.optional().describe('network that the default route leads by, the first unless told'),
    egress: Egress.optional().describe('what it may reach beyond this computer, unless what its network says'),
    allow: z.array(z.string()).max(256).default([]).describe('destination of its allow-list, PREFIX[:PORTS] or dns'),
    defaultRoute: z.boolean().default(true).describe('let the guest reach more than this computer'),
    forwards: z.array(ForwardWord).default([]).describe('port of this computer that leads to one of the guest, [ADDRESS:]HOST:GUEST[/udp]'),
    taps: z.array(TapWord).max(12).default([]).describe('TAP that you made, as eth1 and so on, NAME=MAC'),
    mounts: z
      .array(MountWord)
      .max(maximumMounts)
      .default([])
      .describe('directory of this computer that the guest has at /mnt/TAG, PATH:TAG[:ro|rw]; writable unless told'),
    namespace: NamespaceName.optional().describe('network namespace that the engine runs in'),
    userData: FilePath.optional().describe('file that cloud-init in the guest is given as user data'),
    networkConfig: FilePath.optional().describe(
      'file that cloud-init is given as network configuration; vmm sets up the network unless told',
    ),
    metaData: FilePath.optional().describe('file that cloud-init is given as meta data'),
    datasource: Datasource.optional().describe(
      'how cloud-init is told: by a disk, or by the metadata service of Firecracker; disk unless told',
    ),
    balloon: BalloonSize.optional().describe(
      'MiB that a balloon takes from the guest at first, to be changed with vmm balloon; no balloon unless told',
    ),
    vsock: z.boolean().optional().describe('let host and guest talk by vsock; vmm show tells how'),
    rateLimitDiskBandwidth: LimitWord.optional().describe('MiB in a second that each disk may move, or none'),
    rateLimitDiskIops: LimitWord.optional().describe('requests in a second to each disk, or none'),
    rateLimitNetBandwidth: RateWord.optional().describe('rate of each interface on a network of vmm, each way, or none'),
    autostart: z.boolean().default(false).describe('start it with this computer (vmm install-service)'),
    after: z.array(Name).max(64).default([]).describe('machine that must run before it does, at such a start'),
    count: z.int().min(1).max(256).optional().describe('make so many, NAME-1 and so on'),
  }),
  output: z.union([VmView, z.strictObject({ machines: z.array(VmView) })]),
  examples: [
    'vmm create web1',
    'vmm create db1 --cpus 2 --memory 2048 --disk 8192',
    'vmm create web1 --mount ./site:site:ro --mount /srv/data:data',
    'vmm create web1 --image cloud --user-data ./user-data.yaml',
    'vmm create r1 --network none --tap lan0=02:00:5e:00:53:01',
    'vmm create web --count 3',
    'vmm create web1 --autostart --after db1',
    'vmm create web1 --balloon 0 --vsock --rate-limit-disk-iops 500 --rate-limit-net-bandwidth 100mbit',
    'vmm create gw1 --network front,back --route-by front',
  ],
  async run(context, input) {
    const { sshKeys, taps, forwards, mounts, networks, egress, allow, userData, networkConfig, metaData, count, ...more } = input
    const { rateLimitDiskBandwidth, rateLimitDiskIops, rateLimitNetBandwidth, balloon, vsock, ...told } = more
    const parts = partsOf(context)
    const { settings } = context.config
    const { sshKeyPath } = settings
    const wishes = {
      ...told,
      image: told.image ?? settings.image.value,
      kernel: told.kernel ?? settings.kernel.value,
      cpus: told.cpus ?? settings.cpus.value,
      memory: told.memory ?? settings.memory.value,
      disk: told.disk ?? settings.disk.value,
      dns: told.dns ?? settings.dns.value,
      engine: told.engine ?? settings.engine.value,
    }
    const keyFiles = sshKeys ?? (sshKeyPath.value === undefined ? [] : [sshKeyPath.value])
    const all = {
      ...wishes,
      ...wishedDevices({ rateLimitDiskBandwidth, rateLimitDiskIops, rateLimitNetBandwidth, balloon, vsock }, settings),
      ...readNetworks(networks),
      cloudInit: await readCloudInit(context.host, { userData, networkConfig, metaData }),
      egress: readEgress(egress, allow),
      keyFiles,
      taps: taps.map(readTap),
      forwards: forwards.map(readForward),
      mounts: mounts.map(readMountWord),
    }
    const made = await createMachines(context, parts, countedNames(all.name, count), all, defaultImage)
    planned(
      context,
      made.map((vm) => ({ kind: 'vmm.create', summary: `create ${vm.name}`, disruption: 'none', data: { ...vm, cloudInit: undefined } })),
    )
    const views = await Promise.all(made.map((vm) => view(context, parts, vm)))
    return views.length === 1 && count === undefined && views[0] !== undefined ? views[0] : { machines: views }
  },
  view(made) {
    const all = 'machines' in made ? made.machines : [made]
    const names = all.map(({ name }) => name).join(' ')
    return [
      ...all.map(({ name, id }) => `created ${name} (${id})`),
      `start ${all.length === 1 ? 'it' : 'them'} with: vmm start ${names}`,
    ].join('\n')
  },
})

/** Machines as they are shown, in the order of `names`. */
export async function viewAll(context: VmmContext, parts: Parts, names: readonly string[]): Promise<VmView[]> {
  return Promise.all(names.map(async (name) => view(context, parts, await getMachine(context, name))))
}

export const list = operation<VmmContext>()({
  path: ['list'],
  aliases: [['ls'], ['ps']],
  summary: 'List machines, without those that are stopped unless --all',
  effect: 'read',
  short: { all: 'a' },
  input: z.strictObject({ all: z.boolean().default(false).describe('also those that are stopped') }),
  output: z.strictObject({ machines: z.array(VmView), hidden: z.int() }),
  examples: ['vmm list', 'vmm list -a', 'vmm list --all --json'],
  async run(context, { all }) {
    const parts = partsOf(context)
    const machines = await Promise.all((await allMachines(context).all()).map((vm) => view(context, parts, vm)))
    const shown = machines.filter(({ state }) => all || state !== 'stopped')
    return { machines: shown, hidden: machines.length - shown.length }
  },
  view: drawList,
})

export const show = operation<VmmContext>()({
  path: ['show'],
  summary: 'Show a machine: state, addresses, disks, logs, how to log in',
  effect: 'read',
  args: ['name'],
  input: z.strictObject({ name: NameOfMachine }),
  output: VmView,
  examples: ['vmm show web1', 'vmm show --json web1'],
  complete: { name: namesOf },
  async run(context, { name }) {
    return view(context, partsOf(context), await getMachine(context, name))
  },
  view: drawMachine,
})

export const inspect = operation<VmmContext>()({
  path: ['inspect'],
  summary: 'Print all that is known of machines as JSON',
  effect: 'read',
  args: ['names'],
  flags: { names: 'name' },
  input: z.strictObject(selection),
  output: z.array(VmView),
  examples: ['vmm inspect web1', 'vmm inspect web1 web2', 'vmm inspect --all'],
  complete: { names: namesOf },
  run: async (context, input) => viewAll(context, partsOf(context), await selected(input, () => namesOf(context))),
})

export const operations: readonly AnyOperation<VmmContext>[] = [create, list, show, inspect]
