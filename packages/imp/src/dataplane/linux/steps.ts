/** Steps that change the kernel of a namespace. Each looks first, so that it may be done and undone again after a crash in its middle. */
import { z } from 'zod'
import { count } from '@imp/kit/base/text.ts'
import { stepKind, type Step, type StepKind } from '@imp/kit/plan/step.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { namespacePath } from '@imp/kit/host/namespace.ts'
import type { DataplanePlace, DataplaneSteps } from '../dataplane.ts'
import { batchLine, Change, describeChange, inverse } from './change.ts'
import { TableName } from './desired.ts'
import { remaining } from './effect.ts'
import { retranslate, retranslated } from './flows.ts'
import { observeLinks, observeRules, observeSysctls } from './observe.ts'
import type { LinuxPlan } from './plan.ts'
import { loadTable } from './table.ts'
import { observeTranslator, startTranslator, stopTranslator } from './translator.ts'

const NamespaceData = z.strictObject({ name: z.string() })
const BringData = z.strictObject({ namespace: z.string(), links: z.array(z.string()) })
const LinksData = z.strictObject({ changes: z.array(Change) })
const SysctlsData = z.strictObject({
  changes: z.array(z.strictObject({ key: z.string(), before: z.string().nullable(), after: z.string() })),
})
const TableData = z.strictObject({ table: TableName, before: z.string().nullable(), after: z.string().nullable() })
const TranslatorData = z.strictObject({ before: z.string().nullable(), after: z.string().nullable() })

/** Whether the namespace of the place is there; always for the machine's own. */
export async function isThere(place: Pick<DataplanePlace, 'machine' | 'namespace'>): Promise<boolean> {
  return place.namespace === undefined || (await place.machine.files.stat(namespacePath(place.namespace))) !== undefined
}

function needsIpv6(change: Change): boolean {
  return 'rule' in change && change.rule.family === 6
}

/** Runs what is left to do of the changes, as one `ip -batch` (two when there are rules of IPv6). */
async function applyChanges(host: Host, changes: readonly Change[]): Promise<void> {
  const [links, rules] = await Promise.all([observeLinks(host), observeRules(host)])
  const left = remaining(changes, links, rules)
  const batches = [
    [['ip', '-batch', '-'] as const, left.filter((change) => !needsIpv6(change))],
    [['ip', '-6', '-batch', '-'] as const, left.filter(needsIpv6)],
  ] as const
  for (const [argv, lines] of batches) if (lines.length > 0) await host.run(argv, { input: `${lines.map(batchLine).join('\n')}\n` })
}

async function writeSysctls(host: Host, values: readonly (readonly [string, string])[]): Promise<void> {
  // -e: keys of links that are gone, and of features that the kernel lacks, are no error.
  if (values.length > 0) await host.run(['sysctl', '-e', '-w', ...values.map(([key, value]) => `${key}=${value}`)])
}

/** Moves links between namespaces; those that are not at the start of the way are there already. */
async function moveLinks(from: Host, links: readonly string[], to: string): Promise<void> {
  const present = new Set((await observeLinks(from)).map((link) => link.name))
  for (const link of links.filter((each) => present.has(each))) await from.run(['ip', 'link', 'set', 'dev', link, 'netns', to])
}

/** A translator that runs with this configuration already is left alone. */
async function tellTranslator(place: DataplanePlace, text: string | null): Promise<void> {
  if (text === null) return stopTranslator(place)
  const { text: running } = await observeTranslator(place)
  if (running !== text) await startTranslator(place, text)
}

/** The kinds of steps of the Linux dataplane, bound to a place. Undoing in a namespace that is gone is nothing. */
export function linuxKinds(place: DataplanePlace) {
  const { machine, host } = place
  const inPlace = async (undo: () => Promise<void>): Promise<void> => {
    if (await isThere(place)) await undo()
  }
  return {
    namespace: stepKind({
      kind: 'namespace',
      schema: NamespaceData,
      async do(_host, { name }) {
        if (!(await isThere({ machine, namespace: name }))) await machine.run(['ip', 'netns', 'add', name])
      },
      async undo(_host, { name }) {
        if (await isThere({ machine, namespace: name })) await machine.run(['ip', 'netns', 'delete', name])
      },
    }),
    bring: stepKind({
      kind: 'bring-ports',
      schema: BringData,
      do: (_host, { links, namespace }) => moveLinks(machine, links, namespace),
      // Process 1 lives in the machine's own namespace.
      undo: (_host, { links }) => inPlace(() => moveLinks(host, links, '1')),
    }),
    links: stepKind({
      kind: 'links',
      schema: LinksData,
      do: (_host, { changes }) => applyChanges(host, changes),
      undo: (_host, { changes }) => inPlace(() => applyChanges(host, changes.map(inverse).toReversed())),
    }),
    sysctls: stepKind({
      kind: 'sysctls',
      schema: SysctlsData,
      do: (_host, { changes }) =>
        writeSysctls(
          host,
          changes.map(({ key, after }) => [key, after]),
        ),
      undo: (_host, { changes }) =>
        inPlace(async () => {
          const present = await observeSysctls(
            host,
            changes.map(({ key }) => key),
          )
          const old = changes.flatMap(({ key, before }) => (before === null || !present.has(key) ? [] : [[key, before] as const]))
          await writeSysctls(host, old)
        }),
    }),
    table: stepKind({
      kind: 'nft-table',
      schema: TableData,
      do: (_host, { table, before, after }) => retranslate(host, { before, after }, () => loadTable(host, table, after ?? undefined)),
      undo: (_host, { table, before, after }) =>
        inPlace(() => retranslate(host, { before: after, after: before, back: true }, () => loadTable(host, table, before ?? undefined))),
    }),
    translator: stepKind({
      kind: 'translator',
      schema: TranslatorData,
      do: (_host, { after }) => tellTranslator(place, after),
      undo: async (_host, { before }) => tellTranslator(place, (await isThere(place)) ? before : null),
    }),
  }
}

export function linuxStepKinds(place: DataplanePlace): StepKind[] {
  return Object.values(linuxKinds(place))
}

const shown = 4

/** The first few of a list as words: `a, b, c and 3 more`. */
export function listed(texts: readonly string[]): string {
  if (texts.length <= shown) return texts.join(', ')
  return `${texts.slice(0, shown - 1).join(', ')} and ${texts.length - shown + 1} more`
}

function tableSummary(table: TableName, before: string | null, after: string | null, ended: number): string {
  const verb = after === null ? 'remove' : before === null ? 'load' : 'replace'
  return `${verb} nftables table ${table.name}${ended === 0 ? '' : `, end the flows of ${count(ended, 'renumbered host')}`}`
}

/** Whether traffic that went through before no longer does. */
function isDisturbing(change: Change): boolean {
  if (change.change === 'state') return change.before === 'up' && change.after === 'down'
  return change.change === 'remove-link' || change.change === 'remove-address' || (change.change === 'master' && change.before !== null)
}

/** Changes that are there only for their undoing: they change nothing themselves. */
function isPin(change: Change): boolean {
  return (change.change === 'state' || change.change === 'mtu') && change.before === change.after
}

function translatorStep(place: DataplanePlace, { translator }: LinuxPlan, when: 'starts' | 'stops'): Step[] {
  if (translator === undefined || (translator.after === null) !== (when === 'stops')) return []
  const { before, after } = translator
  const verb = after === null ? 'stop' : before === null ? 'start' : 'restart'
  return [
    linuxKinds(place).translator.step(`${verb} tayga, the translator of NAT64`, { ...translator }, before === null ? 'none' : 'restart'),
  ]
}

/** A plan as steps. Traffic through a link that goes, or goes down, is lost. */
export function linuxSteps(place: DataplanePlace, plan: LinuxPlan, namespaceThere: boolean): DataplaneSteps {
  const kinds = linuxKinds(place)
  const linksStep = (changes: readonly Change[]): Step[] => {
    const disturbing = changes.some(isDisturbing)
    return changes.length === 0
      ? []
      : [
          kinds.links.step(
            listed(changes.filter((change) => !isPin(change)).map(describeChange)),
            { changes: [...changes] },
            disturbing ? 'restart' : 'none',
          ),
        ]
  }
  const { namespace } = place
  const keys = plan.sysctls.map(({ key, after }) => `${key}=${after}`)
  return {
    before: [
      ...(namespace === undefined || namespaceThere
        ? []
        : [kinds.namespace.step(`add network namespace ${namespace}`, { name: namespace })]),
      ...(namespace === undefined || plan.bring.length === 0
        ? []
        : [kinds.bring.step(`bring ${listed(plan.bring)} into ${namespace}`, { namespace, links: [...plan.bring] }, 'restart')]),
      ...linksStep(plan.prepare),
      ...(keys.length === 0 ? [] : [kinds.sysctls.step(`set ${listed(keys)}`, { changes: plan.sysctls.map((each) => ({ ...each })) })]),
      ...linksStep(plan.activate),
      ...plan.tables.map((each) => {
        const ended = each.before === null ? 0 : retranslated(each.before, each.after ?? '').length
        const summary = tableSummary(each.table, each.before, each.after, ended)
        return kinds.table.step(summary, { ...each, table: { ...each.table } }, ended === 0 ? 'none' : 'reload')
      }),
      ...translatorStep(place, plan, 'starts'),
    ],
    after: [...translatorStep(place, plan, 'stops'), ...linksStep(plan.cleanUp)],
  }
}
