/** Which TCP ports of a machine, or of a network namespace of it, somebody listens on. */
import type { Host } from '@imp/kit/host/host.ts'
import type { Listener } from './model.ts'

/** All listening TCP ports (ss(8)). */
export async function listeningPorts(host: Host): Promise<Set<number>> {
  const { stdout } = await host.query(['ss', '-H', '-l', '-t', '-n'])
  const addresses = stdout.split('\n').map((line) => line.trim().split(/\s+/)[3] ?? '')
  return new Set(addresses.map((address) => Number(address.slice(address.lastIndexOf(':') + 1))).filter((port) => port > 0))
}

/** `0.0.0.0:22`, `[::]:22`, `*:22`, `127.0.0.53%lo:53`, `[fe80::1]%eth0:546`. */
function readListener(line: string): Listener | undefined {
  const [protocol, , , , local = ''] = line.trim().split(/\s+/)
  const port = Number(local.slice(local.lastIndexOf(':') + 1))
  const host = local.slice(0, local.lastIndexOf(':')).replace(/%.*$/, '').replaceAll(/[[\]]/g, '')
  if ((protocol !== 'tcp' && protocol !== 'udp') || !(port > 0)) return undefined
  return { protocol, port, address: ['*', '0.0.0.0', '::', ''].includes(host) ? undefined : host }
}

/** Everybody who waits for packets: TCP sockets that listen, UDP sockets that are bound (ss(8)). */
export async function listeners(host: Host): Promise<Listener[]> {
  const { stdout } = await host.query(['ss', '-H', '-l', '-t', '-u', '-n'])
  return stdout.split('\n').flatMap((line) => readListener(line) ?? [])
}
