/**
 * A machine of its own for a test: systemd itself starts it, in namespaces over an overlay of this machine. Nothing of it reaches this
 * machine: not its names, settings, processes or files.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { until } from '../../packages/kit/src/host/until.ts'

const machine = localHost()
const repository = join(import.meta.dirname, '../..')

/** Where cgroups of the second version are, alone or beside those of the first (cgroups(7)). */
const hierarchies = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup']

async function hierarchy(): Promise<string | undefined> {
  for (const path of hierarchies) {
    if ((await machine.files.stat(path)) === undefined) continue
    const { stdout } = await machine.query(['stat', '--file-system', '--format=%T', path])
    if (stdout === 'cgroup2fs') return path
  }
  return undefined
}

const overlayTrial = `#!/bin/sh
set -eu
mount --make-rprivate /
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/layer" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/layer" "$1/root"
`

/** Why a machine cannot be booted here; undefined when it can. */
async function obstacle(directory: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root'
  for (const [path, what] of Object.entries({
    '/lib/systemd/systemd': 'systemd',
    '/usr/lib/frr/watchfrr': 'FRR',
    '/usr/sbin/nft': 'nftables',
  }))
    if ((await machine.files.stat(path)) === undefined) return `needs ${what}`
  if ((await hierarchy()) === undefined) return 'needs cgroups of the second version'
  const root = join(directory, 'trial')
  await machine.files.makeDirectory(root)
  await machine.files.write(join(directory, 'overlay'), overlayTrial, { mode: 0o755 })
  try {
    await machine.query(['unshare', '--mount', '--net', '--pid', '--cgroup', '--fork', '--', join(directory, 'overlay'), root])
    return undefined
  } catch (error) {
    if (error instanceof Fault) return `needs overlays in a mount namespace: ${error.message}`
    throw error
  }
}

/** The machine before its init system starts: what an image brings, the configuration, three cards, and nothing that was generated. */
const bootScript = `#!/bin/sh
set -eu
work=$1; repository=$2; m=$work/disk/root
mount --make-rprivate /
mount -t tmpfs none "$work/disk"
mkdir "$work/disk/upper" "$work/disk/layer" "$m"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/disk/upper,workdir=$work/disk/layer" "$m"
mount -t proc proc "$m/proc"
mkdir "$work/disk/net"; mount --bind "$m/proc/sys/net" "$work/disk/net"
mount --bind "$m/proc/sys" "$m/proc/sys"; mount -o remount,bind,ro "$m/proc/sys"
mount --bind "$work/disk/net" "$m/proc/sys/net"
mount -t sysfs -o ro sys "$m/sys"
mount -t cgroup2 cgroup "$m/sys/fs/cgroup"
mount -t tmpfs dev "$m/dev"
for node in null zero full random urandom tty; do touch "$m/dev/$node"; mount --bind "/dev/$node" "$m/dev/$node"; done
mkdir "$m/dev/pts" "$m/dev/shm"; touch "$m/dev/console"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$m/dev/pts"; ln -s pts/ptmx "$m/dev/ptmx"
for fresh in dev/shm run tmp; do mount -t tmpfs none "$m/$fresh"; done
mkdir -p "$m/opt/imp" "$m/out" "$m/persistent/config"
mount --bind "$repository" "$m/opt/imp"; mount --bind "$work/out" "$m/out"
rm -rf "$m"/etc/systemd/system/*.wants; : > "$m/etc/fstab"; echo 0123456789abcdef0123456789abcdef > "$m/etc/machine-id"
ln -sf /opt/imp/bin/imp "$m/usr/local/bin/imp"
cp "$work/router.json" "$m/persistent/config/router.json"
for card in mgmt0 wan0 lan0; do ip link add "$card" type veth peer name "far-$card"; ip link set "far-$card" up; done
. "$work/prepare"
chroot "$m" imp appliance install >"$work/out/install.txt" 2>&1
rm -rf "$m/run/imp"
cp "$work/probe.service" "$m/etc/systemd/system/"
ln -s ../probe.service "$m/etc/systemd/system/multi-user.target.wants/probe.service"
exec chroot "$m" env container=test /lib/systemd/systemd --unit=multi-user.target --log-target=null </dev/null
`

const probeUnit = `[Unit]
After=imp-apply.service incus-dataplane.service
[Service]
Type=oneshot
ExecStart=/out/probe
`

export interface BootOptions {
  /** router.json of the machine. */
  readonly configuration: object
  /** Shell script that looks at the machine that has come up, does what an operator does, and looks again, in the directory of its results. */
  readonly probe: string
  /** Lines of shell for the machine before it starts: its root is at $m, its cards and their far ends are there, $work is a directory. */
  readonly prepare?: string
  /** Milliseconds for all of it. */
  readonly timeout: number
}

export interface BootedMachine {
  /** What the probe wrote into a file. */
  out(name: string): Promise<string>
  close(): Promise<void>
}

async function run(directory: string, control: string, { configuration, probe, prepare = '', timeout }: BootOptions): Promise<void> {
  const write = (name: string, text: string, mode = 0o644): Promise<void> => machine.files.write(join(directory, name), text, { mode })
  for (const name of ['disk', 'out']) await machine.files.makeDirectory(join(directory, name))
  await write('boot', bootScript, 0o755)
  await write('prepare', prepare)
  await write('out/probe', probe, 0o755)
  await write('probe.service', probeUnit)
  await write('router.json', `${JSON.stringify(configuration, null, 2)}\n`)
  await write('enter', '#!/bin/sh\nset -eu\ncgroup=$1; shift\nmkdir "$cgroup"\necho $$ > "$cgroup/cgroup.procs"\nexec "$@"\n', 0o755)
  const ended = new AbortController()
  const unshare = ['unshare', '--mount', '--net', '--pid', '--cgroup', '--ipc', '--uts', '--fork', '--kill-child', '--']
  const running = machine.run([join(directory, 'enter'), control, ...unshare, join(directory, 'boot'), directory, repository], {
    timeout: timeout + 40_000,
    signal: ended.signal,
  })
  const done = until(
    machine.clock,
    { timeout, interval: 200, what: 'the boot' },
    async () => (await machine.files.stat(join(directory, 'out/done'))) !== undefined,
  )
  try {
    await Promise.race([done, running])
  } finally {
    ended.abort()
    await running.catch(() => undefined)
  }
}

/** Its processes end one after the other; a cgroup goes when nothing is left in it. */
async function removeCgroup(control: string): Promise<void> {
  await until(machine.clock, { timeout: 60_000, what: 'the end of the machine' }, async () => {
    if ((await machine.files.stat(control)) === undefined) return true
    await machine.run(['find', control, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'], { statuses: [0, 1] })
    return (await machine.files.stat(control)) === undefined
  })
}

/** Boots a machine and waits until its probe has written the file `done`; says why where that is not possible. To be closed. */
export async function bootMachine(options: BootOptions): Promise<BootedMachine & { readonly why?: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'imp-boot-'))
  const control = join((await hierarchy()) ?? directory, `imp-test-${process.pid}`)
  const opened: BootedMachine = {
    out: (name) => machine.files.read(join(directory, 'out', name)),
    async close() {
      await removeCgroup(control)
      await rm(directory, { recursive: true, force: true })
    },
  }
  try {
    const why = await obstacle(directory)
    if (why !== undefined) return { ...opened, why }
    await run(directory, control, options)
    return opened
  } catch (error) {
    await opened.close()
    throw error
  }
}
