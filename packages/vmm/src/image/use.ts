/** Which machines still need an image or a kernel. Reads only the two words it needs of each machine's document. */
import { join } from 'node:path'
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'

const Uses = z.looseObject({ image: z.string().optional(), imageDigest: z.string().optional(), kernel: z.string().optional() })
export type Uses = z.output<typeof Uses>

/** Names of the machines below the data directory whose document fulfils the condition. */
export async function machinesUsing(host: Host, data: string, needs: (uses: Uses) => boolean): Promise<string[]> {
  const directory = join(data, 'vms')
  if ((await host.files.stat(directory)) === undefined) return []
  const files = (await host.files.list(directory)).filter((file) => /^[^.].*\.json$/.test(file))
  const found = await Promise.all(
    files.map(async (file) => {
      const path = join(directory, file)
      return needs(parse(Uses, parseJson(await host.files.read(path), path), path)) ? [file.slice(0, -'.json'.length)] : []
    }),
  )
  return found.flat()
}
