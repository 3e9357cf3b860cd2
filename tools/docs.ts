/** Writes docs/reference from the operations and models themselves: `node tools/docs.ts`. A test fails when it is stale. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { referenceOf } from '@imp/kit/surface/reference.ts'
import { routerJsonSchema } from '../packages/imp/src/config/schema.ts'
import { registry as imp } from '../packages/imp/src/registry.ts'
import { registry as vmm } from '../packages/vmm/src/registry.ts'

const root = join(import.meta.dirname, '..')

/** Every generated file: path below the repository and its text. */
export async function documents(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ['docs/reference/imp.md', await referenceOf(imp)],
    ['docs/reference/vmm.md', await referenceOf(vmm)],
    ['docs/reference/router.schema.json', `${JSON.stringify(routerJsonSchema(), null, 2)}\n`],
  ])
}

if (import.meta.main) {
  for (const [path, text] of await documents()) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}
