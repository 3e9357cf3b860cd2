/** Everything that a configuration becomes, as texts that a person can read and compare. Pure. */
import type { DesiredLink, DesiredTable, Rule } from '../dataplane/linux/desired.ts'
import { overridePlace, type Overrides } from '../overrides/model.ts'
import type { DesiredRouter } from './render.ts'
import { textDifference } from './text-difference.ts'

export interface Artefact {
  readonly name: string
  readonly text: string
}

/** A generated text that changes. */
export interface ArtefactChange {
  readonly name: string
  /** Whether it is a drop-in of the operator. */
  readonly override: boolean
  readonly added: number
  readonly removed: number
  /** In the unified format. */
  readonly lines: readonly string[]
}

function linkLine({ name, kind, parent, vlan, protocol, master, mtu, up, addresses }: DesiredLink): string {
  const words = [
    name,
    kind,
    vlan === undefined ? '' : `${protocol ?? ''} ${vlan} on ${parent ?? ''}`,
    master === undefined ? '' : `in ${master}`,
    mtu === undefined ? '' : `mtu ${mtu}`,
    up ? 'up' : 'down',
    ...addresses,
  ]
  return words.filter((word) => word !== '').join(' ')
}

function ruleLine({ family, priority, mark, mask, table }: Rule): string {
  return `IPv${family} priority ${priority} mark 0x${mark.toString(16)}/0x${mask.toString(16)} table ${table}`
}

/** Without the digest, which says nothing to people and is another one in every text. */
function tableText({ text }: DesiredTable): string {
  return text.replace(/^\tcomment "imp:[0-9a-f]+"\n/m, '')
}

function lined(name: string, lines: readonly string[]): Artefact {
  return { name, text: lines.map((line) => `${line}\n`).join('') }
}

/** The texts of a router without its drop-ins. */
export function artefactsOf({ linux, frr }: DesiredRouter): Artefact[] {
  return [
    lined('links', linux.links.map(linkLine)),
    lined('rules', linux.rules.map(ruleLine)),
    lined(
      'sysctl.conf',
      Object.entries(linux.sysctls).map(([key, value]) => `${key} = ${value}`),
    ),
    ...linux.tables.map((each) => ({ name: `${each.name}.nft`, text: tableText(each) })),
    ...(linux.translator === undefined ? [] : [{ name: 'tayga.conf', text: linux.translator }]),
    { name: 'frr.conf', text: frr.text },
  ]
}

function changesBetween(before: readonly Artefact[], after: readonly Artefact[], override: boolean): ArtefactChange[] {
  const names = [...new Set([...before, ...after].map(({ name }) => name))]
  const textIn = (all: readonly Artefact[], name: string): string => all.find((each) => each.name === name)?.text ?? ''
  return names.flatMap((name) => {
    const { lines, added, removed } = textDifference(textIn(before, name), textIn(after, name))
    return lines.length === 0 ? [] : [{ name, override, added, removed, lines }]
  })
}

/** A router with the drop-ins that it has or shall have. */
export interface Side {
  /** Undefined before the first configuration. */
  readonly desired: DesiredRouter | undefined
  readonly overrides: Overrides
}

function dropIns({ overrides }: Side): Artefact[] {
  return overrides.map((each) => ({ name: overridePlace(each), text: each.text }))
}

/** The texts that differ: those that are generated, then the drop-ins. */
export function artefactChanges(before: Side, after: Side): ArtefactChange[] {
  const generated = ({ desired }: Side): Artefact[] => (desired === undefined ? [] : artefactsOf(desired))
  return [...changesBetween(generated(before), generated(after), false), ...changesBetween(dropIns(before), dropIns(after), true)]
}
