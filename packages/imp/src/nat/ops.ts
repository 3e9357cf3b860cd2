/** The answers of deterministic NAT: who had a port, what a host has, and what a configuration would change. */
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath } from '@imp/kit/base/schema.ts'
import { table } from '@imp/kit/base/text.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import { formatRouterConfig, parseRouterConfig } from '../config/load.ts'
import type { RouterConfig } from '../config/model.ts'
import type { ImpContext } from '../context.ts'
import { findRunning, runningPath } from '../pipeline/running.ts'
import type { Target } from '../pipeline/target.ts'
import { where, withTarget, type Where } from '../pipeline/where.ts'
import { blockOf, holderOf, parseEndpoint } from './lookup.ts'
import { renumberings, reportMapping, reportMemory } from './report.ts'

function isEndpoint(text: string): boolean {
  try {
    parseEndpoint(text)
    return true
  } catch {
    return false
  }
}

const Endpoint = z
  .string()
  .refine(isEndpoint, 'must be an IPv4 address, or ADDRESS:PORT')
  .describe('outside ADDRESS:PORT for the host behind it, or an inside address for its ports')
  .meta({ examples: ['203.0.113.97:34567', '192.168.0.5'] })

const Time = z.iso
  .datetime({ offset: true, error: 'must be a time with its zone, such as 2026-03-01T12:00:00Z or 2026-03-01T13:00:00+01:00' })
  .describe('when it was: a time with its zone')
  .meta({ examples: ['2026-03-01T12:00:00Z'] })

const Proof = z.strictObject({
  source: z.enum(['running', 'file']),
  document: FilePath.describe('where the configuration is'),
  hostname: z.string(),
  since: z.string().describe('when the configuration was applied').exactOptional(),
  sha256: z.string().describe('of the configuration as imp writes it'),
})
type Proof = z.output<typeof Proof>

/** A configuration, and how others can convince themselves that it was the one. */
interface InForce {
  readonly config: RouterConfig
  readonly proof: Proof
}

function proofOf(config: RouterConfig, rest: Pick<Proof, 'source' | 'document' | 'since'>): Proof {
  return { ...rest, hostname: config.hostname, sha256: createHash('sha256').update(formatRouterConfig(config)).digest('hex') }
}

async function readConfig(context: ImpContext, file: string): Promise<InForce> {
  const document = resolve(file)
  const config = parseRouterConfig(await context.host.files.read(document), file)
  return { config, proof: proofOf(config, { source: 'file', document }) }
}

/** The running configuration, when it was in force at that time. */
async function runningAt(target: Target, at: string | undefined): Promise<InForce> {
  const running = await findRunning(target)
  if (running === undefined) {
    throw new Fault('not-found', `no configuration was applied to ${target.name} yet`, { hint: 'name one with --file' })
  }
  const { config, appliedAt } = running
  if (at !== undefined && Date.parse(at) < Date.parse(appliedAt)) {
    throw new Fault('not-found', `the running configuration of ${target.name} is in force since ${appliedAt} only`, {
      hint: 'name the configuration of that time with --file',
    })
  }
  return { config, proof: proofOf(config, { source: 'running', document: runningPath(target), since: appliedAt }) }
}

async function inForce(context: ImpContext, input: Where & { readonly at?: string; readonly file?: string }): Promise<InForce> {
  const { at, file, ...rest } = input
  if (at !== undefined && file !== undefined) {
    throw new Fault('input', '--at and --file exclude each other', { hint: 'the file is taken as what was in force at the time' })
  }
  if (at !== undefined && Date.parse(at) > context.host.clock.now().getTime()) {
    throw new Fault('input', `${at} has not come yet`, { hint: 'leave --at out for now' })
  }
  return file === undefined ? withTarget(context, rest, (target) => runningAt(target, at)) : readConfig(context, file)
}

const lookup = operation<ImpContext>()({
  path: ['nat', 'lookup'],
  summary: 'Tell which host had an address and port, or which ports a host has',
  description:
    'Follows from the configuration alone, no log is needed. Flows that were open when a configuration was replaced keep their old ports until they end. The answer names the configuration that proves it.',
  effect: 'read',
  args: ['endpoint'],
  input: z.strictObject({
    endpoint: Endpoint,
    at: Time.exactOptional(),
    file: FilePath.describe('configuration that was in force, instead of the running one').exactOptional(),
    ...where,
  }),
  output: z.strictObject({
    inside: z.string().describe('address of the host'),
    outside: z.string().describe('address that it is seen with'),
    firstPort: z.int(),
    lastPort: z.int().describe('last of its ports, inclusive'),
    untranslated: z.array(z.string()).describe('networks towards which it keeps its inside address'),
    proof: Proof,
  }),
  examples: ['imp nat lookup 203.0.113.97:34567', 'imp nat lookup 192.168.0.5', 'imp nat lookup 203.0.113.97:34567 --file march.json'],
  async run(context, { endpoint, ...rest }) {
    const { config, proof } = await inForce(context, rest)
    if (config.nat === undefined)
      throw new Fault('not-found', `${config.hostname} translates nothing`, { hint: 'its configuration has no nat' })
    const { address, port } = parseEndpoint(endpoint)
    const { inside, block, untranslated } = port === undefined ? blockOf(config.nat, address) : holderOf(config.nat, address, port)
    const { address: outside, firstPort, lastPort } = block
    return { inside, outside, firstPort, lastPort, untranslated: [...untranslated], proof }
  },
  view: ({ inside, outside, firstPort, lastPort, untranslated, proof }) =>
    [
      `${inside} = ${outside} ports ${firstPort}-${lastPort}`,
      ...(untranslated.length === 0 ? [] : [`  keeps its address towards ${untranslated.join(', ')}`]),
      `  by ${proof.document} of ${proof.hostname}${proof.since === undefined ? '' : `, in force since ${proof.since}`}`,
      `  sha256 ${proof.sha256}`,
    ].join('\n'),
})

const Block = z.strictObject({ address: z.string(), firstPort: z.int(), lastPort: z.int() })
const PlannedMapping = z.strictObject({
  inside: z.string(),
  outside: z.string(),
  hosts: z.int(),
  addresses: z.int(),
  hostsPerAddress: z.int(),
  portsPerHost: z.int(),
  sparePorts: z.int().describe('ports of each outside address that no host has'),
  flowsPerHost: z
    .strictObject({
      toOneDestination: z.int().describe('to one address and port, for each protocol'),
      inAll: z.int().describe('limit of the dataplane, when it has one').exactOptional(),
    })
    .describe('flows that one host can have at once'),
})
const PlannedRenumbering = z.strictObject({
  change: z.enum(['renumbered', 'added', 'removed']),
  first: z.string(),
  last: z.string(),
  hosts: z.int(),
  before: Block.describe('of the first host').exactOptional(),
  after: Block.describe('of the first host').exactOptional(),
})
const PlanOutput = z.strictObject({
  dataplane: z.enum(['linux', 'vpp']),
  mappings: z.array(PlannedMapping),
  memory: z.strictObject({
    mappings: z.int().describe('bytes, estimated from measurements'),
    flowsAtMost: z.int().describe('bytes, when every port is in use once').exactOptional(),
  }),
  compared: z.string().describe('when the running configuration was applied; missing when there is none').exactOptional(),
  renumbered: z.int().describe('hosts whose ports change'),
  changes: z.array(PlannedRenumbering),
})
type PlanOutput = z.output<typeof PlanOutput>

function drawBlock(block: z.output<typeof Block> | undefined): string {
  return block === undefined ? '-' : `${block.address}:${block.firstPort}-${block.lastPort}`
}

function drawPlan({ dataplane, mappings, memory, compared, renumbered, changes }: PlanOutput): string {
  const rows = mappings.map(({ inside, outside, hosts, hostsPerAddress, portsPerHost, flowsPerHost }) => [
    inside,
    outside,
    String(hosts),
    String(hostsPerAddress),
    String(portsPerHost),
    flowsPerHost.inAll === undefined ? 'ports, for each destination' : `${flowsPerHost.inAll} in all`,
  ])
  const flows = memory.flowsAtMost === undefined ? '' : `, up to ${formatBytes(memory.flowsAtMost)} for flows`
  const head =
    compared === undefined ? 'nothing runs to compare with' : `${renumbered} hosts renumbered against what runs since ${compared}`
  const list = changes.map((each) => [
    each.change,
    `${each.first}-${each.last}`,
    String(each.hosts),
    drawBlock(each.before),
    drawBlock(each.after),
  ])
  return [
    ...(mappings.length === 0
      ? ['nothing is translated']
      : table([['INSIDE', 'OUTSIDE', 'HOSTS', 'PER ADDRESS', 'PORTS EACH', 'FLOWS EACH'], ...rows])),
    `memory of ${dataplane}: ${formatBytes(memory.mappings)} for mappings${flows}`,
    head,
    ...(list.length === 0 ? [] : table([['CHANGE', 'INSIDE', 'HOSTS', 'FIRST HAD', 'FIRST GETS'], ...list])),
  ].join('\n')
}

const plan = operation<ImpContext>()({
  path: ['nat', 'plan'],
  summary: 'Show ports and memory that NAT takes, and who is renumbered',
  effect: 'read',
  args: ['file'],
  input: z.strictObject({ file: FilePath.describe('router configuration, router.json'), ...where }),
  output: PlanOutput,
  examples: ['imp nat plan router.json', 'imp nat plan router.json --json'],
  async run(context, { file, ...rest }) {
    const { config } = await readConfig(context, file)
    const running = await withTarget(context, rest, findRunning)
    const { dataplane } = config
    const mappings = (config.nat?.mappings ?? []).map((mapping) => reportMapping(mapping, dataplane))
    const changes = running === undefined ? [] : renumberings(running.config.nat?.mappings ?? [], config.nat?.mappings ?? [])
    const renumbered = changes.filter(({ change }) => change === 'renumbered').reduce((sum, { hosts }) => sum + hosts, 0)
    return {
      dataplane,
      mappings,
      memory: reportMemory(mappings, dataplane),
      ...(running === undefined ? {} : { compared: running.appliedAt }),
      renumbered,
      changes,
    }
  },
  view: drawPlan,
})

export const operations: readonly AnyOperation<ImpContext>[] = [lookup, plan]
