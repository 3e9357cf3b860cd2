/** The client of VPP's binary API, and the driver of the VPP dataplane, over a fake VPP in a process of its own. */
import { benchmarkVppChange } from './vpp-change.ts'
import { benchmarkVppMessages } from './vpp-messages.ts'
import { benchmarkVppPlan } from './vpp-plan.ts'
import type { Ratio } from './measure.ts'

export async function benchmarkVpp(): Promise<Ratio[]> {
  return [...(await benchmarkVppMessages()), ...(await benchmarkVppChange()), ...(await benchmarkVppPlan())]
}
