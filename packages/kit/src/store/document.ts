/**
 * One JSON document in one file, in an envelope that says what it is: `{ "schema": "vmm.vm", "version": 1, ...fields }`.
 * Older versions are migrated in memory and written back at the next change; newer ones are refused, never guessed.
 */
import { z } from 'zod'
import { Fault } from '../base/fault.ts'
import { parse, parseJson } from '../base/schema.ts'
import type { Host, WriteOptions } from '../host/host.ts'

export interface DocumentKind<T extends z.ZodObject> {
  /** Name of the schema, `vmm.vm`. */
  readonly schema: string
  /** Version that this program writes. */
  readonly version: number
  /** The fields without the envelope. */
  readonly fields: T
  /** `migrations[n]` turns the fields of version n into those of version n + 1. */
  readonly migrations?: Readonly<Record<number, (old: Record<string, unknown>) => Record<string, unknown>>>
}

const Envelope = z.looseObject({ schema: z.string(), version: z.int().min(1) })

/** Reads the text of a document; throws `input` with all findings, or `unsupported` for a newer version. */
export function decode<T extends z.ZodObject>(kind: DocumentKind<T>, text: string, where: string): z.output<T> {
  const { schema, version, ...fields } = parse(Envelope, parseJson(text, where), where)
  if (schema !== kind.schema) {
    throw new Fault('input', `${where} is a ${JSON.stringify(schema)} document, not ${JSON.stringify(kind.schema)}`)
  }
  if (version > kind.version) {
    throw new Fault(
      'unsupported',
      `${where} was written by a newer version (${kind.schema} ${version}, this program knows ${kind.version})`,
      {
        hint: 'upgrade this program',
      },
    )
  }
  let current: Record<string, unknown> = fields
  for (let from = version; from < kind.version; from += 1) {
    const migrate = kind.migrations?.[from]
    if (migrate === undefined) throw new Fault('bug', `no migration of ${kind.schema} from version ${from}`)
    current = migrate(current)
  }
  return parse(kind.fields, current, where)
}

/** The text of a document: envelope first, two blanks of indentation, a newline at the end. */
export function encode<T extends z.ZodObject>(kind: DocumentKind<T>, value: z.output<T>): string {
  return `${JSON.stringify({ schema: kind.schema, version: kind.version, ...value }, null, 2)}\n`
}

export async function readDocument<T extends z.ZodObject>(host: Host, kind: DocumentKind<T>, path: string): Promise<z.output<T>> {
  return decode(kind, await host.files.read(path), path)
}

/** Undefined when the file is not there. */
export async function findDocument<T extends z.ZodObject>(
  host: Host,
  kind: DocumentKind<T>,
  path: string,
): Promise<z.output<T> | undefined> {
  return (await host.files.stat(path)) === undefined ? undefined : readDocument(host, kind, path)
}

export async function writeDocument<T extends z.ZodObject>(
  host: Host,
  kind: DocumentKind<T>,
  path: string,
  value: z.output<T>,
  options?: WriteOptions,
): Promise<void> {
  await host.files.write(path, encode(kind, value), options)
}
