/** Which TCP ports of a machine, or of a network namespace of it, somebody listens on. */
import type { Host } from '@imp/kit/host/host.ts'

/** All listening TCP ports (ss(8)). */
export async function listeningPorts(host: Host): Promise<Set<number>> {
  const { stdout } = await host.query(['ss', '-H', '-l', '-t', '-n'])
  const addresses = stdout.split('\n').map((line) => line.trim().split(/\s+/)[3] ?? '')
  return new Set(addresses.map((address) => Number(address.slice(address.lastIndexOf(':') + 1))).filter((port) => port > 0))
}
