/** How a fake VPP answers one message. */
import { numberAt } from '../api/fields.ts'
import type { Fields } from '../api/layout.ts'
import type { FakeInterface, FakeState } from './state.ts'

/** A message that ends the process, with the signal. */
export interface Crash {
  readonly crash: 'SIGSEGV' | 'SIGFPE' | 'SIGABRT'
}

/** A return value, the fields of a reply, or the rows of a stream. */
export type Reply = number | Fields | readonly Fields[] | Crash
export type Handler = (state: FakeState, fields: Fields, options: FakeOptions) => Reply
export type Handlers = Readonly<Record<string, Handler>>

/** What is around a fake VPP. */
export interface FakeOptions {
  /** Bytes of the main heap, from which det44 takes its sessions. */
  readonly heap: number
  /** Links that Linux has, for af_packet: names of those that are there. Any name unless told. */
  readonly links?: ReadonlySet<string>
  /** Network namespaces that are there. Any name unless told. */
  readonly namespaces?: ReadonlySet<string>
  /** Called with the path of a file that VPP writes, and how many packets are in it. */
  readonly writes?: (path: string, packets: number) => void
  /** Plugins that are loaded, besides the core; all unless told. */
  readonly plugins?: ReadonlySet<string>
}

export function isCrash(reply: Reply): reply is Crash {
  return typeof reply === 'object' && !Array.isArray(reply) && 'crash' in reply
}

/** Answers for an interface that is there; -2 else. */
export function onInterface(field: string, use: (interface_: FakeInterface, fields: Fields, state: FakeState) => Reply): Handler {
  return (state, fields) => {
    const found = state.interfaces.get(numberAt(fields, field))
    return found === undefined ? -2 : use(found, fields, state)
  }
}
