/** From a difference to ordered steps. Pure. */
import { count } from '@imp/kit/base/text.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import { wiringOf, type LabDefinition, type LinkDefinition, type NodeDefinition } from './definition.ts'
import type { Difference } from './difference.ts'
import { namespaceOf, relayNamespaceOf } from './names.ts'
import type { LabKinds } from './steps.ts'

function named(nodes: readonly NodeDefinition[]): string {
  return nodes.map((node) => node.name).join(', ')
}

/** Each namespace that these nodes and links need, with its purpose. */
function purposes(lab: LabDefinition, nodes: readonly NodeDefinition[], links: readonly LinkDefinition[]) {
  return Object.fromEntries([
    ...nodes.map((node) => [namespaceOf(lab.name, node.name), node.realised] as const),
    ...links.filter((link) => link.relayed).map((link) => [relayNamespaceOf(lab.name, link), 'relay'] as const),
  ])
}

function leaving(kinds: LabKinds, old: LabDefinition, difference: Difference): Step[] {
  const { nodesGone, linksGone } = difference
  const wanted = purposes(old, nodesGone, linksGone)
  return [
    ...(nodesGone.length === 0 ? [] : [kinds.noNodes.step(`stop ${named(nodesGone)}`, { lab: old, nodes: [...nodesGone] }, 'restart')]),
    ...(linksGone.length === 0
      ? []
      : [kinds.noLinks.step(`remove ${count(linksGone.length, 'link')}`, { lab: wiringOf(old), links: [...linksGone] }, 'restart')]),
    ...(Object.keys(wanted).length === 0
      ? []
      : [kinds.noNamespaces.step(`remove ${count(Object.keys(wanted).length, 'namespace')}`, wanted)]),
  ]
}

/** Steps that turn the running lab, if any, into the wanted one. */
export function planLab(kinds: LabKinds, old: LabDefinition | undefined, next: LabDefinition, difference: Difference): Step[] {
  const { nodesNew, linksNew, nodesKept } = difference
  const wanted = purposes(next, nodesNew, linksNew)
  const configured = nodesKept.filter((node) => node.kind === 'router' || node.kind === 'frr')
  const amount = Object.keys(wanted).length
  return [
    ...(old === undefined ? [] : leaving(kinds, old, difference)),
    ...(amount === 0 ? [] : [kinds.namespaces.step(`make ${count(amount, 'namespace')}`, wanted)]),
    ...(linksNew.length === 0
      ? []
      : [kinds.links.step(`make ${count(linksNew.length, 'link')}`, { lab: wiringOf(next), links: [...linksNew] })]),
    ...(old === undefined || configured.length === 0
      ? []
      : [kinds.configurations.step(`configure ${named(configured)} by difference`, { lab: next, nodes: [...configured], before: old })]),
    ...(nodesNew.length === 0 ? [] : [kinds.nodes.step(`start ${named(nodesNew)}`, { lab: next, nodes: [...nodesNew] })]),
    kinds.record.step(`record lab ${next.name}`, { lab: next, before: old ?? null }),
  ]
}
