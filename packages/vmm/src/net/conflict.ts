/** Whether this computer already reaches part of a network in another way. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { overlaps, parsePrefix, type Prefix } from '@imp/kit/base/ip.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'

const Routes = z.array(z.looseObject({ dst: z.string(), dev: z.string().optional(), type: z.string().optional() }))

export interface Reached {
  readonly prefix: Prefix
  readonly text: string
  /** Undefined for routes that lead nowhere. */
  readonly dev: string | undefined
}

/** All that this computer has routes to, addresses of its own included, but for default routes and what every interface has. */
export async function reachedNetworks(host: Host): Promise<Reached[]> {
  const found = await Promise.all(
    ([4, 6] as const).map(async (family) => {
      const { stdout } = await host.query(['ip', '-j', `-${family}`, 'route', 'show'])
      const routes = parse(Routes, parseJson(stdout === '' ? '[]' : stdout, 'ip route'), 'ip route')
      return routes.flatMap(({ dst, dev }) => {
        if (dst === 'default' || dst.startsWith('fe80:') || dst.startsWith('ff00:')) return []
        const whole = dst.includes('/') ? dst : `${dst}/${family === 4 ? 32 : 128}`
        return [{ prefix: parsePrefix(whole, family), text: dst, dev }]
      })
    }),
  )
  return found.flat()
}

/** The first of them that overlaps with the subnet and is not on the bridge itself. */
export function findOverlap(reached: readonly Reached[], subnet: string, bridge: string): Reached | undefined {
  const wanted = parsePrefix(subnet)
  return reached.find(({ prefix, dev }) => dev !== bridge && overlaps(prefix, wanted))
}

/** A `conflict` fault when one of the subnets is taken; `hint` says what else to do. */
export async function requireFreeSubnets(host: Host, subnets: readonly string[], bridge: string, hint: string): Promise<void> {
  const reached = await reachedNetworks(host)
  for (const subnet of subnets) {
    const taken = findOverlap(reached, subnet, bridge)
    if (taken !== undefined) {
      const where = taken.dev ?? 'another interface'
      throw new Fault('conflict', `the network ${subnet} of ${bridge} overlaps with ${taken.text} on ${where}`, { hint })
    }
  }
}
