/** The answers of deterministic NAT: who had a port, what a host has, and what a configuration would change. */
import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { FilePath } from '@imp/kit/base/schema.ts'
import { count, table } from '@imp/kit/base/text.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import { operation, type AnyOperation } from '@imp/kit/op/operation.ts'
import type { Commit, History } from '../commit/model.ts'
import { whose, withRouter } from '../commit/ops.ts'
import { formatRouterConfig, parseRouterConfig } from '../config/load.ts'
import { RouterConfig } from '../config/model.ts'
import type { ImpContext } from '../context.ts'
import { candidateConfig } from '../pipeline/candidate.ts'
import { findRunning, runningPath, type Running } from '../pipeline/running.ts'
import { where, withTarget, type Where } from '../pipeline/where.ts'
import { blockOf, holderOf, parseEndpoint, type Holder } from './lookup.ts'
import { recordedAt, type Recorded } from './lookup-commits.ts'
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
  source: z.enum(['running', 'commit', 'file']),
  document: z.string().describe('where the configuration is: a file, or a commit'),
  hostname: z.string(),
  since: z.string().describe('when the configuration was applied').exactOptional(),
  commit: z.int().describe('number of the commit that brought the configuration').exactOptional(),
  who: z.string().describe('user who committed it').exactOptional(),
  sha256: z.string().describe('of the configuration as imp writes it'),
})
type Proof = z.output<typeof Proof>

/** A configuration, and how others can convince themselves that it was the one. */
interface InForce {
  readonly config: RouterConfig
  readonly proof: Proof
}

function proofOf(config: RouterConfig, rest: Omit<Proof, 'hostname' | 'sha256'>): Proof {
  return { ...rest, hostname: config.hostname, sha256: createHash('sha256').update(formatRouterConfig(config)).digest('hex') }
}

async function readConfig(context: ImpContext, file: string): Promise<InForce> {
  const document = resolve(file)
  const config = parseRouterConfig(await context.host.files.read(document), file)
  return { config, proof: proofOf(config, { source: 'file', document }) }
}

/** The running configuration with the commit that brought it, when it was one. */
async function runningProof({ config, appliedAt }: Running, document: string, history: History): Promise<InForce> {
  const commit = (await history.list()).findLast(({ outcome }) => outcome === 'applied' || outcome === 'awaiting')
  const isOfCommit = commit !== undefined && isDeepStrictEqual(RouterConfig.parse(await history.document(commit.number)), config)
  const brought = isOfCommit ? { commit: commit.number, who: commit.who } : {}
  return { config, proof: proofOf(config, { source: 'running', document, since: appliedAt, ...brought }) }
}

async function readRecorded(history: History, { commit, document }: Recorded): Promise<InForce> {
  const { number, who, when } = commit
  const config = RouterConfig.parse(document === 'of' ? await history.document(number) : await history.before(number))
  if (document === 'before') return { config, proof: proofOf(config, { source: 'commit', document: `before commit ${number}` }) }
  return { config, proof: proofOf(config, { source: 'commit', document: `commit ${number}`, since: when, commit: number, who }) }
}

function nothingKnown(name: string, at: string, commits: readonly Commit[], running: Running): Fault {
  const since = commits[0]?.when ?? running.appliedAt
  return new Fault('not-found', `nothing is known of ${name} at ${at}: its history begins at ${since}`, {
    hint: 'name the configuration of that time with --file',
  })
}

/** Configurations that can have been in force at a time, the likeliest first; now when there is no time. */
function knownAt(context: ImpContext, input: Where, at: string | undefined): Promise<InForce[]> {
  return withTarget(context, input, async (target) => {
    const running = await findRunning(target)
    if (running === undefined) {
      throw new Fault('not-found', `no configuration was applied to ${target.name} yet`, { hint: 'name one with --file' })
    }
    return withRouter(context, input, async ({ history }) => {
      if (at === undefined || Date.parse(at) >= Date.parse(running.appliedAt))
        return [await runningProof(running, runningPath(target), history)]
      const commits = await history.list()
      const recorded = recordedAt(commits, Date.parse(at))
      if (recorded.length === 0) throw nothingKnown(target.name, at, commits, running)
      return Promise.all(recorded.map((each) => readRecorded(history, each)))
    })
  })
}

function inForce(context: ImpContext, input: Where & { readonly at?: string; readonly file?: string }): Promise<InForce[]> {
  const { at, file, ...rest } = input
  if (at !== undefined && file !== undefined) {
    throw new Fault('input', '--at and --file exclude each other', { hint: 'the file is taken as what was in force at the time' })
  }
  if (at !== undefined && Date.parse(at) > context.host.clock.now().getTime()) {
    throw new Fault('input', `${at} has not come yet`, { hint: 'leave --at out for now' })
  }
  return file === undefined ? knownAt(context, rest, at) : readConfig(context, file).then((config) => [config])
}

/** The holder by one configuration, or the fault that says why there is none. */
function answer({ config }: InForce, endpoint: string): Holder | Fault {
  try {
    if (config.nat === undefined)
      throw new Fault('not-found', `${config.hostname} translates nothing`, { hint: 'its configuration has no nat' })
    const { address, port } = parseEndpoint(endpoint)
    return port === undefined ? blockOf(config.nat, address) : holderOf(config.nat, address, port)
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
}

function write(found: Holder | Fault): string {
  if (found instanceof Fault) return found.message
  const { inside, block } = found
  return `${inside} = ${block.address} ports ${block.firstPort}-${block.lastPort}`
}

/** The answer on which all configurations agree that can have been in force; a `state` fault with all answers when they do not. */
function agree(known: readonly InForce[], endpoint: string): Holder & { readonly proof: Proof } {
  const answers = known.map((each) => ({ found: answer(each, endpoint), proof: each.proof }))
  const [first] = answers
  if (first === undefined) throw new Fault('bug', 'no configuration to ask')
  if (answers.some(({ found }) => write(found) !== write(first.found))) {
    throw new Fault('state', 'what was in force at that time is not known for sure, and the answers differ', {
      hint: 'imp history and imp config show --commit tell more; --file answers by one configuration',
      detail: answers.map(({ found, proof }) => `${proof.document}: ${write(found)}`).join('\n'),
    })
  }
  if (first.found instanceof Fault) throw first.found
  return { ...first.found, proof: first.proof }
}

const lookup = operation<ImpContext>()({
  path: ['nat', 'lookup'],
  summary: 'Tell which host had an address and port, or which ports a host has',
  description:
    'Follows from the configuration alone, no log is needed. For a past time the history of commits is asked; the answer names the configuration that proves it. When a configuration is replaced, open flows of hosts that get other ports are ended, so that an address and port never have two hosts at once; flows of all other hosts go on.',
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
  examples: [
    'imp nat lookup 203.0.113.97:34567',
    'imp nat lookup 192.168.0.5',
    'imp nat lookup 203.0.113.97:34567 --at 2026-03-01T12:00:00Z',
    'imp nat lookup 203.0.113.97:34567 --file march.json',
  ],
  async run(context, { endpoint, ...rest }) {
    const { inside, block, untranslated, proof } = agree(await inForce(context, rest), endpoint)
    const { address: outside, firstPort, lastPort } = block
    return { inside, outside, firstPort, lastPort, untranslated: [...untranslated], proof }
  },
  view: ({ inside, outside, firstPort, lastPort, untranslated, proof }) =>
    [
      `${inside} = ${outside} ports ${firstPort}-${lastPort}`,
      ...(untranslated.length === 0 ? [] : [`  keeps its address towards ${untranslated.join(', ')}`]),
      `  by ${proof.document} of ${proof.hostname}${proof.since === undefined ? '' : `, in force since ${proof.since}`}`,
      ...(proof.commit === undefined ? [] : [`  commit ${proof.commit} by ${proof.who}`]),
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
    compared === undefined
      ? 'nothing runs to compare with'
      : `${count(renumbered, 'host')} renumbered against what runs since ${compared}${renumbered === 0 ? '' : '; their open flows end'}`
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
  summary: 'Show what NAT takes, and whom the candidate, or a file, renumbers',
  effect: 'read',
  args: ['file'],
  input: z.strictObject({ file: FilePath.describe('router configuration; the candidate unless told').exactOptional(), ...whose, ...where }),
  output: PlanOutput,
  examples: ['imp nat plan', 'imp nat plan router.json', 'imp nat plan router.json --json'],
  async run(context, { file, ...rest }) {
    const config = file === undefined ? await candidateConfig(context, rest) : (await readConfig(context, file)).config
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
