/**
 * Merges the layers of an image into one tar archive: whiteouts applied, nothing unpacked, no rights needed (OCI image specification,
 * layer.md, "Applying Changesets"). First from the top down, to learn which layer each path comes from; then from the bottom up, so
 * that directories and targets of links come before what needs them. Headers pass unchanged: owners, modes, times, capabilities.
 */
import { Readable } from 'node:stream'
import { Fault } from '@imp/kit/base/fault.ts'
import { endOfArchive, makeHeader, padding } from './tar-header.ts'
import type { Member } from './tar-read.ts'
import { defaultLimits, readLayer, type Layer, type Limits } from './layer.ts'

const whiteout = '.wh.'
const opaque = '.wh..wh..opq'

interface Winner {
  /** Place of the layer, from the bottom. */
  readonly layer: number
  readonly kind: Member['kind']
  readonly linkPath: string
}

/** What an image holds after all its layers, and how its archive is made. */
export interface Merged {
  readonly winners: ReadonlyMap<string, Winner>
  /** Content of the files that were asked for, as far as they are regular files of at most 16 MiB: lists of users and of packages. */
  readonly contents: ReadonlyMap<string, Buffer>
  /** Hard links whose target another layer has replaced or taken away: path of the link by layer and target. */
  readonly orphans: ReadonlyMap<string, readonly string[]>
  /** Layers of every regular file, from the top. */
  readonly places: ReadonlyMap<string, readonly number[]>
  /** Bytes of all layers, unpacked. */
  readonly bytes: number
}

const maximumContent = 16 * 2 ** 20

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? '' : path.slice(0, slash)
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function* ancestorsOf(path: string): Generator<string> {
  for (let at = path; at !== '';) {
    at = parentOf(at)
    yield at
  }
}

/** Whether the layers above hide a path. */
function isHidden(path: string, removed: ReadonlySet<string>, closed: ReadonlySet<string>, winners: ReadonlyMap<string, Winner>): boolean {
  if (removed.has(path)) return true
  for (const ancestor of ancestorsOf(path)) {
    if (removed.has(ancestor) || closed.has(ancestor)) return true
    const winner = winners.get(ancestor)
    if (winner !== undefined && winner.kind !== 'directory') return true
  }
  return false
}

/** Devices belong to the guest's kernel, which makes its own in /dev. */
function isDevice(member: Member): boolean {
  if (member.kind !== 'character' && member.kind !== 'block') return false
  if (!member.path.startsWith('dev/')) throw new Fault('input', `it holds a device, ${member.path}`, { hint: 'take it out of the image' })
  return true
}

/** What aufs, from which layers once came, kept for itself: `.wh..wh.plnk` and what is in it. */
function isOfAufs(path: string): boolean {
  return path.split('/').some((part) => part.startsWith(whiteout + whiteout) && part !== opaque)
}

/** What a whiteout takes away. */
function whiteoutTarget(path: string): string {
  const name = baseOf(path).slice(whiteout.length)
  if (['', '.', '..'].includes(name)) throw new Fault('input', `it takes away something without a name: ${path}`)
  return [parentOf(path), name].filter(Boolean).join('/')
}

type Seen = Map<string, Member['kind'] | 'implied'>

/**
 * One layer as it is being read: nothing in it may write through a link of its own or twice to the same place. Returns how many
 * directories above the member are new.
 */
function refuseOverwriting(seen: Seen, member: Member): number {
  const { path, kind } = member
  const before = seen.get(path)
  if (before !== undefined && !(kind === 'directory' && (before === 'directory' || before === 'implied'))) {
    throw new Fault('input', `it holds ${path} twice`)
  }
  seen.set(path, kind)
  let implied = 0
  for (const ancestor of ancestorsOf(path)) {
    const above = seen.get(ancestor)
    if (above === 'directory' || above === 'implied') break
    if (above !== undefined) throw new Fault('input', `it writes ${path} through ${ancestor}, which is no directory`)
    seen.set(ancestor, 'implied')
    implied += 1
  }
  return implied
}

/** Counts what is kept in memory, directories that nothing is said of among it: they are as easily invented as members. */
function counting(limits: Limits): (members: number, characters: number) => void {
  let members = 0
  let characters = 0
  return (more, length) => {
    members += more
    characters += length
    if (members > limits.members) throw new Fault('input', `the image has more than ${limits.members} members`)
    if (characters > limits.names) throw new Fault('input', `the paths of the image have more than ${limits.names} characters`)
  }
}

async function contentOf(member: Member): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of member.body()) pieces.push(piece)
  return Buffer.concat(pieces).subarray(0, member.size)
}

const orphanKey = (layer: number, target: string): string => `${layer} ${target}`

/** The layer that the target of a hard link comes from: its own or the nearest below. */
function targetLayer(places: ReadonlyMap<string, readonly number[]>, layer: number, target: string): number | undefined {
  return places.get(target)?.find((place) => place <= layer)
}

/**
 * Reads all layers once, `layers` from the bottom to the top, and decides what the image holds. Throws `input` for layers that are
 * broken, dangerous, larger than the limits, or not those that their digests name.
 */
export async function mergeLayers(
  layers: readonly Layer[],
  wanted: readonly string[] = [],
  limits: Limits = defaultLimits,
): Promise<Merged> {
  const winners = new Map<string, Winner>()
  const contents = new Map<string, Buffer>()
  const removed = new Set<string>()
  const closed = new Set<string>()
  // Directories that higher layers had something in, even if it is gone again.
  const implied = new Set<string>()
  // Layers of every regular file, from the top, to find what orphaned hard links meant.
  const places = new Map<string, number[]>()
  const count = counting(limits)
  let below = 0
  for (const [layer, each] of [...layers.entries()].toReversed()) {
    const seen: Seen = new Map()
    const removes: string[] = []
    const closes: string[] = []
    let grown = 0
    const grow = (bytes: number): void => {
      grown = bytes
      if (below + bytes > limits.bytes) throw new Fault('input', `the image is larger than ${limits.bytes} bytes`)
    }
    for await (const member of readLayer(each, limits, grow)) {
      const { path, kind, linkPath } = member
      count(1, path.length + linkPath.length)
      if (isOfAufs(path)) continue
      if (baseOf(path) === opaque) closes.push(parentOf(path))
      else if (baseOf(path).startsWith(whiteout)) removes.push(whiteoutTarget(path))
      else if (!isDevice(member)) {
        count(refuseOverwriting(seen, member), 0)
        if (kind === 'file') places.set(path, [...(places.get(path) ?? []), layer])
        if (isHidden(path, removed, closed, winners)) continue
        if (winners.has(path) || implied.has(path)) {
          // What a higher layer made a directory again has nothing of what was in the directory before.
          if (kind !== 'directory') removes.push(path)
          if (winners.has(path) || kind !== 'directory') continue
        }
        winners.set(path, { layer, kind, linkPath })
        if (wanted.includes(path) && kind === 'file' && member.size <= maximumContent) contents.set(path, await contentOf(member))
      }
    }
    for (const [path, kind] of seen) if (kind === 'implied') implied.add(path)
    removes.forEach((path) => removed.add(path))
    closes.forEach((path) => closed.add(path))
    below += grown
  }
  return { winners, contents, orphans: findOrphans(winners, places), places, bytes: below }
}

function findOrphans(winners: ReadonlyMap<string, Winner>, places: ReadonlyMap<string, readonly number[]>): Map<string, string[]> {
  const orphans = new Map<string, string[]>()
  for (const [path, winner] of winners) {
    if (winner.kind !== 'link') continue
    const target = targetLayer(places, winner.layer, winner.linkPath)
    if (target === undefined) throw new Fault('input', `the image has a hard link ${path} to ${winner.linkPath}, which is not there`)
    if (winners.get(winner.linkPath)?.layer === target) continue
    const key = orphanKey(target, winner.linkPath)
    orphans.set(key, [...(orphans.get(key) ?? []), path])
  }
  return orphans
}

const numberOf = (head: Buffer, from: number, length: number): number =>
  Number.parseInt(
    head
      .subarray(head.length - 512 + from, head.length - 512 + from + length)
      .toString('latin1')
      .replace(/\0.*$/s, '')
      .trim(),
    8,
  ) || 0

/** The member under another name: what hard links of upper layers still mean by it. */
async function* adopted(member: Member, paths: readonly string[]): AsyncGenerator<Buffer> {
  const [first, ...others] = paths
  if (first === undefined) return
  const { head, size } = member
  const records = new Map([...member.records].filter(([key]) => !['path', 'linkpath', 'size'].includes(key)))
  const facts = {
    mode: numberOf(head, 100, 8),
    uid: numberOf(head, 108, 8),
    gid: numberOf(head, 116, 8),
    modified: numberOf(head, 136, 12),
  }
  yield makeHeader({ path: first, kind: 'file', size, records, ...facts })
  yield* member.body()
  for (const path of others) yield makeHeader({ path, kind: 'link', linkPath: first, ...facts })
}

async function* archive(layers: readonly Layer[], merged: Merged, { limits = defaultLimits, added = [] }: Changes): AsyncGenerator<Buffer> {
  const orphans = new Set([...merged.orphans.values()].flat())
  for (const [layer, each] of layers.entries()) {
    const done = new Set<string>()
    for await (const member of readLayer(each, limits)) {
      const { path, kind } = member
      const heirs = kind === 'file' ? merged.orphans.get(orphanKey(layer, path)) : undefined
      if (heirs !== undefined) yield* adopted(member, heirs)
      if (
        path === '' ||
        done.has(path) ||
        merged.winners.get(path)?.layer !== layer ||
        orphans.has(path) ||
        baseOf(path).startsWith(whiteout)
      )
        continue
      if (kind === 'character' || kind === 'block') continue
      done.add(path)
      yield member.head
      yield* member.body()
    }
  }
  for (const { content, ...header } of added) {
    const body = Buffer.from(content)
    yield Buffer.concat([makeHeader({ ...header, kind: 'file', size: body.length }), body, padding(body.length)])
  }
  yield endOfArchive
}

/** A file that is put into the image, whatever its layers have there. */
export interface AddedFile {
  readonly path: string
  readonly content: string
  readonly mode: number
}

/** How the archive differs from the layers. */
export interface Changes {
  readonly limits?: Limits
  readonly added?: readonly AddedFile[]
  /** Whether a path is left out. Hard links to it keep what they mean. */
  readonly omits?: (path: string) => boolean
}

/** The layers' paths without those that are left out or put in anew. */
function without(merged: Merged, { added = [], omits = () => false }: Changes): Merged {
  const replaced = new Set(added.map(({ path }) => path))
  const kept = [...merged.winners].filter(([path, { kind }]) => kind === 'directory' || (!replaced.has(path) && !omits(path)))
  const winners = new Map(kept)
  return { ...merged, winners, orphans: findOrphans(winners, merged.places) }
}

/** The image as one tar archive, read from the layers a second time. Whatever is wrong with them now is the stream's error. */
export function mergedArchive(layers: readonly Layer[], merged: Merged, changes: Changes = {}): Readable {
  return Readable.from(archive(layers, without(merged, changes), changes), { objectMode: false, highWaterMark: 1 << 20 })
}
