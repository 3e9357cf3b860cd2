/** Operations on networks and on forwards of ports. */
import { z } from 'zod'
import { Fault, refuse, type Finding } from '@imp/kit/base/fault.ts'
import { overlaps, parsePrefix } from '@imp/kit/base/ip.ts'
import { Name, Prefix4, Prefix6 } from '@imp/kit/base/schema.ts'
import { table } from '@imp/kit/base/text.ts'
import { operation, planned, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { VmmContext } from '../context.ts'
import { addForwards, removeForwards } from '../vm/change-forwards.ts'
import { connect, disconnect } from '../vm/change-networks.ts'
import { MachineWord, type Vm, VmView } from '../vm/model.ts'
import { drawMachine } from '../vm/views.ts'
import { view } from '../vm/observe.ts'
import { nameOfNetwork, placesOf } from '../vm/networks.ts'
import { partsOf } from '../vm/ops.ts'
import { getMachine, machines, withAllMachines } from '../vm/store.ts'
import { bridgePaths, repair } from './bridge.ts'
import { freeBridge, freeSubnet, gatewayOf, prefixesOf } from './choose.ts'
import { reachedNetworks, requireFreeSubnets } from './conflict.ts'
import { readEgress, writeDestination } from './destination.ts'
import { ForwardWord, readForward } from './forward.ts'
import { addressIn6, defaultNetwork, Egress, Network, PortForward, writeForward } from './model.ts'
import { getNetwork, networks, requireFreeName } from './store.ts'

const NetworkView = Network.extend({
  /** Undefined for the default one, which the settings describe. */
  created: Network.shape.created.optional(),
  machines: z.array(Name),
})
type NetworkView = z.output<typeof NetworkView>

function membersOf(name: string, all: readonly Vm[]): string[] {
  return all.filter((vm) => placesOf(vm).some(({ network }) => nameOfNetwork(network) === name)).map((vm) => vm.name)
}

function viewOf(network: Network, all: readonly Vm[]): NetworkView {
  return { ...network, machines: membersOf(network.name, all) }
}

/** The default network, of which there is no document. */
async function defaultView(context: VmmContext, all: readonly Vm[]): Promise<NetworkView> {
  const { settings } = await getNetwork(context)
  const egress = { policy: 'internet' as const, allow: [] }
  return { name: defaultNetwork, ...settings, isolated: false, egress, machines: membersOf(defaultNetwork, all) }
}

/** As short as a line of 80 characters wants it; `vmm network show` says the rest. Columns in which nobody has anything are left out. */
function drawNetworks(all: readonly NetworkView[]): string {
  const columns: readonly (readonly [title: string, cell: (network: NetworkView) => string])[] = [
    ['NAME', ({ name }) => name],
    ['SUBNET', ({ subnet }) => subnet],
    ['IPV6', ({ subnet6 = '-' }) => subnet6],
    ['ISOLATED', ({ isolated }) => (isolated ? 'yes' : '-')],
    ['EGRESS', ({ egress }) => egress.policy],
    ['MACHINES', ({ machines: members }) => String(members.length)],
  ]
  const shown = columns.filter(([, cell]) => all.some((network) => cell(network) !== '-'))
  return table([shown.map(([title]) => title), ...all.map((network) => shown.map(([, cell]) => cell(network)))]).join('\n')
}

function drawNetwork(network: NetworkView): string {
  const { name, bridge, subnet, subnet6, gateway, mtu, isolated, egress, machines: members } = network
  const allowed = egress.allow.map(writeDestination).join(' ') || 'nothing'
  return table([
    ['name', name],
    ['bridge', bridge],
    ['subnet', subnet],
    ['gateway', gateway],
    ['IPv6', subnet6 ?? 'none'],
    ['MTU', mtu === undefined ? '1500' : String(mtu)],
    ['isolated', isolated ? 'yes' : 'no'],
    ['egress', egress.policy],
    ...(egress.policy === 'allow-list' ? [['allowed', allowed]] : []),
    ['machines', members.join(' ') || 'none'],
  ]).join('\n')
}

/** What is wrong with the prefixes of a network that is to be made. */
function prefixFindings(subnet: string, subnet6: string | undefined): Finding[] {
  const finding = (path: string, message: string, hint: string): Finding => ({ path, severity: 'error', message, hint })
  const findings = [
    parsePrefix(subnet, 4).length > 30 && finding('subnet', 'has no room for a machine', 'take a /30 or larger'),
    parsePrefix(subnet, 4).length < 8 && finding('subnet', 'is larger than any private network', 'take a /8 or smaller'),
    subnet6 !== undefined && parsePrefix(subnet6, 6).length !== 64 && finding('subnet6', 'must be a /64', 'such as fd00:20::/64'),
  ]
  return findings.filter((each) => each !== false)
}

interface NewNetwork {
  readonly name: string
  readonly subnet?: string | undefined
  readonly subnet6?: string | undefined
  readonly mtu?: number | undefined
  readonly isolated: boolean
  readonly egress: Network['egress']
}

/** Chooses what is not said, and refuses what overlaps with another network of ours or with what this computer reaches. */
async function designNetwork(context: VmmContext, { name, subnet, subnet6, mtu, isolated, egress }: NewNetwork): Promise<Network> {
  const made = await networks(context).all()
  const byDefault = (await getNetwork(context)).settings
  const known = [...made, { ...byDefault, name: defaultNetwork }]
  const reached = await reachedNetworks(context.host)
  const chosen = subnet ?? freeSubnet([...prefixesOf(known), ...reached.map(({ prefix }) => prefix)])
  refuse(`network ${name}`, prefixFindings(chosen, subnet6))
  const bridge = freeBridge(new Set(known.map((each) => each.bridge)))
  for (const text of [chosen, ...(subnet6 === undefined ? [] : [subnet6])]) {
    const other = known.find((each) => prefixesOf([each]).some((prefix) => overlaps(prefix, parsePrefix(text))))
    if (other !== undefined) throw new Fault('conflict', `${text} overlaps with the network ${other.name}`, { hint: 'vmm network list' })
  }
  await requireFreeSubnets(context.host, [chosen, ...(subnet6 === undefined ? [] : [subnet6])], bridge, 'choose another subnet')
  const gateway = gatewayOf(chosen)
  // Every guest has a place in the IPv6 network: what cannot be computed is refused here.
  if (subnet6 !== undefined) addressIn6(subnet6, chosen, gateway)
  return { name, bridge, subnet: chosen, gateway, subnet6, mtu, isolated, egress, created: context.host.clock.now().toISOString() }
}

const namesOfNetworks = (context: VmmContext): Promise<string[]> => networks(context).names()
const namesOfAllNetworks = async (context: VmmContext): Promise<string[]> => [defaultNetwork, ...(await namesOfNetworks(context))]
const namesOfMachines = (context: VmmContext): Promise<string[]> => machines(context).names()

const create = operation<VmmContext>()({
  path: ['network', 'create'],
  summary: 'Create a network for machines',
  description: 'Its bridge comes up with its first machine and goes with the last. Machines join it with vmm create --network NAME.',
  effect: 'write',
  args: ['name'],
  input: z.strictObject({
    name: Name.describe('name of the new network'),
    subnet: Prefix4.optional().describe('IPv4 network of its machines; a free /24 unless told'),
    subnet6: Prefix6.optional().describe('IPv6 network of its machines, a /64 such as fd00:20::/64; none unless told'),
    mtu: z.int().min(1280).max(65_535).optional().describe('largest packet in bytes; 1500 unless told'),
    isolated: z.boolean().default(false).describe('keep its machines apart from each other'),
    egress: Egress.default('internet').describe('what its machines may reach beyond this computer'),
    allow: z.array(z.string()).max(256).default([]).describe('destination of the allow-list, PREFIX[:PORTS] or dns'),
  }),
  output: NetworkView,
  examples: [
    'vmm network create dmz',
    'vmm network create lab --subnet 10.99.0.0/24 --subnet6 fd00:99::/64 --mtu 1400',
    'vmm network create build --isolated --egress allow-list --allow dns --allow 198.51.100.0/24:443',
  ],
  async run(context, { allow, egress, ...told }) {
    requireFreeName(told.name)
    const policy = readEgress(egress, allow) ?? { policy: egress, allow: [] }
    return withAllMachines(context, async () => {
      const all = networks(context)
      if ((await all.find(told.name)) !== undefined)
        throw new Fault('conflict', `there is a network ${told.name} already`, { hint: `vmm network show ${told.name}` })
      const network = await designNetwork(context, { ...told, egress: policy })
      planned(context, [{ kind: 'vmm.network.create', summary: `create the network ${network.name}`, disruption: 'none', data: network }])
      await all.put(network.name, network)
      return viewOf(network, [])
    })
  },
  view: ({ name, subnet, bridge }) =>
    `created ${name}: ${subnet} on ${bridge}\nput a machine on it with: vmm create NAME --network ${name}`,
})

const list = operation<VmmContext>()({
  path: ['network', 'list'],
  aliases: [['network', 'ls']],
  summary: 'List the networks of machines',
  effect: 'read',
  input: z.strictObject({}),
  output: z.strictObject({ networks: z.array(NetworkView) }),
  examples: ['vmm network list', 'vmm network list --json'],
  async run(context) {
    const [all, made] = await Promise.all([machines(context).all(), networks(context).all()])
    return { networks: [await defaultView(context, all), ...made.map((network) => viewOf(network, all))] }
  },
  view: ({ networks: all }) => drawNetworks(all),
})

const show = operation<VmmContext>()({
  path: ['network', 'show'],
  aliases: [['network', 'inspect']],
  summary: 'Show a network and the machines on it',
  effect: 'read',
  args: ['name'],
  input: z.strictObject({ name: Name.describe('name of the network') }),
  output: NetworkView,
  examples: ['vmm network show default', 'vmm network show dmz --json'],
  complete: { name: (context) => namesOfAllNetworks(context) },
  async run(context, { name }) {
    const all = await machines(context).all()
    return name === defaultNetwork ? defaultView(context, all) : viewOf(await networks(context).get(name), all)
  },
  view: drawNetwork,
})

const remove = operation<VmmContext>()({
  path: ['network', 'delete'],
  aliases: [['network', 'rm']],
  summary: 'Delete a network that no machine is on',
  effect: 'destroy',
  args: ['name'],
  input: z.strictObject({ name: Name.describe('name of the network') }),
  output: z.strictObject({ deleted: Name }),
  examples: ['vmm network delete dmz'],
  complete: { name: namesOfNetworks },
  async run(context, { name }) {
    if (name === defaultNetwork) throw new Fault('input', 'the default network is described by the settings', { hint: 'vmm config show' })
    return withAllMachines(context, async () => {
      const network = await networks(context).get(name)
      const members = membersOf(name, await machines(context).all())
      if (members.length > 0) {
        throw new Fault('state', `the network ${name} is used by ${members.join(', ')}`, {
          hint: `vmm network disconnect ${name} ${members[0]}`,
        })
      }
      planned(context, [{ kind: 'vmm.network.delete', summary: `delete the network ${name}`, disruption: 'none', data: network }])
      // What its bridge kept; the document goes last, so that an interrupted deletion may be done again.
      await context.host.files.remove(bridgePaths(context.paths.data, name).members)
      await networks(context).remove(name)
      return { deleted: name }
    })
  },
  view: ({ deleted }) => `deleted ${deleted}`,
})

const repairing = operation<VmmContext>()({
  path: ['network', 'repair'],
  summary: 'Write the rules of networks anew after somebody took them away',
  description: 'As firewall-cmd --reload and systemctl restart nftables do: guests then reach nothing.',
  effect: 'write',
  input: z.strictObject({}),
  output: z.strictObject({ networks: z.array(z.strictObject({ name: Name, machines: z.int() })) }),
  examples: ['vmm network repair'],
  async run(context) {
    const names = await namesOfAllNetworks(context)
    planned(
      context,
      names.map((name) => ({
        kind: 'vmm.network.repair',
        summary: `write the rules of the network ${name}`,
        disruption: 'none',
        data: name,
      })),
    )
    const repaired: { name: string; machines: number }[] = []
    for (const name of names) {
      const { paths, settings } = await getNetwork(context, name)
      repaired.push({ name, machines: await repair(context.host, paths, settings) })
    }
    return { networks: repaired }
  },
  view: ({ networks: all }) =>
    all.map(({ name, machines: count }) => `${name}: ${count === 0 ? 'no machine runs' : `rules of ${count} written`}`).join('\n'),
})

const membership = z.strictObject({
  network: Name.describe('name of the network'),
  machine: MachineWord.describe('name, id or address of a machine that does not run'),
})

const connection = { effect: 'write', args: ['network', 'machine'], input: membership, output: VmView, view: drawMachine } as const

const connecting = operation<VmmContext>()({
  ...connection,
  path: ['network', 'connect'],
  summary: 'Put a machine on a further network',
  description: 'It gets an address there, and from its next start a further interface, behind those that it has.',
  examples: ['vmm network connect back web1', 'vmm network connect default web1'],
  complete: { network: namesOfAllNetworks, machine: namesOfMachines },
  async run(context, { network, machine }) {
    const parts = partsOf(context)
    return view(context, parts, await connect(context, parts, machine, network))
  },
})

const disconnecting = operation<VmmContext>()({
  ...connection,
  path: ['network', 'disconnect'],
  summary: 'Take a machine off a network',
  description: 'Its address there is free at once; the interfaces behind move up.',
  examples: ['vmm network disconnect back web1'],
  complete: { network: namesOfAllNetworks, machine: namesOfMachines },
  async run(context, { network, machine }) {
    const parts = partsOf(context)
    return view(context, parts, await disconnect(context, parts, machine, network))
  },
})

const Forwards = z.strictObject({ name: Name, forwards: z.array(PortForward.extend({ word: z.string() })) })

function forwardsOf({ name, forwards }: Vm): z.output<typeof Forwards> {
  return { name, forwards: forwards.map((each) => ({ ...each, word: writeForward(each) })) }
}

function drawForwards(all: readonly z.output<typeof Forwards>[]): string {
  const rows = all.flatMap(({ name, forwards }) => forwards.map(({ word }) => [name, word]))
  return rows.length === 0 ? 'no port is forwarded' : table([['MACHINE', 'FORWARD'], ...rows]).join('\n')
}

const ForwardWords = z.array(ForwardWord).min(1)

const add = operation<VmmContext>()({
  path: ['port-forward', 'add'],
  aliases: [['port-forward']],
  summary: 'Forward ports of this computer to a machine',
  description:
    'At once when it runs, and at its later starts. Ports may be ranges: 8000-8010:9000-9010. An address before them takes only what is sent there: 127.0.0.1:8080:80, [2001:db8::1]:8080:80.',
  effect: 'write',
  args: ['name', 'forwards'],
  flags: { forwards: 'forward' },
  input: z.strictObject({
    name: MachineWord.describe('name, id or address of the machine'),
    forwards: ForwardWords.describe('[ADDRESS:]HOST:GUEST[/tcp|udp]'),
  }),
  output: Forwards,
  examples: ['vmm port-forward web1 8080:80', 'vmm port-forward add dns1 5353:53/udp 127.0.0.1:8053:80'],
  complete: { name: namesOfMachines },
  async run(context, { name, forwards }) {
    return forwardsOf(await addForwards(context, partsOf(context), name, forwards.map(readForward)))
  },
  view: (machine) => drawForwards([machine]),
})

const listForwards = operation<VmmContext>()({
  path: ['port-forward', 'list'],
  aliases: [['port-forward', 'ls']],
  summary: 'List the forwards of a machine, or of all',
  effect: 'read',
  args: ['name'],
  input: z.strictObject({ name: MachineWord.optional().describe('name, id or address of the machine') }),
  output: z.strictObject({ machines: z.array(Forwards) }),
  examples: ['vmm port-forward list', 'vmm port-forward list web1'],
  complete: { name: namesOfMachines },
  async run(context, { name }) {
    const all = name === undefined ? await machines(context).all() : [await getMachine(context, name)]
    return { machines: all.map(forwardsOf) }
  },
  view: ({ machines: all }) => drawForwards(all),
})

const takeAway = operation<VmmContext>()({
  path: ['port-forward', 'remove'],
  aliases: [['port-forward', 'rm']],
  summary: 'Take forwards of a machine away',
  effect: 'write',
  args: ['name', 'forwards'],
  flags: { forwards: 'forward' },
  input: z.strictObject({
    name: MachineWord.describe('name, id or address of the machine'),
    forwards: ForwardWords.describe('as vmm port-forward list shows them'),
  }),
  output: Forwards,
  examples: ['vmm port-forward remove web1 8080:80'],
  complete: {
    name: namesOfMachines,
    forwards: async (context, { name }) => (typeof name === 'string' ? (await getMachine(context, name)).forwards.map(writeForward) : []),
  },
  async run(context, { name, forwards }) {
    return forwardsOf(await removeForwards(context, partsOf(context), name, forwards.map(readForward)))
  },
  view: (machine) => drawForwards([machine]),
})

export const operations: readonly AnyOperation<VmmContext>[] = [
  create,
  list,
  show,
  remove,
  connecting,
  disconnecting,
  repairing,
  add,
  listForwards,
  takeAway,
]
