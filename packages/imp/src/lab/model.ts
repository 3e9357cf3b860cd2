/** The topology file of a lab: nodes, links, and what must hold when it is up. Keys follow containerlab where it has the same thing. */
import { z } from 'zod'
import { Address, FilePath, interfaceName, Name, Port, Prefix } from '@imp/kit/base/schema.ts'
import { parseDuration, parseRate } from '@imp/kit/base/units.ts'
import { splitWords } from './words.ts'

/** Lets a parser that throws decide, and says its words as the finding. */
function parsedBy(parse: (text: string) => unknown) {
  return z.string().superRefine((text, context) => {
    try {
      parse(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) })
    }
  })
}

/** Lab and node become `imp-<lab>-<node>`: without "-" in the lab, no name can be read in two ways. */
export const LabName = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,19}$/, 'must be 1 to 20 lower case letters and digits, beginning with a letter, without "-"')
  .describe('name of the lab')
  .meta({ examples: ['demo'] })

export const NodeName = Name.max(24, 'must not be longer than 24 characters')
  .describe('name of a node')
  .meta({ examples: ['edge'] })

const Duration = parsedBy(parseDuration).meta({ examples: ['20ms', '5s'] })

function positive(parse: (text: string) => number, text: string): void {
  if (parse(text) <= 0) throw new Error('must be greater than 0')
}

const Percentage = z
  .string()
  .regex(/^(100|\d{1,2}(\.\d{1,3})?)%$/, 'must be a percentage such as 1% or 0.5%')
  .meta({ examples: ['1%'] })

function checkWords(line: string): void {
  if (splitWords(line).length === 0) throw new Error('must not be empty')
}

/** A command as one line that is split into words, or as a list of words. Never given to a shell. */
const Words = z
  .union([parsedBy(checkWords), z.tuple([z.string().min(1)], z.string())])
  .meta({ examples: ['ip address add 10.0.0.1/24 dev eth1'] })

export const Exec = z.union([
  Words,
  z.strictObject({
    command: Words,
    background: z.boolean().default(false).describe('keeps running as long as the lab does; its output goes to a log file'),
  }),
])

/** `SOURCE:/TARGET`, as containerlab writes it. */
export const Bind = z
  .string()
  .regex(/^[^:\0\n]+:\/[^:\0\n]*[^:/\0\n]$/, 'must be SOURCE:/TARGET, a file here and an absolute path in the guest')
  .meta({ examples: ['unbound.conf:/etc/unbound/unbound.conf'] })

export const frrDaemons = ['bgpd', 'ospfd', 'ospf6d', 'bfdd'] as const

const nodeFields = {
  exec: z
    .array(Exec)
    .default([])
    .describe('commands to run in the node, in this order, when its links are up; {directory} stands for a directory of the node'),
}

const guestFields = {
  memory: z.int().min(96).max(65536).describe('memory of the guest in MB').exactOptional(),
  cpus: z.int().min(1).max(32).describe('virtual processors of the guest').exactOptional(),
}

const startup = FilePath.describe('configuration that the node starts with; relative to the topology file')

export const TopologyNode = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('router').describe('a router of ours; a microVM by itself when this kernel lacks what its configuration needs'),
    'startup-config': startup.meta({ examples: ['edge.router.json'] }),
    ...nodeFields,
    ...guestFields,
  }),
  z.strictObject({
    kind: z.literal('frr').describe('a router made of a plain FRR configuration'),
    'startup-config': startup.meta({ examples: ['upstream.conf'] }),
    daemons: z.array(z.enum(frrDaemons)).default([]).describe('FRR daemons beyond those that the configuration speaks of'),
    ...nodeFields,
  }),
  z.strictObject({ kind: z.literal('host').describe('a network namespace in which the commands of exec run'), ...nodeFields }),
  z.strictObject({
    kind: z.literal('microvm').describe('a guest with a kernel of its own; its interfaces are eth1, eth2...'),
    image: Name.default('debian').describe('image of vmm'),
    binds: z.array(Bind).default([]).describe('files to copy into the guest'),
    ...nodeFields,
    ...guestFields,
  }),
])
export type TopologyNode = z.output<typeof TopologyNode>

const Endpoint = z
  .string()
  .superRefine((text, context) => {
    const [node = '', name, ...more] = text.split(':')
    const checked = name === undefined || more.length > 0 ? undefined : interfaceName().safeParse(name)
    if (checked === undefined || !NodeName.safeParse(node).success) {
      context.addIssue({ code: 'custom', message: 'must be NODE:INTERFACE' })
    } else if (!checked.success) {
      for (const { message } of checked.error.issues)
        context.addIssue({ code: 'custom', message: `interface ${JSON.stringify(name)} ${message}` })
    }
  })
  .meta({ examples: ['edge:wan'] })

export const TopologyLink = z.strictObject({
  endpoints: z.tuple([Endpoint, Endpoint]).describe('the two ends'),
  delay: Duration.describe('how long each frame takes, in each direction').exactOptional(),
  jitter: Duration.describe('how much the delay varies up and down').exactOptional(),
  loss: Percentage.describe('part of the frames that get lost, in each direction').exactOptional(),
  rate: parsedBy((text) => positive(parseRate, text))
    .describe('bits per second, in each direction')
    .meta({ examples: ['10mbit'] })
    .exactOptional(),
})
export type TopologyLink = z.output<typeof TopologyLink>

const deadline = Duration.default('20s').describe('how long to wait until it holds')
const node = NodeName

export const Reach = z.strictObject({
  from: node,
  to: Address.describe('address to be pinged'),
  count: z.int().min(1).max(100).default(1).describe('echo requests, all of which must be answered'),
  deadline,
})
export const NoReach = z.strictObject({ from: node, to: Address.describe('address that must not answer'), deadline })
export const Session = z.strictObject({
  node,
  peer: Address.describe('address of the BGP peer'),
  state: z.enum(['established', 'down']).default('established'),
  deadline,
})
export const Route = z.strictObject({
  node,
  prefix: Prefix.describe('exactly this prefix, in the main routing table of the kernel'),
  protocol: z
    .string()
    .regex(/^[a-z0-9]{1,15}$/, 'must be a protocol of iproute2 such as bgp, ospf, static or kernel')
    .exactOptional(),
  via: Address.describe('next hop').exactOptional(),
  deadline,
})
export const NoRoute = z.strictObject({ node, prefix: Prefix, deadline })
export const Routes = z.strictObject({
  node,
  protocol: z.string().regex(/^[a-z0-9]{1,15}$/),
  exactly: z.array(Prefix).describe('all routes of this protocol, no more and no less'),
  deadline,
})
/** Any name that Linux allows (net/core/dev.c, dev_valid_name): nodes also have interfaces that no link made, such as `lan.100`. */
const KernelInterface = z.string().regex(/^[^\s/:]{1,15}$/, 'must be the name of an interface, at most 15 characters')

export const HasAddress = z.strictObject({
  node,
  interface: KernelInterface.exactOptional(),
  within: Prefix.describe('network in which the node must have an address'),
  deadline,
})
export const SeenAs = z.strictObject({
  from: node,
  to: Address.describe('address of another node, which observes where a flow comes from'),
  protocol: z.enum(['tcp', 'udp']).default('tcp'),
  address: Address.describe('source address that it must see'),
  ports: z
    .tuple([Port, Port])
    .refine(([low, high]) => low <= high, 'the first port must not be greater than the last')
    .describe('block of ports in which the source port must lie')
    .exactOptional(),
  deadline,
})

export const assertionKinds = ['reach', 'no-reach', 'session', 'route', 'no-route', 'routes', 'address', 'seen-as'] as const
export type AssertionKind = (typeof assertionKinds)[number]

export const Assertion = z
  .strictObject({
    reach: Reach.exactOptional(),
    'no-reach': NoReach.exactOptional(),
    session: Session.exactOptional(),
    route: Route.exactOptional(),
    'no-route': NoRoute.exactOptional(),
    routes: Routes.exactOptional(),
    address: HasAddress.exactOptional(),
    'seen-as': SeenAs.exactOptional(),
  })
  .refine((assertion) => Object.keys(assertion).length === 1, `must be exactly one of ${assertionKinds.join(', ')}`)
export type Assertion = z.output<typeof Assertion>

/** As findings of the nodes themselves: a record of zod's says of a bad key only that it is one. */
function checkNodeNames(nodes: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const name of Object.keys(nodes)) {
    for (const { message } of NodeName.safeParse(name).error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: [name], message })
    }
  }
}

export const Topology = z
  .strictObject({
    name: LabName,
    topology: z.strictObject({
      nodes: z
        .record(z.string(), TopologyNode)
        .refine((nodes) => Object.keys(nodes).length > 0, 'must have at least one node')
        .superRefine(checkNodeNames),
      links: z.array(TopologyLink).default([]),
    }),
    verify: z.array(Assertion).default([]).describe('what must hold when the lab is up'),
  })
  .meta({ title: 'IMP lab topology' })
export type Topology = z.output<typeof Topology>
