/**
 * A machine of its own for a test: systemd itself starts it, in namespaces over an overlay of this machine. Nothing of it reaches this
 * machine: not its names, settings, processes or files.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { hierarchy, removeCgroup, rootObstacle, rootScript } from './booted-root.ts'

const machine = localHost()
const repository = join(import.meta.dirname, '../..')

/** Why a machine cannot be booted here; undefined when it can. */
async function obstacle(directory: string): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root'
  for (const [path, what] of Object.entries({
    '/lib/systemd/systemd': 'systemd',
    '/usr/lib/frr/watchfrr': 'FRR',
    '/usr/sbin/nft': 'nftables',
  }))
    if ((await machine.files.stat(path)) === undefined) return `needs ${what}`
  return rootObstacle(directory)
}

/** The machine before its init system starts: what an image brings, the configuration, three cards, and nothing that was generated. */
const bootScript = `#!/bin/sh
set -eu
work=$1; repository=$2; m=$work/disk/root
${rootScript}mkdir -p "$m/persistent/config"
ln -sf /opt/imp/bin/imp "$m/usr/local/bin/imp"
cp "$work/router.json" "$m/persistent/config/router.json"
for card in mgmt0 wan0 lan0; do ip link add "$card" type veth peer name "far-$card"; ip link set "far-$card" up; done
. "$work/prepare"
chroot "$m" imp appliance install >"$work/out/install.txt" 2>&1 || { cat "$work/out/install.txt" >&2; exit 1; }
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
    { timeout, interval: 200, signal: ended.signal, what: 'the boot' },
    async () => (await machine.files.stat(join(directory, 'out/done'))) !== undefined,
  )
  try {
    await Promise.race([done, running])
  } finally {
    // Neither may outlast the other: a script that fails ends the wait as well.
    ended.abort()
    await Promise.allSettled([done, running])
  }
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
