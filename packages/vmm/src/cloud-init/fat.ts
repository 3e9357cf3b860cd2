/**
 * A FAT12 volume with files at its top, made in memory: nothing is mounted and no program is needed. The format is that of ECMA-107, with
 * the long names of Microsoft's "FAT: General Overview of On-Disk Format"; Linux and every cloud-init read it.
 */
import { Fault } from '@imp/kit/base/fault.ts'

const sectorSize = 512
const sectorsPerCluster = 4
const clusterSize = sectorSize * sectorsPerCluster
const entrySize = 32
const rootEntries = 512
const rootSectors = (rootEntries * entrySize) / sectorSize
/** From 4085 on a volume is FAT16, whatever it says of itself. */
const mostClusters = 4084

export interface VolumeFile {
  readonly name: string
  readonly content: Uint8Array
}

/** 12 bits for each cluster, two in three bytes. */
function setCluster(table: Buffer, cluster: number, value: number): void {
  const at = cluster + (cluster >> 1)
  const old = table.readUInt16LE(at)
  table.writeUInt16LE(cluster % 2 === 0 ? (old & 0xf000) | value : (old & 0x000f) | (value << 4), at)
}

function bootSector(label: string, clusters: number, tableSectors: number): Buffer {
  const sector = Buffer.alloc(sectorSize)
  sector.set([0xeb, 0x3c, 0x90])
  sector.write('vmm     ', 3, 'latin1')
  sector.writeUInt16LE(sectorSize, 11)
  sector.writeUInt8(sectorsPerCluster, 13)
  sector.writeUInt16LE(1, 14)
  sector.writeUInt8(2, 16)
  sector.writeUInt16LE(rootEntries, 17)
  sector.writeUInt16LE(1 + 2 * tableSectors + rootSectors + clusters * sectorsPerCluster, 19)
  sector.writeUInt8(0xf8, 21)
  sector.writeUInt16LE(tableSectors, 22)
  // Sectors of a track and heads: nobody asks, but a zero is taken for damage.
  sector.writeUInt16LE(32, 24)
  sector.writeUInt16LE(64, 26)
  sector.writeUInt8(0x80, 36)
  sector.writeUInt8(0x29, 38)
  sector.writeUInt32LE(0x766d6d00, 39)
  sector.write(label.padEnd(11), 43, 'latin1')
  sector.write('FAT12   ', 54, 'latin1')
  sector.set([0x55, 0xaa], 510)
  return sector
}

/** What ties a long name to its short one. */
function checksum(short: string): number {
  return [...Buffer.from(short, 'latin1')].reduce((sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff, 0)
}

/** Where the 13 characters of a part stand in its entry. */
const places = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30]

/** The entries of a long name, its last part first. */
function longName(name: string, short: string): Buffer[] {
  const units = Array.from({ length: name.length }, (_, index) => name.charCodeAt(index))
  const parts = Math.ceil(units.length / places.length)
  const entries = Array.from({ length: parts }, (_, part) => {
    const entry = Buffer.alloc(entrySize)
    entry.writeUInt8((part + 1) | (part === parts - 1 ? 0x40 : 0), 0)
    entry.writeUInt8(0x0f, 11)
    entry.writeUInt8(checksum(short), 13)
    places.forEach((place, index) => {
      const at = part * places.length + index
      entry.writeUInt16LE(at === units.length ? 0 : (units[at] ?? 0xffff), place)
    })
    return entry
  })
  return entries.toReversed()
}

/** 1980-01-01, the first day of this format: the same content gives the same bytes. */
const firstDay = 0x21

function shortEntry(short: string, attributes: number, cluster = 0, size = 0): Buffer {
  const entry = Buffer.alloc(entrySize)
  entry.write(short, 0, 'latin1')
  entry.writeUInt8(attributes, 11)
  entry.writeUInt16LE(firstDay, 24)
  entry.writeUInt16LE(cluster, 26)
  entry.writeUInt32LE(size, 28)
  return entry
}

/** The volume; an `input` fault when the files are more than 8 MB together. Names are ASCII. */
export function fatVolume(label: string, files: readonly VolumeFile[]): Buffer {
  const lengths = files.map(({ content }) => Math.ceil(content.length / clusterSize))
  const clusters = Math.max(
    64,
    lengths.reduce((sum, length) => sum + length, 0),
  )
  if (clusters > mostClusters)
    throw new Fault('input', `${files.map(({ name }) => name).join(', ')} are larger than ${mostClusters * clusterSize} bytes together`)
  const tableSectors = Math.ceil(((clusters + 2) * 1.5 + 1) / sectorSize)
  const table = Buffer.alloc(tableSectors * sectorSize)
  setCluster(table, 0, 0xff8)
  setCluster(table, 1, 0xfff)
  const data = Buffer.alloc(clusters * clusterSize)
  const entries = [shortEntry(label.padEnd(11), 0x08)]
  let next = 2
  files.forEach(({ name, content }, index) => {
    const length = lengths[index] ?? 0
    const short = `SEED${index + 1}`.padEnd(11)
    data.set(content, (next - 2) * clusterSize)
    for (let each = 0; each < length; each += 1) setCluster(table, next + each, each === length - 1 ? 0xfff : next + each + 1)
    entries.push(...longName(name, short), shortEntry(short, 0x20, length === 0 ? 0 : next, content.length))
    next += length
  })
  const root = Buffer.alloc(rootSectors * sectorSize)
  root.set(Buffer.concat(entries))
  return Buffer.concat([bootSector(label, clusters, tableSectors), table, table, root, data])
}
