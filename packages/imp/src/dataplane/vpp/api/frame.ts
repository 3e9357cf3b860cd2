/**
 * Frames of VPP's API socket: 16 bytes of header, of which only the length in the third word counts, then the message
 * (VPP, src/vlibmemory/socket_api.h, msgbuf_t).
 */
const headerLength = 16
/** A dump comes as many small messages; the largest single ones are the description of the API and answers of the command line. */
export const longestMessage = 64 << 20

/** The message with its header. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(headerLength + message.length)
  framed.writeUInt32BE(message.length, 8)
  framed.set(message, headerLength)
  return framed
}

/** Cuts a stream of bytes into messages, wherever its chunks begin and end. Throws an Error for a message that is longer than bearable. */
export function messageSplitter(onMessage: (message: Buffer) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = []
  let held = 0
  let needed = headerLength
  const cut = (bytes: Buffer): Buffer => {
    let at = 0
    for (;;) {
      needed = headerLength
      if (bytes.length - at < headerLength) return bytes.subarray(at)
      const length = bytes.readUInt32BE(at + 8)
      if (length > longestMessage) throw new Error(`a message of ${length} bytes`)
      needed = headerLength + length
      if (bytes.length - at < needed) return bytes.subarray(at)
      onMessage(bytes.subarray(at + headerLength, at + needed))
      at += needed
    }
  }
  return (chunk) => {
    chunks.push(chunk)
    held += chunk.length
    // Long messages come in many chunks: they are joined once.
    if (held < needed) return
    const rest = cut(chunks.length === 1 ? chunk : Buffer.concat(chunks))
    chunks = rest.length === 0 ? [] : [rest]
    held = rest.length
  }
}
