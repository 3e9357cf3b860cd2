/**
 * Keys for one question at a time. What is typed ahead, such as the further lines of a paste, waits for the next question: an editor
 * of Node.js that ends at its Enter would throw it away.
 */
import { PassThrough } from 'node:stream'

export interface Keys {
  /** What a question reads; `stop` when it is answered. */
  start(): KeyStream
  /** Throws away what was typed ahead: behind a refused answer it would answer other questions than it was meant for. */
  forget(): void
}

export interface KeyStream {
  readonly input: PassThrough
  /** Whether the last key was Escape. */
  escaped(): boolean
  /** Takes the hands off the terminal. */
  stop(): void
}

/** A stream of what a person types, as `process.stdin` is one. */
export type Typed = NodeJS.ReadableStream & { setRawMode?: (raw: boolean) => unknown }

/** What ^C sends while the terminal gives every key as it is. */
const interrupt = '\u0003'

function isEnd(piece: string): boolean {
  return /[\r\n]$/.test(piece) || piece.endsWith(interrupt)
}

/** What was typed, cut behind every Enter and ^C. */
function pieces(chunk: Buffer): string[] {
  const lines = chunk.toString('latin1').match(/[^\r\n]*(?:\r\n|[\r\n])|[^\r\n]+$/g) ?? []
  return lines
    .flatMap((line) => line.split(interrupt).flatMap((part, at) => (at === 0 ? [part] : [interrupt, part])))
    .filter((piece) => piece !== '')
}

/** Keys of a terminal, which is not touched before the first question. */
export function keysOf(open: () => Typed): Keys {
  const ahead: string[] = []
  return {
    forget: () => void (ahead.length = 0),
    start() {
      const typed = open()
      const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => typed.setRawMode?.(raw) })
      let isOpen = true
      let last = ''
      const pump = (): void => {
        for (let piece = isOpen ? ahead.shift() : undefined; piece !== undefined; piece = isOpen ? ahead.shift() : undefined) {
          last = piece
          isOpen = !isEnd(piece)
          input.write(Buffer.from(piece, 'latin1'))
        }
      }
      const onData = (chunk: Buffer | string): void => {
        // An Enter that was refused does not end the question: the keys of the next chunk are for it again.
        isOpen = true
        ahead.push(...pieces(Buffer.from(chunk)))
        pump()
      }
      const onEnd = (): void => void input.write(interrupt)
      typed.on('data', onData).on('end', onEnd).on('error', onEnd).resume()
      pump()
      return {
        input,
        escaped: () => last === '\x1b',
        stop: () => void typed.off('data', onData).off('end', onEnd).off('error', onEnd).pause(),
      }
    },
  }
}
