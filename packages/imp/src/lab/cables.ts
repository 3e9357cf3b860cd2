/** Makes and removes the links of a lab on the machine. */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import { inNamespace } from '@imp/kit/host/namespace.ts'
import type { LinkDefinition, Wiring } from './definition.ts'
import { linksOf } from './definition.ts'
import type { LinkFeatures } from './features.ts'
import { impairEnd } from './impair.ts'
import { bridgeName, namespaceOf, tapName } from './names.ts'
import { wireBatches } from './wire.ts'

const IpLinks = z.array(z.looseObject({ ifname: z.string().exactOptional(), operstate: z.string().exactOptional() }))

/** Interface names of a namespace and whether each has a carrier. */
export async function interfaceStates(host: Host, namespace: string): Promise<ReadonlyMap<string, string>> {
  const ran = await host.query(['ip', '-n', namespace, '-j', 'link', 'show'])
  const links = parse(IpLinks, parseJson(ran.stdout === '' ? '[]' : ran.stdout, 'ip -j link'), 'ip -j link')
  return new Map(links.flatMap(({ ifname, operstate }) => (ifname === undefined ? [] : [[ifname, (operstate ?? 'UNKNOWN').toLowerCase()]])))
}

const ipBatch: Argv = ['ip', '-batch', '-']

/**
 * From a namespace that has nothing: before 6.14 Linux refuses to make a link whose name there is in the namespace of the caller, wherever
 * it is made (net/core/rtnetlink.c, rtnl_newlink), and a node may well have an eth0 as this machine has.
 */
const ipBatchFromNowhere: Argv = ['unshare', '--net', '--', ...ipBatch]

function batch(host: Host, lines: readonly string[], argv = ipBatch): Promise<unknown> {
  return lines.length === 0 ? Promise.resolve() : host.run(argv, { input: `${lines.join('\n')}\n` })
}

async function impair(host: Host, lab: string, link: LinkDefinition, features: LinkFeatures): Promise<void> {
  const { impairment } = link
  if (impairment === undefined) return
  for (const end of link.ends) {
    const inside = inNamespace(host, namespaceOf(lab, end.node))
    for (const { argv, input } of impairEnd(end.interface, impairment, features)) {
      await inside.run(argv, input === undefined ? {} : { input })
    }
  }
}

/** What a link, and the card of a guest at its end, consist of in the namespaces of its nodes. */
function partsOf(lab: Wiring, link: LinkDefinition): { namespace: string; name: string }[] {
  return link.ends.flatMap((end) => {
    const namespace = namespaceOf(lab.name, end.node)
    const guest = lab.nodes.find((node) => node.name === end.node)?.realised === 'guest'
    const index = linksOf(lab, end.node).findIndex(({ own }) => own.interface === end.interface) + 1
    const card = guest ? [tapName(index), bridgeName(index)] : []
    return [end.interface, ...card].map((name) => ({ namespace, name }))
  })
}

/** Removes links of the lab. What is not there any more, namespaces too, is passed over. */
export async function removeLinks(
  host: Host,
  lab: Wiring,
  links: readonly LinkDefinition[],
  namespaces: ReadonlySet<string>,
): Promise<void> {
  const parts = links.flatMap((link) => partsOf(lab, link)).filter(({ namespace }) => namespaces.has(namespace))
  for (const [namespace, named] of Map.groupBy(parts, (part) => part.namespace)) {
    const present = await interfaceStates(host, namespace)
    for (const { name } of named) {
      // The other end of a pair goes with the first: what has gone meanwhile is what we want.
      if (present.has(name)) await host.run(['ip', '-n', namespace, 'link', 'del', 'dev', name], { statuses: [0, 1] })
    }
  }
}

/** Makes links between namespaces that are there, and impairs them. A link left half-made is made again from its beginning. */
export async function makeLinks(
  host: Host,
  lab: Wiring,
  links: readonly LinkDefinition[],
  namespaces: ReadonlySet<string>,
  features: LinkFeatures,
): Promise<void> {
  await removeLinks(host, lab, links, namespaces)
  const { pairs, inside } = wireBatches(lab, links)
  await batch(host, pairs, ipBatchFromNowhere)
  await Promise.all([...inside].map(([namespace, lines]) => batch(inNamespace(host, namespace), lines)))
  for (const link of links) await impair(host, lab.name, link, features)
}
