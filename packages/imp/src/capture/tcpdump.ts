/** How tcpdump is called. It gives root up by itself once the file and the interface are open (Debian's build, tcpdump(1), -Z). */
import { Fault } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import type { Capture } from './model.ts'

/** Seconds of grace before a tcpdump that does not end is killed. */
const grace = 5

function expression(filter: string | undefined): string[] {
  // Behind -- nothing is an option: not even a filter that begins with a dash.
  return filter === undefined ? [] : ['--', filter]
}

/**
 * Records into a file. The kernel ends it at the size (RLIMIT_FSIZE: the last packet may be cut off) and timeout(1) at the time, whoever
 * else has died by then. `-U` writes packets as they come, so that the file can be read meanwhile.
 */
export function recording({ interface: link, filter, maxSizeMib, maxSeconds }: Capture, file: string): Argv {
  const limits = [
    'prlimit',
    `--fsize=${maxSizeMib * 2 ** 20}`,
    '--core=0',
    '--',
    'timeout',
    `--kill-after=${grace}`,
    String(maxSeconds),
  ] as const
  return [...limits, 'tcpdump', '-n', '-U', '-i', link, '-w', file, ...expression(filter)]
}

/** An `input` fault with tcpdump's own words when the interface is not there or the filter cannot be read. */
export async function checkRecording(host: Host, { interface: link, filter }: Pick<Capture, 'interface' | 'filter'>): Promise<void> {
  const ran = await host.query(['tcpdump', '-d', '-i', link, ...expression(filter)], { statuses: [0, 1] })
  if (ran.status === 0) return
  throw new Fault('input', `tcpdump cannot record on ${link}${filter === undefined ? '' : ` with the filter ${JSON.stringify(filter)}`}`, {
    hint: 'imp show interfaces lists the interfaces, pcap-filter(7) explains filters',
    detail: ran.stderr.trim(),
  })
}

/** The first `count` packets of a file, a line each; none when there is no file. A packet that was cut off at the end is left out. */
export async function printPackets(host: Host, file: string, count: number): Promise<string[]> {
  if ((await host.files.stat(file)) === undefined) return []
  const ran = await host.query(['tcpdump', '-n', '-tttt', '-c', String(count), '-r', file], { statuses: [0, 1] })
  if (ran.status !== 0 && !ran.stderr.includes('truncated dump file')) {
    throw new Fault('exec', `tcpdump cannot read ${file}`, { detail: ran.stderr.trim() })
  }
  return ran.stdout.split('\n').filter((line) => line !== '')
}
