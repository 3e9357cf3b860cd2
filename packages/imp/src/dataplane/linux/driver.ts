/** The Linux kernel as dataplane: it forwards, filters and translates; routes come from FRR. */
import type { Dataplane } from '../dataplane.ts'
import type { DesiredLinux, MadeLinux } from './desired.ts'
import { nothingObserved, observeLinks, observeLinux, type ObservedLinux } from './observe.ts'
import { planLinux } from './plan.ts'
import { renderLinux } from './render.ts'
import { isThere, linuxStepKinds, linuxSteps } from './steps.ts'
import { sameTable } from './table.ts'
import { observeTranslator } from './translator.ts'

/** What is there, and whether there is a namespace at all. */
export interface ObservedPlace extends ObservedLinux {
  readonly namespaceThere: boolean
}

export const linuxDataplane: Dataplane<DesiredLinux, ObservedPlace, MadeLinux> = {
  name: 'linux',
  render: renderLinux,
  async observe(place, desired) {
    const outside = place.bringsPorts ? place.machine : undefined
    if (await isThere(place)) {
      const kernel = await observeLinux(place.host, Object.keys(desired.sysctls), outside)
      return { ...kernel, translator: await observeTranslator(place), namespaceThere: true }
    }
    const { installed } = await observeTranslator(place)
    return {
      ...nothingObserved,
      translator: { installed },
      outside: outside === undefined ? [] : await observeLinks(outside),
      namespaceThere: false,
    }
  },
  plan: (place, desired, observed, made) => linuxSteps(place, planLinux(desired, observed, made), observed.namespaceThere),
  kinds: linuxStepKinds,
  remember: (desired, observed) => ({
    links: [...desired.links],
    rules: [...desired.rules],
    tables: desired.tables.map(({ family, name }) => ({
      family,
      name,
      listing: observed.tables.find((table) => sameTable(table, { family, name }))?.listing ?? '',
    })),
  }),
  async withoutCarrier(place, desired) {
    const links = (await isThere(place)) ? await observeLinks(place.host) : []
    const silent = new Set(links.filter((link) => !link.carrier).map((link) => link.name))
    return desired.links.filter((link) => link.up && silent.has(link.name)).map((link) => link.name)
  },
}
