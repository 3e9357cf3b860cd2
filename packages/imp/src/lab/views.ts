/** Labs drawn for people: tables, with marks and words rather than colour alone. Pure. */
import { count, table } from '@imp/kit/base/text.ts'
import { formatDuration } from '@imp/kit/base/units.ts'
import type { Inspection } from './inspect.ts'
import type { Verdict } from './verify.ts'

function madeOf(node: Inspection['nodes'][number]): string {
  if (node.realised === 'namespace') return 'namespace'
  return node.because.length === 0 ? 'microVM' : `microVM: kernel lacks ${node.because.join(', ')}`
}

function addressesOf(node: Inspection['nodes'][number]): string {
  const having = node.interfaces.filter((each) => each.addresses.length > 0)
  return having.map((each) => `${each.name} ${each.addresses.join(' ')}`).join('  ')
}

export function drawInspection(lab: Inspection): string {
  const nodes = table([
    ['NODE', 'KIND', 'MADE OF', 'STATE', 'ADDRESSES'],
    ...lab.nodes.map((node) => [node.name, node.kind, madeOf(node), node.state, addressesOf(node)]),
  ])
  const links = table([['LINK', '', 'STATE', ''], ...lab.links.map((link) => [...link.ends, link.state, link.impairment ?? ''])])
  const sessions = table([
    ['BGP', 'PEER', 'STATE', 'DROPPED'],
    ...lab.sessions.map((each) => [each.node, each.peer, each.state, String(each.dropped)]),
  ])
  return [
    `lab ${lab.name}, from ${lab.file}`,
    '',
    ...nodes,
    ...(lab.links.length === 0 ? [] : ['', ...links]),
    ...(lab.sessions.length === 0 ? [] : ['', ...sessions]),
  ].join('\n')
}

export function drawVerdicts(lab: string, verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ kind, subject, holds, expected, seen, milliseconds }) => [
    holds ? '✓ holds' : '✗ fails',
    kind,
    subject,
    expected,
    seen,
    formatDuration(milliseconds),
  ])
  const failed = verdicts.filter((verdict) => !verdict.holds).length
  const summary =
    failed === 0
      ? `lab ${lab}: ${verdicts.length === 1 ? 'the assertion holds' : `all ${verdicts.length} assertions hold`}`
      : `lab ${lab}: ${failed} of ${count(verdicts.length, 'assertion')} fail`
  return [...table([['', 'ASSERTION', 'SUBJECT', 'EXPECTED', 'SEEN', 'AFTER'], ...rows]), '', summary].join('\n')
}

export interface ListedLab {
  readonly name: string
  readonly file?: string
  readonly nodes: number
  readonly state: 'up' | 'unfinished'
}

export function drawList(labs: readonly ListedLab[]): string {
  if (labs.length === 0) return 'no lab runs'
  return table([['LAB', 'STATE', 'NODES', 'FILE'], ...labs.map((lab) => [lab.name, lab.state, String(lab.nodes), lab.file ?? ''])]).join(
    '\n',
  )
}
