/**
 * Tables of nftables. The kernel prints a table in a spelling of its own, so texts cannot be compared with it. Instead each table
 * carries the digest of the text that made it as its comment, and the digest of its listing is remembered: the first tells that the
 * right text was loaded, the second that nobody changed the table since.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { DesiredTable, TableName } from './desired.ts'

export interface ObservedTable extends TableName {
  /** Digest of the text that it was made from; undefined when it was not made by us. */
  readonly source?: string
  /** Digest of how the kernel lists it, without counters. */
  readonly listing: string
  /** The listing itself, which `nft -f` takes back. */
  readonly text: string
}

/** Table names of ours begin with this; others are left alone. */
const prefix = 'imp_'
/** Listing 65,536 elements takes seconds on a slow machine. */
const nftTimeout = 120_000

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** The table with the digest of its text as its comment. */
export function withDigest(table: DesiredTable): DesiredTable {
  const opening = `table ${table.family} ${table.name} {\n`
  return { ...table, text: table.text.replace(opening, `${opening}\tcomment "imp:${sha256(table.text)}"\n`) }
}

/** The digest that a text carries; undefined without one. */
export function sourceOf(text: string): string | undefined {
  return /^\tcomment "imp:([0-9a-f]{64})"$/m.exec(text)?.[1]
}

const Tables = z.looseObject({
  nftables: z.array(z.looseObject({ table: z.looseObject({ family: z.string(), name: z.string() }).exactOptional() })),
})

async function tableNames(host: Host): Promise<TableName[]> {
  const ran = await host.query(['nft', '-j', 'list', 'tables'])
  const { nftables } = parse(Tables, parseJson(ran.stdout, 'nft list tables'), 'nft list tables')
  return nftables.flatMap(({ table }) => {
    const family = table?.family
    if (table === undefined || !table.name.startsWith(prefix)) return []
    return family === 'ip' || family === 'ip6' || family === 'inet' ? [{ family, name: table.name }] : []
  })
}

async function listTable(host: Host, { family, name }: TableName): Promise<ObservedTable> {
  const ran = await host.query(['nft', '-s', 'list', 'table', family, name], { timeout: nftTimeout })
  const source = sourceOf(ran.stdout)
  return { family, name, listing: sha256(ran.stdout), text: ran.stdout, ...(source === undefined ? {} : { source }) }
}

/** Our tables in the namespace. */
export async function observeTables(host: Host): Promise<ObservedTable[]> {
  return Promise.all((await tableNames(host)).map((each) => listTable(host, each)))
}

export function sameTable(a: TableName, b: TableName): boolean {
  return a.family === b.family && a.name === b.name
}

/** The text that replaces a table by this one at once, or only takes it away. */
export function replacement({ family, name }: TableName, text: string | undefined): string {
  const clear = `table ${family} ${name}\ndelete table ${family} ${name}\n`
  if (text === undefined) return clear
  return text.startsWith(clear) ? text : `${clear}${text}\n`
}

/** Loads a text as one transaction. */
export async function loadTable(host: Host, name: TableName, text: string | undefined): Promise<void> {
  await host.run(['nft', '-f', '-'], { input: replacement(name, text), timeout: nftTimeout })
}
