/**
 * Drop-ins of the operator: what `router.json` cannot say, in the languages of the programs themselves. They are files of the state
 * directory and belong to no commit: commits and rollbacks leave them where they are.
 *
 * Precedence: the configuration wins. A drop-in only adds; a line that would replace or take back a rendered one is an error, so that
 * nobody has to guess which of the two counts. What a change went into force with is remembered beside the running configuration, and
 * that is what comes back when the change is taken back, whatever the files say by then.
 */
import { z } from 'zod'

/** Kinds of files, and how their names end. */
export const overrideSuffixes = { frr: '.conf', nft: '.nft', sysctl: '.conf', module: '.yaml' } as const
export type OverrideKind = keyof typeof overrideSuffixes
/**
 * Folders below `overrides/`. Definitions of modules are beside that folder, in `modules/`; those that a configuration names go into force
 * with it and come back with it in the same way.
 */
export const overrideKinds = ['frr', 'nft', 'sysctl'] as const satisfies readonly OverrideKind[]

/** A file's name without its ending; the name of an nftables table is made of it. */
export const OverrideName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$/, 'must be letters, digits, "_" and "-", at most 31')
  .meta({ examples: ['blocklist'] })

export const Override = z.strictObject({
  kind: z.enum([...overrideKinds, 'module']),
  name: OverrideName,
  /** The whole file. */
  text: z.string(),
})
export type Override = z.output<typeof Override>

/** In the order in which they are added: by kind, then by name. */
export const Overrides = z.array(Override)
export type Overrides = readonly Override[]

/** A file of the folder `overrides/`. */
export type DropIn = Override & { readonly kind: (typeof overrideKinds)[number] }

/** The files of the folder `overrides/` alone. */
export function dropIns(overrides: Overrides): readonly DropIn[] {
  return overrides.filter((each): each is DropIn => each.kind !== 'module')
}

/** `frr/transit.conf`: what a person calls it. */
export function overridePath({ kind, name }: Pick<Override, 'kind' | 'name'>): string {
  return `${kind}/${name}${overrideSuffixes[kind]}`
}

/** Where a line of a drop-in stands, for findings: `overrides/frr/transit.conf:12`. */
export function overridePlace(override: Pick<Override, 'kind' | 'name'>, line?: number): string {
  const folder = override.kind === 'module' ? `modules/${override.name}${overrideSuffixes.module}` : `overrides/${overridePath(override)}`
  return `${folder}${line === undefined ? '' : `:${line}`}`
}

/** A setting of the kernel. */
export interface SysctlLine {
  /** In sysctl(8)'s dotted spelling, where a dot inside an interface name is a slash. */
  readonly key: string
  readonly value: string
  readonly line: number
}

/** Both spellings of sysctl(8) to the dotted one: whichever separator comes first is that of the whole key. */
function dottedKey(key: string): string {
  const [first] = /[./]/.exec(key) ?? []
  return first === '/' ? key.replaceAll(/[./]/g, (each) => (each === '/' ? '.' : '/')) : key
}

/** The settings of a file in the format of sysctl.conf(5); lines that are none have an empty key. */
export function sysctlLines(text: string): SysctlLine[] {
  return text.split('\n').flatMap((raw, index) => {
    const line = raw.trim()
    if (line === '' || line.startsWith('#') || line.startsWith(';')) return []
    const [, key = '', value = ''] = /^([^\s=]+)\s*=\s*(.*)$/.exec(line) ?? []
    // The kernel writes several numbers with tabs between them.
    return [{ key: dottedKey(key), value: value.trim().replaceAll(/\s+/g, '\t'), line: index + 1 }]
  })
}

/** Name of the table, in the family `inet`, that a file in `nft/` is the inside of. */
export function overrideTable({ name }: Pick<Override, 'name'>): string {
  return `imp_override_${name}`
}

/** Lines of a loaded table before the first of the file. */
export const tableLinesBefore = 3

/** The whole text that loads a file of `nft/`: its table is replaced at once. */
export function overrideTableText(override: Pick<Override, 'name' | 'text'>): string {
  const table = `inet ${overrideTable(override)}`
  return `table ${table}\ndelete table ${table}\ntable ${table} {\n${override.text.trimEnd()}\n}\n`
}
