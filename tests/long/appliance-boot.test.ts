/**
 * The first boot of an image on a machine whose configuration survived: systemd itself starts the chain, in namespaces of its own over an
 * overlay of this machine. Nothing of it reaches this machine: not its names, settings, processes or files.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { until } from '../../packages/kit/src/host/until.ts'

const machine = localHost()
const repository = join(import.meta.dirname, '../..')
let directory = ''
let control = ''

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
async function obstacle(): Promise<string | undefined> {
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

const configuration = {
  schema: 'imp.router',
  version: 1,
  hostname: 'edge1',
  management: { nic: { name: 'mgmt0' }, mode: 'static', addresses: ['192.0.2.10/24'], gateways: ['192.0.2.1'] },
  interfaces: [
    { name: 'wan', role: 'external', nic: { name: 'wan0' }, addresses: ['198.51.100.2/30'] },
    { name: 'lan', role: 'internal', nic: { name: 'lan0' }, addresses: ['192.168.0.1/24', '2001:db8:10::1/64'] },
  ],
  routes: [{ prefix: '0.0.0.0/0', via: '198.51.100.1' }],
  nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.96/30' }] },
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

/** Looks at the machine that has come up, does what an operator does, and looks again. */
const probe = `#!/bin/sh
cd /out
units='imp-generate netns-dataplane netns-move-interfaces vpp-core vpp-core-config vpp-nat frr imp-recover imp-apply'
for unit in $units; do
  echo "$unit $(systemctl show -P ActiveState "$unit") $(systemctl show -P ActiveEnterTimestampMonotonic "$unit")"
done > units.txt
systemctl --failed --plain --no-legend > failed.txt
ip -o address > outside.txt
ip -n dataplane -o address > inside.txt
ip -n dataplane route > routes.txt
ip netns exec dataplane nft list tables > tables.txt
ip netns pids dataplane | while read -r pid; do cat "/proc/$pid/comm"; done | sort -u > daemons.txt
imp status --json > status.json 2>&1
imp drift > drift.txt 2>&1; echo "exit $?" >> drift.txt
sed 's/192.0.2.10/192.0.2.11/' /persistent/config/router.json > new.json
imp apply new.json --json > apply.json 2>apply.txt
until ip -o address show dev mgmt0 | grep -q 192.0.2.11/24; do i=$((i + 1)); [ "$i" -lt 100 ] || break; sleep 0.1; done
ip -o address show dev mgmt0 > readdressed.txt
cp /persistent/config/router.json committed.json
systemctl restart netns-dataplane.service netns-move-interfaces.service imp-apply.service; echo "exit $?" > again.txt
ip -n dataplane -o address > inside-again.txt
imp drift >> again.txt 2>&1; echo "exit $?" >> again.txt
touch done
`

async function boot(): Promise<void> {
  const write = (name: string, text: string, mode = 0o644): Promise<void> => machine.files.write(join(directory, name), text, { mode })
  for (const name of ['disk', 'out']) await machine.files.makeDirectory(join(directory, name))
  await write('boot', bootScript, 0o755)
  await write('out/probe', probe, 0o755)
  await write('probe.service', probeUnit)
  await write('router.json', `${JSON.stringify(configuration, null, 2)}\n`)
  await write('enter', '#!/bin/sh\nset -eu\ncgroup=$1; shift\nmkdir "$cgroup"\necho $$ > "$cgroup/cgroup.procs"\nexec "$@"\n', 0o755)
  const ended = new AbortController()
  const unshare = ['unshare', '--mount', '--net', '--pid', '--cgroup', '--ipc', '--uts', '--fork', '--kill-child', '--']
  const running = machine.run([join(directory, 'enter'), control, ...unshare, join(directory, 'boot'), directory, repository], {
    timeout: 240_000,
    signal: ended.signal,
  })
  const done = until(
    machine.clock,
    { timeout: 200_000, interval: 200, what: 'the boot' },
    async () => (await machine.files.stat(join(directory, 'out/done'))) !== undefined,
  )
  try {
    await Promise.race([done, running])
  } finally {
    ended.abort()
    await running.catch(() => undefined)
  }
}

function out(name: string): Promise<string> {
  return machine.files.read(join(directory, 'out', name))
}

suite('first boot', { timeout: 300_000 }, () => {
  let why: string | undefined
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'imp-boot-'))
    why = await obstacle()
    control = join((await hierarchy()) ?? directory, `imp-test-${process.pid}`)
    if (why === undefined) await boot()
  })
  after(async () => {
    // Its processes end one after the other; a cgroup goes when nothing is left in it.
    await until(machine.clock, { timeout: 90_000, what: 'the end of the machine' }, async () => {
      if ((await machine.files.stat(control)) === undefined) return true
      await machine.run(['find', control, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';'], { statuses: [0, 1] })
      return (await machine.files.stat(control)) === undefined
    })
    await rm(directory, { recursive: true, force: true })
  })

  test('the chain comes up in its order, and nothing fails', async (t) => {
    if (why !== undefined) return t.skip(why)
    const lines = (await out('units.txt'))
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
    const active = lines.filter(([, state]) => state === 'active')
    assert.deepEqual(
      active.map(([name]) => name),
      ['imp-generate', 'netns-dataplane', 'netns-move-interfaces', 'frr', 'imp-recover', 'imp-apply'],
    )
    const times = active.map(([, , time]) => Number(time))
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    assert.equal(
      (await out('failed.txt'))
        .split('\n')
        .filter((line) => /imp|netns|vpp|frr|networkd\.service/.test(line))
        .join(),
      '',
    )
  })

  test('the router is what was committed: ports, addresses, routes, tables, FRR in the namespace', async (t) => {
    if (why !== undefined) return t.skip(why)
    const inside = await out('inside.txt')
    for (const text of ['wan +inet 198.51.100.2/30', 'lan +inet 192.168.0.1/24', 'lan +inet6 2001:db8:10::1/64'])
      assert.match(inside, new RegExp(text))
    assert.match(await out('routes.txt'), /^default .*via 198\.51\.100\.1 dev wan /m)
    assert.match(await out('tables.txt'), /^table ip imp_nat$/m)
    const daemons = (await out('daemons.txt')).split('\n')
    for (const daemon of ['bfdd', 'bgpd', 'ospf6d', 'ospfd', 'staticd', 'zebra']) assert.ok(daemons.includes(daemon), daemon)
    assert.match(await out('drift.txt'), /is as configured\nexit 0\n$/)
  })

  test('the management port has its address, and no other card of the machine has one', async (t) => {
    if (why !== undefined) return t.skip(why)
    const outside = await out('outside.txt')
    assert.match(outside, /mgmt0 +inet 192\.0\.2\.10\/24/)
    assert.doesNotMatch(outside, /: (wan0|lan0) /)
  })

  test('a change of the management port goes into force by networkd, and into the next boot', async (t) => {
    if (why !== undefined) return t.skip(why)
    assert.match(await out('readdressed.txt'), /192\.0\.2\.11\/24/)
    assert.match(await out('committed.json'), /192\.0\.2\.11\/24/)
    const { disruption } = JSON.parse(await out('apply.json')) as { disruption: string }
    assert.equal(disruption, 'reload')
  })

  test('units of the chain that are started again change nothing', async (t) => {
    if (why !== undefined) return t.skip(why)
    assert.match(await out('again.txt'), /^exit 0\n.*is as configured\nexit 0\n$/)
    const addresses = (text: string): string[] => text.match(/\S+ +inet6? \S+/g) ?? []
    assert.deepEqual(addresses(await out('inside-again.txt')), addresses(await out('inside.txt')))
  })
})
