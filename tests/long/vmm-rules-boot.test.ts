/**
 * A computer on which systemd restarts the firewall while a machine is on the bridge: what `vmm install-service` installed writes its rules
 * anew. It boots in namespaces of its own over an overlay of this computer; of the machine there is its TAP.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { missing } from '../real/vmm-machine-command.ts'
import { hierarchy, removeCgroup, rootObstacle, rootScript } from './booted-root.ts'

const computer = localHost()
const repository = join(import.meta.dirname, '../..')

async function obstacle(directory: string): Promise<string | undefined> {
  const why = missing(['unshare', 'systemctl', 'nft', 'ip', 'bridge', 'sysctl'], true)
  if (why !== undefined) return why
  for (const [path, what] of Object.entries({
    '/lib/systemd/systemd': 'systemd',
    '/lib/systemd/system/nftables.service': 'the service of nftables',
    '/dev/net/tun': 'TAPs',
  }))
    if ((await computer.files.stat(path)) === undefined) return `needs ${what}`
  return rootObstacle(directory)
}

/** The settings are those of somebody who calls vmm by sudo: another bridge and subnet than the service of root would take. */
const bootScript = `#!/bin/sh
set -eu
work=$1; repository=$2; m=$work/disk/root
${rootScript}mkdir -p "$m/dev/net" "$m/srv/vmm" "$m/home/ada/.config/vmm"; touch "$m/dev/net/tun"
mount --bind /dev/net/tun "$m/dev/net/tun"
ln -sf /opt/imp/bin/vmm "$m/usr/local/bin/vmm"
printf 'flush ruleset\\ntable inet theirs {\\n}\\n' > "$m/etc/nftables.conf"
echo 'ada:x:4242:4242::/home/ada:/bin/sh' >> "$m/etc/passwd"
echo '{"bridge_name":"br-ada","subnet":"10.77.0.0/24"}' > "$m/home/ada/.config/vmm/config.json"
SUDO_USER=ada VMM_DATA_DIR=/srv/vmm chroot "$m" vmm install-service >"$work/out/install.txt" 2>&1
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

/** Puts a machine on the bridge as a start does. */
const attaching = `import { localHost } from '/opt/imp/packages/kit/src/host/local.ts'
import { attach, bridgePaths } from '/opt/imp/packages/vmm/src/net/bridge.ts'
const settings = { bridge: 'br-ada', subnet: '10.77.0.0/24', gateway: '10.77.0.1' }
const member = { tap: 'vmm-0000000a', mac: '06:00:0a:4d:00:02', address: '10.77.0.2', forwards: [{ host: 8080, guest: 80 }] }
await attach(localHost(), bridgePaths('/srv/vmm'), settings, member)
`

/** The timer stands still, so that only the restart of the firewall may bring the rules back. */
const probe = `#!/bin/sh
cd /out
systemctl is-enabled vmm.service vmm-rules.service vmm-rules.timer > enabled.txt 2>&1
systemctl is-active vmm-rules.timer > timer.txt 2>&1
systemctl stop vmm-rules.timer
systemctl start nftables.service
/opt/imp/node_modules/.bin/node --disable-warning=ExperimentalWarning attach.ts > attach.txt 2>&1
nft list table inet br-ada > before.txt 2>&1
systemctl restart nftables.service
for try in $(seq 240); do nft list table inet br-ada > after.txt 2>&1 && break; sleep 0.5; done
nft list table inet theirs > theirs.txt 2>&1
vmm uninstall-service > uninstalled.txt 2>&1
ls /etc/systemd/system /etc/systemd/system/nftables.service.wants > left.txt 2>&1
systemctl --no-block poweroff
`

suite('a firewall that is restarted', { timeout: 600_000 }, () => {
  let directory = ''
  let control = ''
  let why: string | undefined
  const out = (name: string): Promise<string> => readFile(join(directory, 'out', name), 'utf8')

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vmr'))
    why = await obstacle(directory)
    if (why !== undefined) return
    control = join((await hierarchy()) ?? directory, `vmm-rules-${process.pid}`)
    const write = (name: string, text: string, mode = 0o644): Promise<void> => computer.files.write(join(directory, name), text, { mode })
    for (const name of ['disk', 'out']) await computer.files.makeDirectory(join(directory, name))
    await write('boot', bootScript, 0o755)
    await write('out/probe', probe, 0o755)
    await write('out/attach.ts', attaching)
    await write('probe.service', probeUnit)
    // An init that powers off ends as by SIGINT (pid_namespaces(7)).
    await write(
      'enter',
      '#!/bin/sh\nset -eu\ncgroup=$1; shift\nmkdir "$cgroup"\necho $$ > "$cgroup/cgroup.procs"\n"$@" || [ $? -eq 130 ]\n',
      0o755,
    )
    const unshare = ['unshare', '--mount', '--net', '--pid', '--cgroup', '--ipc', '--uts', '--fork', '--kill-child', '--'] as const
    await computer.run([join(directory, 'enter'), control, ...unshare, join(directory, 'boot'), directory, repository], {
      timeout: 500_000,
    })
  })
  after(async () => {
    if (control !== '') await removeCgroup(control)
    await rm(directory, { recursive: true, force: true })
  })

  test('finds the rules of vmm there again, as the settings of their owner have them', async (t) => {
    if (why !== undefined) return t.skip(why)
    assert.equal(await out('enabled.txt'), 'enabled\nenabled\nenabled\n', await out('install.txt'))
    assert.equal(await out('timer.txt'), 'active\n')
    assert.match(await out('before.txt'), /10\.77\.0\.2/, await out('attach.txt'))
    assert.equal(await out('after.txt'), await out('before.txt'))
    assert.match(await out('theirs.txt'), /table inet theirs/)
  })

  test('is left alone when the service has been taken away', async (t) => {
    if (why !== undefined) return t.skip(why)
    assert.match(await out('uninstalled.txt'), /removed/)
    assert.doesNotMatch(await out('left.txt'), /vmm/)
  })
})
