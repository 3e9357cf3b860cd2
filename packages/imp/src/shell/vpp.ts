/** One command of VPP's command line, asked over its API: the answer has a return value there, of any length, and no terminal codes. */
import { z } from 'zod'
import { parse } from '@imp/kit/base/schema.ts'
import type { Output } from './model.ts'

const Reply = z.looseObject({ retval: z.int(), reply: z.string() })

interface Asked {
  request(message: string, fields: { readonly cmd: string }): Promise<unknown>
}

/** What VPP prints, with status 0, or its words why not, with status 1. */
export async function commandOutput(vpp: Asked, line: string): Promise<Output> {
  const { retval, reply } = parse(Reply, await vpp.request('cli_inband', { cmd: line }), 'cli_inband')
  // Some texts have the NUL in them that ends VPP's strings.
  const text = reply.replaceAll('\0', '').trimEnd()
  return retval === 0 ? { status: 0, stdout: text, stderr: '' } : { status: 1, stdout: '', stderr: text }
}
