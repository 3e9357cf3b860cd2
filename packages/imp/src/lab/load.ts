/** The door through which a lab comes in: its file and all files that it names, to a definition or to everything that is wrong. */
import { dirname, resolve } from 'node:path'
import { asFault, refuse, type Finding } from '@imp/kit/base/fault.ts'
import { inspect, jsonPath } from '@imp/kit/base/schema.ts'
import { parseDuration, parseRate } from '@imp/kit/base/units.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { Routers, Salvage } from './parts.ts'
import { checkTopology } from './check.ts'
import type { Command, Impairment, LabDefinition, LinkDefinition, NodeDefinition } from './definition.ts'
import { readTopologyText } from './document.ts'
import type { LinkFeatures } from './features.ts'
import { fitToLab } from './fit.ts'
import { checkFrrFile } from './frr-node.ts'
import { interfacesOf, parseEndpoint } from './links.ts'
import { LabName, Topology, type TopologyLink, type TopologyNode } from './model.ts'
import { daemonsFor } from './startup.ts'
import { routerImage } from './vmm.ts'
import { splitWords } from './words.ts'

/** What this machine can do, as far as labs ask. */
export interface Abilities {
  readonly links: LinkFeatures
  readonly routers: Pick<Routers, 'load' | 'missing'>
  readonly salvage: Salvage
}

interface Source {
  readonly host: Host
  readonly directory: string
  readonly abilities: Abilities
}

interface Found<T> {
  readonly value: T
  readonly findings: readonly Finding[]
}

async function readNamed(source: Source, name: string, path: readonly PropertyKey[]): Promise<Found<string>> {
  try {
    return { value: await source.host.files.read(resolve(source.directory, name)), findings: [] }
  } catch (error) {
    const { message, detail } = asFault(error)
    const hint = 'the path is relative to the directory of the topology file'
    const finding = { path: jsonPath(path), message: detail ?? message, value: JSON.stringify(name), hint }
    return { value: '', findings: [{ ...finding, severity: 'error' }] }
  }
}

function below(path: readonly PropertyKey[], file: string, findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, path: `${jsonPath(path)}: ${file}${finding.path === '' ? '' : `: ${finding.path}`}` }))
}

type Common = Pick<NodeDefinition, 'name' | 'exec' | 'daemons' | 'files' | 'because' | 'directory'>

function commandOf(exec: TopologyNode['exec'][number]): Command {
  const { command, background } = typeof exec === 'string' || Array.isArray(exec) ? { command: exec, background: false } : exec
  const [program = '', ...words] = typeof command === 'string' ? splitWords(command) : command
  return { words: [program, ...words], background }
}

function sizeOf(node: { memory?: number; cpus?: number }): Pick<NodeDefinition, 'memory' | 'cpus'> {
  return { ...(node.memory === undefined ? {} : { memory: node.memory }), ...(node.cpus === undefined ? {} : { cpus: node.cpus }) }
}

async function resolveRouter(
  source: Source,
  common: Common,
  node: TopologyNode & { kind: 'router' },
  links: readonly string[] | undefined,
): Promise<Found<NodeDefinition>> {
  const file = node['startup-config']
  const path = ['topology', 'nodes', common.name, 'startup-config']
  const read = await readNamed(source, file, path)
  const loaded = read.findings.length > 0 ? { findings: [] } : source.abilities.routers.load(read.value, file)
  const config = 'config' in loaded ? loaded.config : undefined
  const fitted = config === undefined || links === undefined ? undefined : fitToLab(config, links)
  const missing = fitted === undefined ? [] : await source.abilities.routers.missing(source.host, fitted.config)
  const realised = missing.length === 0 ? 'namespace' : 'guest'
  return {
    value: { ...common, ...sizeOf(node), kind: 'router', realised, because: [...missing], image: routerImage, startup: read.value },
    findings: [...read.findings, ...below(path, file, [...loaded.findings, ...(fitted?.findings ?? [])])],
  }
}

async function resolveFrr(source: Source, common: Common, node: TopologyNode & { kind: 'frr' }): Promise<Found<NodeDefinition>> {
  const read = await readNamed(source, node['startup-config'], ['topology', 'nodes', common.name, 'startup-config'])
  const daemons = daemonsFor(read.value, node.daemons)
  const file = node['startup-config']
  const syntax = read.findings.length > 0 ? [] : await checkFrrFile(source.host, resolve(source.directory, file))
  return {
    value: { ...common, kind: 'frr', realised: 'namespace', startup: read.value, daemons },
    findings: [...read.findings, ...below(['topology', 'nodes', common.name, 'startup-config'], file, syntax)],
  }
}

async function resolveGuest(source: Source, common: Common, node: TopologyNode & { kind: 'microvm' }): Promise<Found<NodeDefinition>> {
  const bound = await Promise.all(
    node.binds.map(async (bind, index) => {
      const at = bind.indexOf(':')
      const read = await readNamed(source, bind.slice(0, at), ['topology', 'nodes', common.name, 'binds', index])
      return { file: { target: bind.slice(at + 1), content: read.value }, findings: read.findings }
    }),
  )
  const files = bound.map((each) => each.file)
  return {
    value: { ...common, ...sizeOf(node), kind: 'microvm', realised: 'guest', image: node.image, files },
    findings: bound.flatMap((each) => each.findings),
  }
}

/** `links` are the interfaces of the node, undefined when nobody knows them all. */
async function resolveNode(
  source: Source,
  name: string,
  node: TopologyNode,
  links: readonly string[] | undefined,
): Promise<Found<NodeDefinition>> {
  const common: Common = { name, because: [], daemons: [], files: [], exec: node.exec.map(commandOf), directory: source.directory }
  if (node.kind === 'router') return resolveRouter(source, common, node, links)
  if (node.kind === 'frr') return resolveFrr(source, common, node)
  if (node.kind === 'microvm') return resolveGuest(source, common, node)
  return { value: { ...common, kind: 'host', realised: 'namespace' }, findings: [] }
}

function impairmentOf(link: TopologyLink): Impairment | undefined {
  const { delay, jitter, loss, rate } = link
  if (delay === undefined && loss === undefined && rate === undefined) return undefined
  return {
    delayMs: delay === undefined ? 0 : parseDuration(delay),
    jitterMs: jitter === undefined ? 0 : parseDuration(jitter),
    loss: loss === undefined ? 0 : Number(loss.slice(0, -1)) / 100,
    ...(rate === undefined ? {} : { rate: parseRate(rate) }),
  }
}

function resolveLink(link: TopologyLink, index: number, features: LinkFeatures): Found<LinkDefinition> {
  const impairment = impairmentOf(link)
  const path = (key: string): string => jsonPath(['topology', 'links', index, key])
  const delayed = impairment !== undefined && impairment.delayMs > 0
  const findings: Finding[] = []
  const hint = 'use a kernel with netem, such as that of Debian, or leave it out'
  if (delayed && !features.netem && !features.macvtap) {
    const message = 'is unsupported: this kernel has neither netem nor macvtap, so nothing can hold frames back'
    findings.push({ path: path('delay'), severity: 'error', message, value: JSON.stringify(link.delay), hint })
  }
  if (impairment?.rate !== undefined && !features.netem && !features.tbf) {
    const message = 'is unsupported: this kernel has neither netem nor tbf, so nothing can hold frames back'
    findings.push({ path: path('rate'), severity: 'error', message, value: JSON.stringify(link.rate), hint })
  }
  const [a, b] = link.endpoints
  const ends: LinkDefinition['ends'] = [parseEndpoint(a), parseEndpoint(b)]
  return { value: { ends, ...(impairment === undefined ? {} : { impairment }), relayed: delayed && !features.netem }, findings }
}

/** Cards that vmm gives to a guest beside the one of its own network. */
const guestCards = 5

function checkCardCount(node: NodeDefinition, amount: number): Finding[] {
  if (node.realised !== 'guest' || amount <= guestCards) return []
  const why = node.because.length === 0 ? '' : `, which it becomes since this kernel lacks ${node.because.join(', ')}`
  const message = `has ${amount} links, more than the ${guestCards} of a microVM${why}`
  return [
    { path: jsonPath(['topology', 'nodes', node.name]), severity: 'error', message, hint: 'put a node with fewer links in its place' },
  ]
}

async function resolveTopology(source: Source, file: string, topology: Topology): Promise<Found<LabDefinition>> {
  const { nodes, links } = topology.topology
  const resolvedNodes = await Promise.all(
    Object.entries(nodes).map(([name, node]) => resolveNode(source, name, node, interfacesOf(links, name))),
  )
  const resolvedLinks = links.map((link, index) => resolveLink(link, index, source.abilities.links))
  return {
    value: {
      name: topology.name,
      file,
      nodes: resolvedNodes.map((each) => each.value),
      links: resolvedLinks.map((each) => each.value),
      verify: topology.verify,
    },
    findings: [
      ...[...resolvedNodes, ...resolvedLinks].flatMap((each) => each.findings),
      ...resolvedNodes.flatMap(({ value }) => checkCardCount(value, interfacesOf(links, value.name).length)),
    ],
  }
}

/** The rules see a node that the schema refuses, as one that may be named anywhere. */
const standIn: TopologyNode = { kind: 'frr', 'startup-config': '', daemons: [], exec: [] }

/** Under any name: it stands at the top, where it would take everything along. */
const AnyTopology = Topology.extend({ name: LabName.catch('lab') })

/** The link or assertion that lost a field: what is said of the others may only follow from that. */
function tornBy(path: readonly PropertyKey[]): string[] {
  const depth = path[0] === 'verify' ? 2 : path[1] === 'links' ? 3 : path.length
  return path.length > depth ? [jsonPath(path.slice(0, depth))] : []
}

/** What is wrong beside what the schema refuses: one broken field does not hide what is wrong elsewhere. */
async function restFindings(written: unknown, source: Source): Promise<Finding[]> {
  const salvaged = source.abilities.salvage(AnyTopology, written)
  if (salvaged === undefined) return []
  const rest = AnyTopology.parse(salvaged.document)
  const { nodes } = rest.topology
  const gone = salvaged.dropped.flatMap(({ path: [, below, name] }) => (below === 'nodes' && typeof name === 'string' ? [name] : []))
  const known = { ...Object.fromEntries(gone.map((name) => [name, standIn])), ...nodes }
  const resolving = Object.entries(nodes).map(([name, node]) => resolveNode(source, name, node, undefined))
  const findings = [
    ...checkTopology({ ...rest, topology: { ...rest.topology, nodes: known } }),
    ...(await Promise.all(resolving)).flatMap((each) => each.findings),
  ]
  const torn = salvaged.dropped.flatMap(({ path }) => tornBy(path))
  const placed = findings.map((finding) => ({ ...finding, path: salvaged.original(finding.path) }))
  return placed.filter(({ path }) => !torn.some((holder) => path.startsWith(`${holder}.`)))
}

const beginning = 'a topology begins with name: and topology:, as those in examples'

/** With a remedy where the schema has none. */
function withRemedy(finding: Finding): Finding {
  return finding.path === '' && finding.hint === undefined ? { ...finding, hint: beginning } : finding
}

/** With `source` it also looks for what is wrong in all that the topology names. */
async function readTopology(host: Host, file: string, source?: Source) {
  const read = readTopologyText(await host.files.read(file))
  const { value, findings } = read.findings.length > 0 ? { value: undefined, findings: read.findings } : inspect(Topology, read.value)
  const located = (finding: Finding): Finding => {
    const line = read.lineOf(finding.path.split(': ')[0] ?? '')
    return line === undefined ? finding : { ...finding, path: `${finding.path} (line ${line})` }
  }
  const refused = value === undefined && read.findings.length === 0
  const rest = refused && source !== undefined ? await restFindings(read.value, source) : []
  refuse(file, [...findings.map(withRemedy), ...rest].map(located))
  // Without a topology there is an error among the findings, and refuse() has thrown.
  return { topology: value as Topology, located }
}

/** Reads and checks a topology file alone (absolute path), without what it names. */
export async function loadTopology(host: Host, file: string): Promise<Topology> {
  const { topology, located } = await readTopology(host, file)
  refuse(file, checkTopology(topology).map(located))
  return topology
}

export interface LoadedLab {
  readonly definition: LabDefinition
  /** What is not wrong but worth knowing. */
  readonly warnings: readonly Finding[]
}

/** Reads, checks and resolves a topology file (absolute path). One `input` fault with all findings when anything is wrong with it. */
export async function loadLab(host: Host, file: string, abilities: Abilities): Promise<LoadedLab> {
  const source: Source = { host, directory: dirname(file), abilities }
  const { topology, located } = await readTopology(host, file, source)
  const resolved = await resolveTopology(source, file, topology)
  const all = [...checkTopology(topology), ...resolved.findings].map(located)
  refuse(file, all)
  return { definition: resolved.value, warnings: all }
}
