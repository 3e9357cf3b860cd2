/**
 * The last look before messages go to VPP: what would kill it, or would be taken in silence and steer the wrong packets, is never sent.
 * The plan makes no such message; a plan from another version, or over a VPP that others changed, might. Pure.
 */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Things } from '../desired.ts'
import type { Message, Phase, Template } from './message.ts'

type Record_ = Readonly<Record<string, Template>>

/** What decides whether a message is safe, as it becomes with the messages before it. */
interface Model {
  readonly policies: Map<string, Set<string>>
  /** `policy interface family` */
  readonly attachments: Set<string>
  readonly names: Set<string>
  readonly twins: Map<string, string>
  readonly lists: Set<string>
  /** Interfaces with a side of deterministic NAT. */
  readonly sides: Set<string>
}

function modelOf(have: Things): Model {
  const interfaces = Object.entries(have.interfaces)
  return {
    policies: new Map(Object.entries(have.policies).map(([id, { paths }]) => [id, new Set(paths)])),
    attachments: new Set(interfaces.flatMap(([name, each]) => each.attachments.map(({ policy, family }) => `${policy} ${name} ${family}`))),
    names: new Set(interfaces.map(([name]) => name)),
    twins: new Map(interfaces.flatMap(([name, { twin }]) => (twin === null ? [] : [[twin, name] as const]))),
    lists: new Set(Object.keys(have.lists)),
    sides: new Set(interfaces.flatMap(([name, { side }]) => (side === null ? [] : [name]))),
  }
}

function record(value: Template | undefined): Record_ {
  return typeof value === 'object' && !Array.isArray(value) ? (value as Record_) : {}
}

function text(value: Template | undefined): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

/** Name of the interface that a field refers to. */
function named(value: Template | undefined): string {
  return text(record(value)['interface'])
}

function pathsOf(value: Template | undefined): string[] {
  const paths: readonly Template[] = Array.isArray(value) ? (value as readonly Template[]) : []
  return paths.map((path) => {
    const address = record(record(record(path)['nh'])['address'])
    return `${text(address['ip4'] ?? address['ip6'])} ${named(record(path)['sw_if_index'])}`
  })
}

type Rule = (fields: Message['fields'], model: Model, message: Message) => string | undefined

function judgeAttachment(fields: Message['fields'], model: Model): string | undefined {
  const attach = record(fields['attach'])
  const policy = text(attach['policy_id'])
  const key = `${policy} ${named(attach['sw_if_index'])} ${attach['is_ipv6'] === true ? 6 : 4}`
  if (fields['is_add'] !== true) {
    model.attachments.delete(key)
    return undefined
  }
  if (!model.policies.has(policy)) return `policy ${policy} is not there`
  model.attachments.add(key)
  return undefined
}

function judgePolicy(fields: Message['fields'], model: Model): string | undefined {
  const policy = record(fields['policy'])
  const id = text(policy['policy_id'])
  const paths = pathsOf(policy['paths'])
  const known = model.policies.get(id) ?? new Set<string>()
  if (fields['is_add'] === true) {
    const list = text(record(policy['acl_index'])['list'])
    if (!model.lists.has(list)) return `access list ${list} is not there`
    model.policies.set(id, new Set([...known, ...paths]))
    return undefined
  }
  const left = [...known].filter((path) => !paths.includes(path))
  if (left.length === 0 && [...model.attachments].some((key) => key.startsWith(`${id} `))) return `policy ${id} is still attached`
  if (left.length === 0) model.policies.delete(id)
  else model.policies.set(id, new Set(left))
  return undefined
}

function judgeMap(fields: Message['fields']): string | undefined {
  if (fields['is_add'] !== true) return undefined
  const [inside, outside] = [Number(fields['in_plen']), Number(fields['out_plen'])]
  return outside < inside || inside === 0 ? 'its outside is larger than its inside' : undefined
}

function judgeName(fields: Message['fields'], model: Model): string | undefined {
  const name = text(fields['name'])
  // The name of an interface of ours that has not got it yet is its own.
  return model.names.has(name) && named(fields['sw_if_index']) !== name ? `there is another ${name}` : undefined
}

function judgeTwin(fields: Message['fields'], model: Model): string | undefined {
  const name = named(fields['sw_if_index'])
  if (fields['is_add'] !== true) {
    for (const [twin, of] of model.twins) if (of === name) model.twins.delete(twin)
    return undefined
  }
  const twin = text(fields['host_if_name'])
  const holder = model.twins.get(twin)
  if (holder !== undefined && holder !== name) return `${holder} has the Linux interface ${twin}`
  model.twins.set(twin, name)
  return undefined
}

/** An attachment stays when its interface goes, and lands on the next one that gets its number. */
function judgeRemoval(fields: Message['fields'], model: Model, message: Message): string | undefined {
  const name = named(fields['sw_if_index']) || message.about.slice('interfaces '.length)
  if ([...model.attachments].some((key) => key.split(' ')[1] === name)) return `${name} is still steered`
  if (model.sides.has(name)) return `${name} has a side of NAT, which the next interface with its number would have`
  for (const [twin, of] of model.twins) if (of === name) model.twins.delete(twin)
  model.names.delete(name)
  return undefined
}

const rules: Readonly<Record<string, Rule>> = {
  abf_itf_attach_add_del: judgeAttachment,
  abf_policy_add_del: judgePolicy,
  det44_add_del_map: judgeMap,
  det44_plugin_enable_disable: (fields) => (fields['enable'] === true ? undefined : 'VPP dies of it'),
  det44_interface_add_del_feature: (fields) => (fields['is_add'] === true ? undefined : 'the feature stays and drops everything'),
  sw_interface_set_interface_name: judgeName,
  lcp_itf_pair_add_del_v3: judgeTwin,
  acl_add_replace: (fields, model) => {
    model.lists.add(text(fields['tag']))
    return undefined
  },
  delete_subif: judgeRemoval,
  delete_loopback: judgeRemoval,
  memif_delete: judgeRemoval,
  af_packet_delete: judgeRemoval,
}

/** Throws a `bug` fault that names the first message that must not be sent. */
export function refuseFatal(have: Things, phases: readonly Phase[]): void {
  const model = modelOf(have)
  for (const message of phases.flat()) {
    const why = rules[message.message]?.(message.fields, model, message)
    if (why !== undefined) throw new Fault('bug', `${message.message} must not be sent (${message.summary}): ${why}`)
  }
}
