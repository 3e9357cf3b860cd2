/** Which units an image starts with: done by systemctl on the tree of files, whether systemd runs or not. */
import { z } from 'zod'
import type { Host } from '@imp/kit/host/host.ts'
import { stepKind, type Step, type StepKind } from '@imp/kit/plan/step.ts'

const EnableData = z.strictObject({ root: z.string(), enable: z.array(z.string()), mask: z.array(z.string()) })

/** Where units may be (systemd.unit(5)). */
const directories = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system']

/** Those of the units that the tree has, by files of `host`. */
export async function presentUnits(host: Host, names: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    names.map(async (name) => {
      const places = await Promise.all(directories.map((directory) => host.files.stat(`${directory}/${name}`)))
      return places.some((each) => each !== undefined)
    }),
  )
  return names.filter((_, index) => found[index])
}

function systemctl(host: Host, root: string, verb: string, names: readonly string[]): Promise<unknown> {
  return names.length === 0 ? Promise.resolve() : host.run(['systemctl', `--root=${root}`, verb, ...names])
}

/** The kind of the step, bound to the machine. */
export function enableKind(host: Host) {
  return stepKind({
    kind: 'appliance-enable',
    schema: EnableData,
    async do(_host, { root, enable, mask }) {
      await systemctl(host, root, 'enable', enable)
      await systemctl(host, root, 'mask', mask)
    },
    async undo(_host, { root, enable, mask }) {
      await systemctl(host, root, 'disable', enable)
      await systemctl(host, root, 'unmask', mask)
    },
  })
}

const WantedData = z.strictObject({ root: z.string(), unit: z.string(), wanted: z.boolean() })

/** The kind of the step that has one unit start with the machine, or no more, bound to the machine. */
function wantedKind(host: Host) {
  return stepKind({
    kind: 'appliance-wanted',
    schema: WantedData,
    do: async (_host, { root, unit, wanted }) => void (await systemctl(host, root, wanted ? 'enable' : 'disable', [unit])),
    undo: async (_host, { root, unit, wanted }) => void (await systemctl(host, root, wanted ? 'disable' : 'enable', [unit])),
  })
}

/** Steps for those of the units that are not yet as wanted in the tree of files, which is below `root` of the machine. */
export async function planEnabled(tree: Host, root: string, units: readonly string[], wanted: boolean): Promise<Step[]> {
  const directory = '/etc/systemd/system/multi-user.target.wants'
  const there = (await tree.files.stat(directory)) === undefined ? [] : await tree.files.list(directory)
  const verb = wanted ? 'with' : 'no more with'
  return units
    .filter((unit) => there.includes(unit) !== wanted)
    .map((unit) => wantedKind(tree).step(`start ${unit} ${verb} the machine`, { root, unit, wanted }))
}

export function enableKinds(host: Host): StepKind[] {
  return [enableKind(host), wantedKind(host)]
}
