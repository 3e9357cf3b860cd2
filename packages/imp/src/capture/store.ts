/** The documents of the captures of a router. */
import type { Host } from '@imp/kit/host/host.ts'
import { collection, type Collection } from '@imp/kit/store/collection.ts'
import type { DocumentKind } from '@imp/kit/store/document.ts'
import { Capture } from './model.ts'

const kind: DocumentKind<typeof Capture> = { schema: 'imp.capture', version: 1, fields: Capture }

export function captures(host: Host, directory: string): Collection<typeof Capture> {
  return collection(host, kind, { directory, noun: 'capture', listCommand: 'imp capture list', mode: 0o600 })
}
