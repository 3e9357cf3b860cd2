/**
 * What units run that needs no more than a shell: POSIX sh, each may run again at any time, checks what it calls and waits for
 * conditions. Names in them were checked when the configuration was read: none holds a character that means something to a shell.
 */
import { places, shellScript, type ApplianceFile } from './model.ts'

/** Looks ten times a second until a command succeeds. By the time since the boot: that of the day may jump while a machine starts. */
const untilFunction = [
  '# until_within SECONDS COMMAND...',
  'until_within() {',
  '  read -r now _ </proc/uptime',
  '  end=$((${now%.*} + $1))',
  '  shift',
  '  until "$@" >/dev/null 2>&1; do',
  '    read -r now _ </proc/uptime',
  '    [ "${now%.*}" -lt "$end" ] || return 1',
  '    sleep 0.1',
  '  done',
  '}',
]

/** `wait-for-iface-load NAME [SECONDS]`. */
export function waitForInterface(): ApplianceFile {
  return shellScript(places.scripts.waitForInterface, [
    '# Waits until a network interface is there: wait-for-iface-load NAME [SECONDS]',
    'set -eu',
    ...untilFunction,
    'name=${1:?usage: wait-for-iface-load NAME [SECONDS]}',
    'seconds=${2:-30}',
    'until_within "$seconds" ip link show dev "$name" || {',
    '  echo "wait-for-iface-load: $name is not there after $seconds s" >&2',
    '  exit 1',
    '}',
  ])
}

/** `wait-for-vpp core|nat`. vppctl succeeds exactly when it could connect. Nothing is waited for that has ended (systemd.exec(5): MAINPID). */
export function waitForVpp(): ApplianceFile {
  return shellScript(places.scripts.waitForVpp, [
    '# Waits until a VPP process answers: wait-for-vpp core|nat [SECONDS]',
    'set -eu',
    ...untilFunction,
    'instance=${1:?usage: wait-for-vpp core|nat [SECONDS]}',
    'seconds=${2:-60}',
    'has_ended() { [ -n "${MAINPID:-}" ] && ! kill -0 "$MAINPID" 2>/dev/null; }',
    'answers_or_ended() { vppctl -s "/run/vpp/$instance-cli.sock" show version || has_ended; }',
    'until_within "$seconds" answers_or_ended || {',
    '  echo "wait-for-vpp: VPP $instance does not answer after $seconds s; its log is /var/log/vpp/$instance.log" >&2',
    '  exit 1',
    '}',
    'if has_ended; then',
    '  echo "wait-for-vpp: VPP $instance has ended; its log is /var/log/vpp/$instance.log" >&2',
    '  exit 1',
    'fi',
  ])
}

/**
 * The namespace, made once and kept. Linux forwards in it on behalf of nobody while VPP does, but FRR and the twins live there:
 * addresses of IPv6 must outlive a link that goes down (ip-sysctl: keep_addr_on_down).
 */
export function namespaceScript(): ApplianceFile {
  const { namespace } = places
  return shellScript(places.scripts.namespace, [
    '# The network namespace of the dataplane, by name, until the next boot.',
    'set -eu',
    `namespace=${namespace}`,
    'if ! ip netns exec "$namespace" true 2>/dev/null; then',
    '  # A name without a namespace behind it is what a crash between two of its steps leaves.',
    '  if [ -e "/run/netns/$namespace" ]; then ip netns delete "$namespace"; fi',
    '  ip netns add "$namespace"',
    'fi',
    'ip -n "$namespace" link set dev lo up',
    'ip netns exec "$namespace" sysctl -q -w net.ipv6.conf.all.keep_addr_on_down=1 net.ipv6.conf.default.keep_addr_on_down=1',
  ])
}

/** A card on its way into the namespace. */
export interface Move {
  /** Linux name outside. */
  readonly card: string
  /** Linux name inside. */
  readonly name: string
  readonly pci?: string
}

/**
 * Moves cards; those that are there, or that VPP holds already, are left alone. One that is missing does not keep the others back. The
 * settings of the kernel hold in the namespace before the first card is there.
 */
export function moveScript(moves: readonly Move[], settings: Readonly<Record<string, string>>): ApplianceFile {
  const assignments = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  const lines = [
    '# Moves the network cards of the dataplane into its namespace.',
    'set -eu',
    `namespace=${places.namespace}`,
    'failed=0',
    '',
    '# A card that a driver for user space has is no link of Linux any more.',
    'held_by_vpp() {',
    '  [ -n "$1" ] || return 1',
    '  driver=$(readlink "/sys/bus/pci/devices/$1/driver") || return 1',
    '  case ${driver##*/} in vfio-pci | uio_pci_generic | igb_uio) return 0 ;; esac',
    '  return 1',
    '}',
    '',
    '# move NAME NAME-INSIDE PCI',
    'move() {',
    '  if ip -n "$namespace" link show dev "$2" >/dev/null 2>&1; then return 0; fi',
    '  if held_by_vpp "$3"; then return 0; fi',
    `  ${places.scripts.waitForInterface} "$1" || return 1`,
    '  ip link set dev "$1" down || return 1',
    '  ip link set dev "$1" netns "$namespace" name "$2"',
    '}',
    '',
    ...assignments.map((assignment) => `ip netns exec "$namespace" sysctl -q -w ${assignment}`),
    ...moves.map(({ card, name, pci = '' }) => `move ${card} ${name} '${pci}' || failed=1`),
    '',
    'exit "$failed"',
  ]
  return shellScript(places.scripts.moveInterfaces, lines, 'cards')
}

/** Brings the configuration of VPP up over its API, where each line has an answer. */
export function coreConfigScript(): ApplianceFile {
  return shellScript(places.scripts.coreConfig, [
    '# Loads the committed configuration into VPP, unless it has it already, and says which line it refused.',
    'set -eu',
    `${places.scripts.waitForVpp} core`,
    `exec ${places.program} appliance load core`,
  ])
}
