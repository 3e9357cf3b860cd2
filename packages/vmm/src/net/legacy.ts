/**
 * The old iptables, whose tables nft does not show. They are looked at only where they are loaded (/proc/net/ip_tables_names): asking
 * iptables-legacy would load them.
 */
import type { Host } from '@imp/kit/host/host.ts'

const families = [
  { program: 'iptables-legacy', names: '/proc/self/net/ip_tables_names' },
  { program: 'ip6tables-legacy', names: '/proc/self/net/ip6_tables_names' },
] as const

/** The programs whose filter table is loaded. Read by `cat`, since the file is that of the network namespace that reads it. */
async function loaded(host: Host): Promise<string[]> {
  const found = await Promise.all(
    families.map(async ({ program, names }) => {
      const { stdout } = await host.query(['cat', names], { statuses: [0, 1] })
      return stdout.split('\n').includes('filter') ? [program] : []
    }),
  )
  return found.flat()
}

function rules(bridge: string): string[][] {
  const comment = ['-m', 'comment', '--comment', `vmm ${bridge}`, '-j', 'ACCEPT']
  return ['-i', '-o'].map((direction) => ['FORWARD', direction, bridge, ...comment])
}

/** Whether the chain lets nothing pass that nobody accepts: by policy, or by its last rule. */
function isClosed(lines: readonly string[]): boolean {
  return lines.includes('-P FORWARD DROP') || /^-A FORWARD -j (DROP|REJECT)\b/.test(lines.findLast((line) => line !== '') ?? '')
}

/** Lets the bridge through a closed FORWARD chain. Safe to repeat. */
export async function passLegacyChains(host: Host, bridge: string): Promise<void> {
  for (const program of await loaded(host)) {
    const { stdout } = await host.query([program, '-w', '-S', 'FORWARD'])
    if (!isClosed(stdout.split('\n'))) continue
    for (const rule of rules(bridge)) {
      const { status } = await host.query([program, '-w', '-C', ...rule], { statuses: [0, 1] })
      if (status !== 0) await host.run([program, '-w', '-I', ...rule])
    }
  }
}

/** Takes our rules out again. */
export async function leaveLegacyChains(host: Host, bridge: string): Promise<void> {
  for (const program of await loaded(host)) {
    for (const rule of rules(bridge)) {
      const { status } = await host.query([program, '-w', '-C', ...rule], { statuses: [0, 1] })
      if (status === 0) await host.run([program, '-w', '-D', ...rule])
    }
  }
}
