/** What a program or command left behind. */
import { z } from 'zod'

export const Output = z.strictObject({ status: z.int(), stdout: z.string(), stderr: z.string() })
export type Output = z.output<typeof Output>
