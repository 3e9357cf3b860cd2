/** The places of all nodes of a lab, each opened when it is first asked for and closed with the others. */
import { Fault } from '@imp/kit/base/fault.ts'
import { nearest } from '@imp/kit/base/text.ts'
import type { LabDefinition, NodeDefinition } from './definition.ts'
import type { Place } from './parts.ts'
import { openPlace, type OpenPlace } from './place.ts'
import type { LabRun } from './run.ts'

export interface Places {
  readonly lab: LabDefinition
  node(name: string): NodeDefinition
  /** A `not-found` fault when the lab has no such node. */
  at(name: string): Promise<Place>
  close(): Promise<void>
}

export function findNode(lab: LabDefinition, name: string): NodeDefinition {
  const found = lab.nodes.find((node) => node.name === name)
  if (found !== undefined) return found
  const names = lab.nodes.map((node) => node.name)
  const close = nearest(name, names)
  const hint = close === undefined ? `it has ${names.join(', ')}` : `did you mean ${close}?`
  throw new Fault('not-found', `lab ${lab.name} has no node ${JSON.stringify(name)}`, { hint })
}

export function placesOf(run: LabRun, lab: LabDefinition): Places {
  const opened = new Map<string, Promise<OpenPlace>>()
  const node = (name: string): NodeDefinition => findNode(lab, name)
  return {
    lab,
    node,
    at(name) {
      const place = opened.get(name) ?? openPlace(run, node(name))
      opened.set(name, place)
      return place
    },
    async close() {
      // A place that did not open has nothing to close; whoever asked for it has its fault.
      await Promise.allSettled([...opened.values()].map(async (place) => (await place).close()))
    },
  }
}
