/** What this kernel can do to links, found out by trying in a namespace that ends with the attempt. */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'

export interface LinkFeatures {
  /** Queueing discipline that delays, loses and shapes (tc-netem(8)). */
  readonly netem: boolean
  /** Token bucket filter (tc-tbf(8)). */
  readonly tbf: boolean
  /** Links whose frames a program can read and write, which our relay needs. */
  readonly macvtap: boolean
}

async function succeeds(host: Host, argv: Argv, input?: string): Promise<boolean> {
  const ran = await host.query(['unshare', '--net', '--', ...argv], { statuses: [0, 1, 2], ...(input === undefined ? {} : { input }) })
  return ran.status === 0
}

const macvtapTrial = `link add name end0 type veth peer name end1
link add link end0 name tap0 type macvtap mode passthru
`

/** Tries each feature; changes nothing that stays. `denied` for others than root, whom the kernel would refuse everything. */
export async function probeLinkFeatures(host: Host): Promise<LinkFeatures> {
  if ((await host.query(['id', '-u'])).stdout !== '0') {
    throw new Fault('denied', 'only root may make network namespaces', { hint: 'run the command as root, for example by sudo' })
  }
  const [netem, tbf, macvtap] = await Promise.all([
    succeeds(host, ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms']),
    succeeds(host, ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'tbf', 'rate', '1mbit', 'burst', '10kb', 'latency', '50ms']),
    succeeds(host, ['ip', '-batch', '-'], macvtapTrial),
  ])
  return { netem, tbf, macvtap }
}
