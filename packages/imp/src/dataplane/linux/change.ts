/** One change to links, addresses or rules as data: what `ip` calls it, what undoes it, and how people say it. Pure. */
import { z } from 'zod'
import { DesiredLink, Rule } from './desired.ts'

const MadeLink = DesiredLink.pick({ name: true, kind: true, parent: true, vlan: true, protocol: true, mtu: true })
export type MadeLink = z.output<typeof MadeLink>

const link = z.string()

export const Change = z.discriminatedUnion('change', [
  z.strictObject({ change: z.literal('add-link'), link: MadeLink }),
  z.strictObject({ change: z.literal('remove-link'), link: MadeLink }),
  // Names pass from card to card; the hardware address says which one is meant.
  z.strictObject({ change: z.literal('rename'), from: z.string(), to: z.string(), mac: z.string() }),
  z.strictObject({ change: z.literal('add-name'), link, name: z.string() }),
  z.strictObject({ change: z.literal('remove-name'), link, name: z.string() }),
  z.strictObject({ change: z.literal('mtu'), link, before: z.int(), after: z.int() }),
  z.strictObject({ change: z.literal('master'), link, before: z.string().nullable(), after: z.string().nullable() }),
  z.strictObject({ change: z.literal('state'), link, before: z.enum(['up', 'down']), after: z.enum(['up', 'down']) }),
  z.strictObject({ change: z.literal('add-address'), link, address: z.string() }),
  z.strictObject({ change: z.literal('remove-address'), link, address: z.string() }),
  z.strictObject({ change: z.literal('add-rule'), rule: Rule }),
  z.strictObject({ change: z.literal('remove-rule'), rule: Rule }),
])
export type Change = z.output<typeof Change>
export type ChangeOf<Kind extends Change['change']> = Extract<Change, { change: Kind }>

interface Definition<Of extends Change> {
  inverse(change: Of): Change
  line(change: Of): string
  describe(change: Of): string
}

function linkWords({ name, kind, parent, vlan, protocol, mtu }: MadeLink): string {
  const size = mtu === undefined ? '' : ` mtu ${mtu}`
  // Without STP a bridge forwards at once and passes everything on.
  if (kind === 'bridge') return `name ${name}${size} type bridge stp_state 0 forward_delay 0`
  return `link ${parent} name ${name}${size} type vlan protocol ${protocol} id ${vlan}`
}

function addLine(link: MadeLink): string {
  // A link of its own, there also while no program holds its other end.
  return link.kind === 'tun' ? `tuntap add dev ${link.name} mode tun` : `link add ${linkWords(link)}`
}

function ruleWords({ priority, mark, mask, table }: Rule): string {
  return `priority ${priority} fwmark 0x${mark.toString(16)}/0x${mask.toString(16)} lookup ${table}`
}

const definitions: { readonly [Kind in Change['change']]: Definition<ChangeOf<Kind>> } = {
  'add-link': {
    inverse: (change) => ({ ...change, change: 'remove-link' }),
    line: (change) => addLine(change.link),
    describe: ({ link: { name, kind, parent, vlan } }) =>
      kind === 'vlan' ? `add VLAN ${vlan} on ${parent} as ${name}` : `add ${kind} ${name}`,
  },
  'remove-link': {
    inverse: (change) => ({ ...change, change: 'add-link' }),
    line: (change) => `link delete dev ${change.link.name}`,
    describe: (change) => `remove ${change.link.name}`,
  },
  rename: {
    inverse: (change) => ({ ...change, from: change.to, to: change.from }),
    line: (change) => `link set dev ${change.from} name ${change.to}`,
    describe: (change) => `rename ${change.from} to ${change.to}`,
  },
  'add-name': {
    inverse: (change) => ({ ...change, change: 'remove-name' }),
    line: (change) => `link property add dev ${change.link} altname ${change.name}`,
    describe: (change) => `keep ${change.name} as another name of ${change.link}`,
  },
  'remove-name': {
    inverse: (change) => ({ ...change, change: 'add-name' }),
    line: (change) => `link property del dev ${change.link} altname ${change.name}`,
    describe: (change) => `drop the other name ${change.name} of ${change.link}`,
  },
  mtu: {
    inverse: (change) => ({ ...change, before: change.after, after: change.before }),
    line: (change) => `link set dev ${change.link} mtu ${change.after}`,
    describe: (change) => `MTU ${change.after} on ${change.link}`,
  },
  master: {
    inverse: (change) => ({ ...change, before: change.after, after: change.before }),
    line: (change) => `link set dev ${change.link} ${change.after === null ? 'nomaster' : `master ${change.after}`}`,
    describe: (change) =>
      change.after === null ? `take ${change.link} out of ${change.before}` : `put ${change.link} into ${change.after}`,
  },
  state: {
    inverse: (change) => ({ ...change, before: change.after, after: change.before }),
    line: (change) => `link set dev ${change.link} ${change.after}`,
    describe: (change) => `${change.link} ${change.after}`,
  },
  'add-address': {
    inverse: (change) => ({ ...change, change: 'remove-address' }),
    // A router knows its addresses: without waiting for duplicate address detection they work at once (RFC 4862 5.4).
    line: (change) => `address add ${change.address} dev ${change.link}${change.address.includes(':') ? ' nodad' : ''}`,
    describe: (change) => `add ${change.address} to ${change.link}`,
  },
  'remove-address': {
    inverse: (change) => ({ ...change, change: 'add-address' }),
    line: (change) => `address delete ${change.address} dev ${change.link}`,
    describe: (change) => `remove ${change.address} from ${change.link}`,
  },
  'add-rule': {
    inverse: (change) => ({ ...change, change: 'remove-rule' }),
    line: (change) => `rule add ${ruleWords(change.rule)}`,
    describe: ({ rule }) => `send mark ${rule.mark} to table ${rule.table}`,
  },
  'remove-rule': {
    inverse: (change) => ({ ...change, change: 'add-rule' }),
    line: (change) => `rule delete ${ruleWords(change.rule)}`,
    describe: ({ rule }) => `no longer send mark ${rule.mark} to table ${rule.table}`,
  },
}

function definitionOf(change: Change): Definition<Change> {
  return definitions[change.change]
}

/** What the undoing change is; undoing a list goes backwards. */
export function inverse(change: Change): Change {
  return definitionOf(change).inverse(change)
}

/** The line for `ip -batch`. Rules of IPv6 need `ip -6 -batch`. */
export function batchLine(change: Change): string {
  return definitionOf(change).line(change)
}

/** One change as words for people. */
export function describeChange(change: Change): string {
  return definitionOf(change).describe(change)
}

export function sameRule(a: Rule, b: Rule): boolean {
  return a.family === b.family && ruleWords(a) === ruleWords(b)
}
