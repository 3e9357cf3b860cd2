/** Machines as people are shown them. */
import { count, table } from '@imp/kit/base/text.ts'
import { styleFor, type Format } from '@imp/kit/base/style.ts'
import { formatBytes } from '@imp/kit/base/units.ts'
import { commandLine } from '@imp/kit/host/exec.ts'
import type { ViewOptions } from '@imp/kit/op/operation.ts'
import { writeForward } from '../net/model.ts'
import { writeLimits } from '../devices/model.ts'
import type { State, VmView } from './model.ts'

const colours: Readonly<Record<State, Format>> = {
  created: 'dim',
  starting: 'yellow',
  running: 'green',
  stopping: 'yellow',
  stopped: 'dim',
  error: 'red',
}

const mebibyte = 1 << 20

function addressOf({ addresses, network }: VmView): string {
  if (network.kind === 'user') return `127.0.0.1:${network.sshPort} (ssh)`
  return addresses[0]?.split('/')[0] ?? '-'
}

function engineOf({ engine, accelerator }: VmView): string {
  if (engine === undefined) return '-'
  return accelerator === undefined ? engine : `${engine}/${accelerator}`
}

/** What an engine that holds its guest means for a person. */
const standsStill = 'its guest stands still, as when a disk of this computer is full; free some space, then restart it'

export interface Listing {
  readonly machines: readonly VmView[]
  /** Machines that were left out since they are stopped. */
  readonly hidden: number
}

export function drawList({ machines, hidden }: Listing, { colour }: ViewOptions): string {
  const style = styleFor(colour)
  const more = hidden === 0 ? [] : [style('dim', `${count(hidden, 'machine')} stopped: vmm list --all`)]
  if (machines.length === 0) return more.length > 0 ? more.join('\n') : 'no machines; make one with: vmm create NAME'
  const rows = machines.map((vm) => [
    vm.name,
    vm.id,
    vm.state,
    vm.image,
    String(vm.cpus),
    formatBytes(vm.memory * mebibyte),
    engineOf(vm),
    addressOf(vm),
  ])
  const [head = '', ...lines] = table([['NAME', 'ID', 'STATE', 'IMAGE', 'CPUS', 'MEMORY', 'ENGINE', 'ADDRESS'], ...rows])
  const coloured = lines.map((line, index) => {
    const state = machines[index]?.state ?? 'stopped'
    return line.replace(new RegExp(`(?<=^\\S+ +[0-9a-f]{8} +)${state}`), style(colours[state], state))
  })
  const held = machines.filter(({ guest }) => guest === 'paused').map((vm) => style('yellow', `${vm.name}: ${standsStill}`))
  return [style('bold', head), ...coloured, ...held, ...more].join('\n')
}

export function drawMachine(vm: VmView, { colour }: ViewOptions): string {
  const style = styleFor(colour)
  const rows: [string, string | undefined][] = [
    ['name', vm.name],
    ['id', vm.id],
    ['state', `${style(colours[vm.state], vm.state)}${vm.reason === undefined ? '' : ` (${vm.reason})`}`],
    ['guest', vm.guest === 'paused' ? style('yellow', standsStill) : undefined],
    ['engine', engineOf(vm)],
    ['process', vm.pid === undefined ? undefined : String(vm.pid)],
    ['processors', String(vm.cpus)],
    ['memory', formatBytes(vm.memory * mebibyte)],
    [
      'image',
      `${vm.image}, ${vm.diskMode === 'overlay' ? 'below a writable layer of' : 'copied to a disk of'} ${formatBytes(vm.disk * mebibyte)}`,
    ],
    ['kernel', vm.kernel],
    ['network', vm.network.kind === 'none' ? 'none' : `${vm.network.kind}, ${vm.addresses.join(', ')}, MAC ${vm.network.mac}`],
    ...vm.interfaces
      .slice(1)
      .map(({ name, network, addresses, mac, defaultRoute }): [string, string] => [
        name,
        `${network}, ${addresses.join(', ')}, MAC ${mac}${defaultRoute ? ', default route' : ''}`,
      ]),
    ['namespace', vm.namespace],
    ...vm.forwards.map((forward): [string, string] => ['forward', writeForward(forward)]),
    ...vm.taps.map(({ tap, mac }, index): [string, string] => [
      `eth${Math.max(vm.interfaces.length, 1) + index}`,
      `TAP ${tap}, MAC ${mac}`,
    ]),
    ...vm.mounts.map(({ path, tag, readOnly }): [string, string] => ['mount', `${path} at /mnt/${tag}${readOnly ? ', read-only' : ''}`]),
    ['balloon', vm.balloon === undefined ? undefined : `takes ${vm.balloon} MiB`],
    ['vsock', vm.vsock === undefined ? undefined : `context ${vm.vsock.cid}${vm.vsock.path === undefined ? '' : `, ${vm.vsock.path}`}`],
    ['limits', vm.rateLimits === undefined ? undefined : writeLimits(vm.rateLimits) || 'none'],
    ['autostart', !vm.autostart ? undefined : vm.after.length === 0 ? 'yes' : `after ${vm.after.join(', ')}`],
    ['ssh', vm.ssh === null ? undefined : commandLine(vm.ssh.argv as [string, ...string[]])],
    ['console log', vm.logs.console],
    ['engine log', vm.logs.engine],
    ['created', vm.created],
    ['started', vm.started],
  ]
  return table(rows.flatMap(([label, value]) => (value === undefined ? [] : [[style('bold', label.padEnd(11)), value]]))).join('\n')
}

/** `none` is said when there are none, as of `--all`. */
export function drawStates(machines: readonly VmView[], none = ''): string {
  if (machines.length === 0) return none
  return machines.map((vm) => `${vm.name} is ${vm.state}${vm.state === 'running' ? `: ${addressOf(vm)}` : ''}`).join('\n')
}
