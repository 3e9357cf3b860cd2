/**
 * Limits of a guest's devices. Disks: QEMU's own throttling, by QMP. Network devices: the host's, at the TAP, since QEMU has none: a queue
 * towards the guest (tc-tbf(8)), and a rule that drops what the guest sends beyond its limit, in a table of the machine's own.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { parse } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import type { DiskLimit, Limits, MachineFiles, Nic } from '../model.ts'
import { socketPath } from '../unit.ts'
import { withQmp } from './qmp.ts'

const mebibyte = 1 << 20

const Blocks = z.array(z.looseObject({ qdev: z.string().optional() }))

/** Limits every disk; none where nothing is said. */
export async function limitDisks(host: Host, machine: MachineFiles, { bandwidth = 0, iops = 0 }: DiskLimit): Promise<void> {
  await withQmp(host, socketPath(machine, 'qmp'), async (qmp) => {
    const disks = parse(Blocks, await qmp.execute('query-block'), 'query-block').flatMap(({ qdev }) => qdev ?? [])
    for (const id of disks) {
      const bytes = { bps: bandwidth * mebibyte, bps_rd: 0, bps_wr: 0 }
      await qmp.execute('block_set_io_throttle', { id, ...bytes, iops, iops_rd: 0, iops_wr: 0 })
    }
  })
}

type LimitedTap = Extract<Nic, { attachment: 'tap' }> & { readonly bandwidth: number }

function limitedTaps(nics: readonly Nic[]): LimitedTap[] {
  return nics.flatMap((nic) => (nic.attachment === 'tap' && nic.bandwidth !== undefined ? [{ ...nic, bandwidth: nic.bandwidth }] : []))
}

/** Bytes that may come at once: 20 ms, and no less than the largest packet that a guest hands over whole (64 KiB). */
function burstOf(bandwidth: number): number {
  return Math.max(1 << 16, Math.round(bandwidth / 8 / 50))
}

/** The rules for what guests send; the table is made anew as a whole. Empty when nothing is limited. */
export function policing(id: string, nics: readonly Nic[]): string {
  const table = `netdev vmm-${id}`
  const chains = limitedTaps(nics).map(({ tap, bandwidth }) =>
    [
      `  chain ${tap} {`,
      `    type filter hook ingress device "${tap}" priority 0; policy accept`,
      `    limit rate over ${Math.ceil(bandwidth / 8)} bytes/second burst ${burstOf(bandwidth)} bytes drop`,
      '  }',
    ].join('\n'),
  )
  const made = chains.length === 0 ? [] : [`table ${table} {`, ...chains, '}']
  return `${[`add table ${table}`, `delete table ${table}`, ...made].join('\n')}\n`
}

/** Where it is written down that there is such a table, for the stop, which may be another command's. */
function noteOf({ directory }: MachineFiles): string {
  return join(directory, 'limits.nft')
}

async function queue(host: Host, tap: string, bandwidth: number | undefined): Promise<void> {
  if (bandwidth === undefined) {
    // 2: there is none to delete.
    await host.run(['tc', 'qdisc', 'del', 'dev', tap, 'root'], { statuses: [0, 2] })
    return
  }
  const rate = ['rate', `${bandwidth}bit`, 'burst', `${burstOf(bandwidth)}b`, 'latency', '50ms']
  await host.run(['tc', 'qdisc', 'replace', 'dev', tap, 'root', 'tbf', ...rate])
}

/** Limits the network devices; `fresh` ones have no limits yet. */
export async function limitNics(host: Host, machine: MachineFiles, nics: readonly Nic[], fresh: boolean): Promise<void> {
  const limited = limitedTaps(nics)
  const noted = (await host.files.stat(noteOf(machine))) !== undefined
  if (limited.length === 0 && !noted) return
  const rules = policing(machine.id, nics)
  await host.files.makeDirectory(machine.directory, { mode: 0o700 })
  await host.files.write(noteOf(machine), rules, { mode: 0o600 })
  await host.run(['nft', '-f', '-'], { input: rules })
  for (const nic of nics) {
    if (nic.attachment === 'tap' && (nic.bandwidth !== undefined || !fresh)) await queue(host, nic.tap, nic.bandwidth)
  }
  if (limited.length === 0) await host.files.remove(noteOf(machine))
}

/** Takes the table away, after the machine; queues go with their TAPs. No error when there is none. */
export async function clearLimits(host: Host, machine: MachineFiles): Promise<void> {
  if ((await host.files.stat(noteOf(machine))) === undefined) return
  await host.run(['nft', '-f', '-'], { input: policing(machine.id, []) })
  await host.files.remove(noteOf(machine))
}

export async function changeLimits(host: Host, machine: MachineFiles, { disk, nics }: Limits): Promise<void> {
  await limitDisks(host, machine, disk)
  await limitNics(host, machine, nics, false)
}
