/** Rules of a topology across its fields. Every finding at once. */
import type { Finding } from '@imp/kit/base/fault.ts'
import { nearest } from '@imp/kit/base/text.ts'
import { parseDuration } from '@imp/kit/base/units.ts'
import { jsonPath } from '@imp/kit/base/schema.ts'
import { endpointsOf, interfacesOf, type Ended } from './links.ts'
import type { Assertion, Topology } from './model.ts'

type Nodes = Topology['topology']['nodes']

function unknownNode(path: readonly PropertyKey[], name: string, nodes: Nodes, value: string): Finding {
  const close = nearest(name, Object.keys(nodes))
  return {
    path: jsonPath(path),
    severity: 'error',
    message: `there is no node ${JSON.stringify(name)}`,
    value: JSON.stringify(value),
    hint: close === undefined ? `add it to topology.nodes, or use one of ${Object.keys(nodes).join(', ')}` : `did you mean ${close}?`,
  }
}

function checkEndpoints(topology: Topology, ends: readonly Ended[]): Finding[] {
  const { nodes } = topology.topology
  const users = Map.groupBy(ends, (end) => end.text)
  return ends.flatMap((end) => {
    const path = ['topology', 'links', end.link, 'endpoints', end.side]
    if (nodes[end.node] === undefined) return [unknownNode(path, end.node, nodes, end.text)]
    const first = users.get(end.text)?.[0]
    if (first === end || first === undefined) return []
    return [
      {
        path: jsonPath(path),
        severity: 'error' as const,
        message: `is already used by ${jsonPath(['topology', 'links', first.link])}`,
        value: JSON.stringify(end.text),
        hint: 'an interface has one link; take another interface name',
      },
    ]
  })
}

/** Guests, also those that a router may become, get TAPs and bridges of ours beside the ends of their links. */
function checkReservedNames(ends: readonly Ended[]): Finding[] {
  return ends
    .filter((end) => end.interface.startsWith('imp-'))
    .map((end) => ({
      path: jsonPath(['topology', 'links', end.link, 'endpoints', end.side]),
      severity: 'error',
      message: 'has an interface whose name begins with "imp-", which is ours',
      value: JSON.stringify(end.text),
      hint: 'take another interface name',
    }))
}

/** A guest sees its cards in the order in which the engine gets them, as eth1, eth2...: other names would not come true. */
function checkGuestInterfaces(topology: Topology): Finding[] {
  return Object.entries(topology.topology.nodes).flatMap(([name, node]) => {
    if (node.kind !== 'microvm') return []
    const names = interfacesOf(topology.topology.links, name)
    const expected = names.map((_, index) => `eth${index + 1}`)
    if (names.every((each) => expected.includes(each))) return []
    return [
      {
        path: jsonPath(['topology', 'nodes', name]),
        severity: 'error' as const,
        message: `the interfaces of a microvm are ${expected.join(', ')}, its links name ${names.join(', ')}`,
        hint: 'number the endpoints of this node from eth1 without a gap',
      },
    ]
  })
}

function checkImpairments(topology: Topology): Finding[] {
  return topology.topology.links.flatMap((link, index): Finding[] => {
    if (link.jitter === undefined) return []
    const path = jsonPath(['topology', 'links', index, 'jitter'])
    const value = JSON.stringify(link.jitter)
    if (link.delay === undefined) {
      return [{ path, severity: 'error', message: 'varies a delay that is not there', value, hint: 'add delay' }]
    }
    if (parseDuration(link.jitter) <= parseDuration(link.delay)) return []
    return [
      {
        path,
        severity: 'error',
        message: `is greater than the delay of ${link.delay}`,
        value,
        hint: 'no frame arrives before it was sent',
      },
    ]
  })
}

/** The nodes that an assertion names, with the key in which it does. */
function namedNodes(assertion: Assertion): { kind: string; key: string; node: string }[] {
  return Object.entries(assertion).flatMap(([kind, fields]) =>
    Object.entries(fields).flatMap(([key, value]) =>
      (key === 'from' || key === 'node') && typeof value === 'string' ? [{ kind, key, node: value }] : [],
    ),
  )
}

function checkAssertions(topology: Topology): Finding[] {
  const { nodes } = topology.topology
  return topology.verify.flatMap((assertion, index) =>
    namedNodes(assertion).flatMap(({ kind, key, node }): Finding[] => {
      const path = ['verify', index, kind, key]
      const found = nodes[node]
      if (found === undefined) return [unknownNode(path, node, nodes, node)]
      if (kind !== 'session' || found.kind === 'router' || found.kind === 'frr') return []
      const message = `is a ${found.kind}, whose BGP sessions cannot be asked for`
      return [{ path: jsonPath(path), severity: 'error', message, value: JSON.stringify(node), hint: 'ask the router at the other end' }]
    }),
  )
}

function checkBinds(topology: Topology): Finding[] {
  return Object.entries(topology.topology.nodes).flatMap(([name, node]) => {
    if (node.kind !== 'microvm') return []
    const targets = node.binds.map((bind) => bind.slice(bind.indexOf(':') + 1))
    return targets.flatMap((target, index) =>
      targets.indexOf(target) === index
        ? []
        : [
            {
              path: jsonPath(['topology', 'nodes', name, 'binds', index]),
              severity: 'error' as const,
              message: 'is bound twice',
              value: JSON.stringify(target),
              hint: 'remove one of them',
            },
          ],
    )
  })
}

/** All findings across fields of a topology that its schema accepts; startup configurations are checked when they are read. */
export function checkTopology(topology: Topology): Finding[] {
  const ends = endpointsOf(topology.topology.links)
  return [
    ...checkEndpoints(topology, ends),
    ...checkReservedNames(ends),
    ...checkGuestInterfaces(topology),
    ...checkBinds(topology),
    ...checkImpairments(topology),
    ...checkAssertions(topology),
  ]
}
