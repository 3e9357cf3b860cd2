/** What VPP's graph nodes counted: why packets were dropped, and what else they met. No message tells it. */
import { z } from 'zod'
import { table } from '@imp/kit/base/text.ts'

export const VppError = z.strictObject({
  count: z.int(),
  node: z.string().describe('graph node that counted'),
  reason: z.string().describe('VPP cuts it at 35 letters'),
  severity: z.string().describe('error, warn or info'),
})
export type VppError = z.output<typeof VppError>

/** Width of the columns for node and reason (VPP, vlib/error.c). */
const width = 35

/** Reads `show errors`; both texts may have spaces in them, so columns decide. */
export function parseVppErrors(text: string): VppError[] {
  return text.split('\n').flatMap((line) => {
    const [start, count] = /^\s*(\d+)/.exec(line) ?? []
    if (start === undefined) return []
    const rest = line.slice(Math.max(start.length, 10))
    const [node, reason, severity] = [rest.slice(0, width), rest.slice(width, 2 * width), rest.slice(2 * width)].map((part) => part.trim())
    return node === undefined || node === '' ? [] : [{ count: Number(count), node, reason: reason ?? '', severity: severity ?? '' }]
  })
}

/** The largest count first. */
export function viewVppErrors(errors: readonly VppError[]): string {
  if (errors.length === 0) return 'nothing was counted'
  const rows = errors
    .toSorted((a, b) => b.count - a.count)
    .map(({ count, node, reason, severity }) => [String(count), node, reason, severity])
  return table([['COUNT', 'NODE', 'REASON', 'SEVERITY'], ...rows]).join('\n')
}
