/**
 * A computer that starts with two machines on it and shuts down: systemd itself runs what `vmm install-service` installed, in namespaces of
 * its own over an overlay of this computer. Nothing of it reaches this computer: not its names, settings, processes or files.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { localHost } from '../../packages/kit/src/host/local.ts'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { hierarchy, removeCgroup, rootObstacle, rootScript } from './booted-root.ts'
import { makeDataDirectory, missing, removeDataDirectory, vmmOn, type Vmm } from '../real/vmm-machine-command.ts'

const computer = localHost()
const repository = join(import.meta.dirname, '../..')

/** Why a computer cannot be booted here; undefined when it can. */
async function obstacle(directory: string): Promise<string | undefined> {
  const why = missing(['qemu-system-x86_64', 'ssh', 'ssh-keyscan', 'ss', 'mmdebstrap', 'unshare', 'systemctl', 'nft'], true)
  if (why !== undefined) return why
  for (const [path, what] of Object.entries({ '/lib/systemd/systemd': 'systemd', '/dev/net/tun': 'TAPs' }))
    if ((await computer.files.stat(path)) === undefined) return `needs ${what}`
  return rootObstacle(directory)
}

/** The computer before its init system starts: this one's system, the data of machines, and the service. */
const bootScript = `#!/bin/sh
set -eu
work=$1; repository=$2; data=$3; m=$work/disk/root
${rootScript}mkdir -p "$m/dev/net" "$m/srv/vmm"; touch "$m/dev/net/tun"
mount --bind /dev/net/tun "$m/dev/net/tun"; mount --bind "$data" "$m/srv/vmm"
ln -sf /opt/imp/bin/vmm "$m/usr/local/bin/vmm"
VMM_DATA_DIR=/srv/vmm chroot "$m" vmm install-service >"$work/out/install.txt" 2>&1
cp "$work/probe.service" "$m/etc/systemd/system/"
ln -s ../probe.service "$m/etc/systemd/system/multi-user.target.wants/probe.service"
exec chroot "$m" env container=test /lib/systemd/systemd --unit=multi-user.target --log-target=null </dev/null
`

const probeUnit = `[Unit]
After=vmm.service
[Service]
Type=oneshot
Environment=VMM_DATA_DIR=/srv/vmm HOME=/root
ExecStart=/out/probe
`

/** Looks at the computer that has come up, takes the service away and brings it back, and shuts down. */
const probe = `#!/bin/sh
cd /out
systemctl show -P ActiveState vmm.service > active.txt
vmm list --json > list.json 2> list.txt
systemctl cat vmm.service > unit.txt
for pid in $(pgrep -f process=vmm-); do cat /proc/$pid/cgroup; done > cgroups.txt
{ vmm uninstall-service; systemctl is-enabled vmm.service; } > uninstalled.txt 2>&1
vmm list --json > list-then.json
{ vmm install-service; vmm install-service; systemctl is-enabled vmm.service; } > installed.txt 2>&1
systemctl start vmm.service; systemctl show -P ActiveState vmm.service >> installed.txt
systemctl --no-block poweroff
touch done
`

suite('a computer with machines on it', { timeout: 900_000 }, () => {
  let directory = ''
  let control = ''
  let why: string | undefined
  let cli: Vmm | undefined

  const out = (name: string): Promise<string> => readFile(join(directory, 'out', name), 'utf8')

  /** From the first process to the last. */
  async function boot(data: string): Promise<void> {
    const write = (name: string, text: string, mode = 0o644): Promise<void> => computer.files.write(join(directory, name), text, { mode })
    for (const name of ['disk', 'out']) await computer.files.makeDirectory(join(directory, name))
    await write('boot', bootScript, 0o755)
    await write('out/probe', probe, 0o755)
    await write('probe.service', probeUnit)
    // An init that powers off ends as by SIGINT (pid_namespaces(7)).
    await write(
      'enter',
      '#!/bin/sh\nset -eu\ncgroup=$1; shift\nmkdir "$cgroup"\necho $$ > "$cgroup/cgroup.procs"\n"$@" || [ $? -eq 130 ]\n',
      0o755,
    )
    const unshare = ['unshare', '--mount', '--net', '--pid', '--cgroup', '--ipc', '--uts', '--fork', '--kill-child', '--'] as const
    const argv = [join(directory, 'enter'), control, ...unshare, join(directory, 'boot'), directory, repository, data] as const
    await computer.run(argv, { timeout: 800_000 })
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vmb'))
    why = await obstacle(directory)
    if (why !== undefined) return
    control = join((await hierarchy()) ?? directory, `vmm-test-${process.pid}`)
    cli = vmmOn(await makeDataDirectory())
    for (const name of ['db1', 'web1', 'other']) await cli.json('create', name, '--memory', '256')
    // One that cannot start where the computer comes up.
    const namespace = `vmb${process.pid}`
    await computer.run(['ip', 'netns', 'add', namespace])
    try {
      await cli.json('create', 'broken', '--network', 'none', '--namespace', namespace, '--autostart')
    } finally {
      await computer.run(['ip', 'netns', 'delete', namespace])
    }
    await cli.json('autostart', 'enable', 'db1')
    await cli.json('autostart', 'enable', 'web1', '--after', 'db1')
    await boot(cli.directory)
  })
  after(async () => {
    if (control !== '') await removeCgroup(control)
    if (cli !== undefined) await removeDataDirectory(cli)
    await rm(directory, { recursive: true, force: true })
  })

  const events = async (): Promise<string[]> => {
    const { events: all } = (await cli?.json<{ events: { name: string; event: string }[] }>('events')) ?? { events: [] }
    return all.map(({ name, event }) => `${name} ${event}`).filter((each) => !each.endsWith(' created'))
  }

  test('the service starts the machines that start by themselves, in their order', async (t) => {
    if (why !== undefined) return t.skip(why)
    assert.match(await out('install.txt'), /installed \/etc\/systemd\/system\/vmm\.service/)
    assert.equal((await out('active.txt')).trim(), 'active', 'also where one of them cannot start')
    const { machines } = JSON.parse(await out('list.json')) as { machines: VmView[] }
    assert.deepEqual(
      machines.map(({ name, state }) => `${name} ${state}`),
      ['broken created', 'db1 running', 'other created', 'web1 running'],
    )
    assert.deepEqual((await events()).slice(0, 4), ['db1 starting', 'db1 running', 'web1 starting', 'web1 running'])
  })

  test('each engine has a scope of its own, which does not end with the service', async (t) => {
    if (why !== undefined) return t.skip(why)
    const scopes = (await out('cgroups.txt')).matchAll(/^0::\/system\.slice\/vmm-(.+)-[0-9a-z]+\.scope$/gm)
    assert.deepEqual([...scopes].map((match) => match[1] ?? '').toSorted(), ['db1', 'web1'])
  })

  test('the service is taken away and brought back under a systemd that runs, and machines do not notice', async (t) => {
    if (why !== undefined) return t.skip(why)
    assert.match(await out('uninstalled.txt'), /removed \/etc\/systemd\/system\/vmm\.service/)
    const lives = async (name: string): Promise<unknown> =>
      (JSON.parse(await out(name)) as { machines: VmView[] }).machines.map((each) => [each.name, each.state, each.pid, each.started])
    assert.deepEqual(await lives('list-then.json'), await lives('list.json'))
    assert.match(await out('installed.txt'), /^installed .*\nalready there: .*\nenabled\nactive$/m)
  })

  test('the shutdown of the computer shuts them down, in the other order, and waits for their guests', async (t) => {
    if (why !== undefined) return t.skip(why)
    assert.deepEqual((await events()).slice(-4), ['web1 stopping', 'web1 stopped', 'db1 stopping', 'db1 stopped'])
    for (const name of ['db1', 'web1']) {
      const log = await readFile(join(cli?.directory ?? '', 'logs', `${name}.log`), 'utf8')
      assert.match(log, /reboot: (Restarting system|Power down|System halted)/, `${name} ended itself`)
    }
  })
})
