/** Files of captured packets (pcap-savefile(5)). */
import { Fault } from '@imp/kit/base/fault.ts'

/** Bytes of the header of the file, and of that of each packet. */
export const fileHeader = 24
export const packetHeader = 16
/** Where the header of a packet says how many bytes of it follow. */
const lengthAt = 8

/** With times in microseconds and in nanoseconds. */
const magics = new Set([0xa1b2c3d4, 0xa1b23c4d])

/** A file of no packets: of Ethernet frames, with times in microseconds. */
export function emptyFile(): Buffer {
  const bytes = Buffer.alloc(fileHeader)
  bytes.writeUInt32LE(0xa1b2c3d4, 0)
  bytes.writeUInt16LE(2, 4)
  bytes.writeUInt16LE(4, 6)
  bytes.writeUInt32LE(65_536, 16)
  bytes.writeUInt32LE(1, 20)
  return bytes
}

function lengthReader(bytes: Buffer): (at: number) => number {
  if (bytes.length >= fileHeader) {
    if (magics.has(bytes.readUInt32LE(0))) return (at) => bytes.readUInt32LE(at)
    if (magics.has(bytes.readUInt32BE(0))) return (at) => bytes.readUInt32BE(at)
  }
  throw new Fault('input', 'this is no file of captured packets')
}

/** The file without a last packet that was cut off, and how many packets it has then. An `input` fault for another kind of file. */
export function wholePackets(bytes: Buffer): { readonly bytes: Buffer; readonly packets: number } {
  const lengthOf = lengthReader(bytes)
  let end = fileHeader
  let packets = 0
  while (end + packetHeader <= bytes.length) {
    const next = end + packetHeader + lengthOf(end + lengthAt)
    if (next > bytes.length) break
    end = next
    packets += 1
  }
  return { bytes: bytes.subarray(0, end), packets }
}
