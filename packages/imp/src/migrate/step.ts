/** The one change of an import: a document at a path, in the place of what was there. */
import { z } from 'zod'
import { kinds, stepKind } from '@imp/kit/plan/step.ts'

export const documentStep = stepKind({
  kind: 'migrate.document',
  schema: z.strictObject({
    path: z.string(),
    text: z.string(),
    /** Text of the file before; null when there was none. */
    before: z.string().nullable(),
  }),
  do: (host, { path, text }) => host.files.write(path, text),
  undo: (host, { path, before }) => (before === null ? host.files.remove(path) : host.files.write(path, before)),
})

export const migrateKinds = kinds(documentStep)
