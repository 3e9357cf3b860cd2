/** Which units an image starts with: done by systemctl on the tree of files, whether systemd runs or not. */
import { z } from 'zod'
import type { Host } from '@imp/kit/host/host.ts'
import { stepKind, type StepKind } from '@imp/kit/plan/step.ts'

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

export function enableKinds(host: Host): StepKind[] {
  return [enableKind(host)]
}
