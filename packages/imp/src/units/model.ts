/** Units of systemd as data: what render writes and what rules about their order read (systemd.unit(5), systemd.service(5)). */

/** A key may stand several times: commands, conditions. */
export type Settings = Readonly<Record<string, string | readonly string[]>>

export interface Unit {
  /** File name, `vpp-core.service`; of a drop-in the unit that it belongs to. */
  readonly name: string
  /** Name of the drop-in, `after-vpp.conf`. */
  readonly dropIn?: string
  readonly Unit: Settings
  readonly Service?: Settings
  readonly Timer?: Settings
  readonly Install?: Settings
}

/** Where administrators put units, above those of packages (systemd.unit(5)). */
export const unitDirectory = '/etc/systemd/system'

export function unitPath({ name, dropIn }: Pick<Unit, 'name' | 'dropIn'>): string {
  return dropIn === undefined ? `${unitDirectory}/${name}` : `${unitDirectory}/${name}.d/${dropIn}`
}

/** Values of a key: a list of names stands in one line, separated by blanks. */
export function valuesOf(settings: Settings | undefined, key: string): string[] {
  const value = settings?.[key] ?? []
  return (typeof value === 'string' ? [value] : value).flatMap((each) => each.split(' ')).filter((each) => each !== '')
}
