/** The root of a machine that boots in namespaces over an overlay of this one, and the cgroup that its systemd has. */
import { join } from 'node:path'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { until } from '../../packages/kit/src/host/until.ts'

const machine = localHost()

/** Where cgroups of the second version may be, alone or beside those of the first (cgroups(7)). */
const hierarchies = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup']

/** Where cgroups of the second version are; undefined where there are none. */
export async function hierarchy(): Promise<string | undefined> {
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

/** Why systemd cannot have a root of its own here; undefined when it can. */
export async function rootObstacle(directory: string): Promise<string | undefined> {
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

/** Shell: makes the root at $m from the directory $work, with $repository at /opt/imp, $work/out at /out, and nothing enabled. */
export const rootScript = `mount --make-rprivate /
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
mkdir -p "$m/opt/imp" "$m/out"
mount --bind "$repository" "$m/opt/imp"; mount --bind "$work/out" "$m/out"
rm -rf "$m"/etc/systemd/system/*.wants; : > "$m/etc/fstab"; echo 0123456789abcdef0123456789abcdef > "$m/etc/machine-id"
`

/** Its processes end one after the other; a cgroup goes when nothing is left in it. */
export async function removeCgroup(control: string): Promise<void> {
  await until(machine.clock, { timeout: 60_000, what: 'the end of the machine' }, async () => {
    if ((await machine.files.stat(control)) === undefined) return true
    await machine.run(['find', control, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'], { statuses: [0, 1] })
    return (await machine.files.stat(control)) === undefined
  })
}
