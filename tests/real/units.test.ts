/** The start chain before the programs that judge it: systemd reads the units, a shell the scripts, and namespaces are their machine. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { places, type ApplianceFile } from '../../packages/imp/src/appliance/model.ts'
import { waitForVpp } from '../../packages/imp/src/appliance/scripts.ts'
import type { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { goldenConfig, goldenNames, hardwareFor, withoutPci } from '../../packages/imp/src/dataplane/vpp/sample.ts'
import { applianceFiles } from '../../packages/imp/src/pipeline/appliance.ts'

const machine = localHost()
let directory = ''

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imp-units-'))
})
after(() => rm(directory, { recursive: true, force: true }))

/** Whether the program can be started. */
async function has(program: string): Promise<boolean> {
  try {
    await machine.query([program, '--version'], { statuses: Array.from({ length: 128 }, (_, status) => status) })
    return true
  } catch (error) {
    if (error instanceof Fault && error.code === 'missing-program') return false
    throw error
  }
}

async function write(root: string, { path, text, mode }: Pick<ApplianceFile, 'path' | 'text' | 'mode'>): Promise<void> {
  await machine.files.makeDirectory(dirname(join(root, path)))
  await machine.files.write(join(root, path), text, mode === undefined ? {} : { mode })
}

const stub = { text: '#!/bin/sh\n', mode: 0o755 }
const packagedUnits: Readonly<Record<string, string>> = {
  'frr.service': '[Unit]\nBefore=network.target\n[Service]\nType=forking\nExecStart=/usr/bin/vpp\n',
  'incus.service': '[Unit]\nAfter=network-online.target\n[Service]\nExecStart=/usr/bin/vpp\n',
  'vpp.service': '[Service]\nExecStart=/usr/bin/vpp\n',
}

const module = {
  kind: 'module',
  name: 'probe',
  text: 'name: probe\ntopology: { connections: [{ name: internal }] }\nvpp_commands: show version\n',
} as const

suite('units', () => {
  test('systemd accepts every unit, and complains of nothing in them', async (t) => {
    if (!(await has('systemd-analyze'))) return t.skip('needs systemd-analyze (apt-get install systemd)')
    const root = join(directory, 'verify')
    const config: RouterConfig = { ...goldenConfig('everything', 'vpp'), modules: [{ name: 'probe', enabled: true, config: {} }] }
    const files = applianceFiles(config, hardwareFor(config), [module]).wanted
    assert.ok(files.some(({ path }) => path === '/etc/systemd/system/vpp-probe.service'))
    for (const file of files) await write(root, file)
    const programs = ['/usr/bin/vpp', '/usr/sbin/tayga', '/sbin/modprobe', `/usr/bin/${places.program}`, places.scripts.coreConfig]
    for (const path of programs) await write(root, { path, ...stub })
    for (const [name, text] of Object.entries(packagedUnits)) await write(root, { path: `/usr/lib/systemd/system/${name}`, text })
    await machine.run(['cp', '-rn', '/usr/lib/systemd/system', join(root, 'usr/lib/systemd/')])
    const units = files.filter(({ path }) => /^\/etc\/systemd\/system\/[^/]+\.(service|timer)$/.test(path)).map(({ path }) => path)
    assert.ok(units.length > 10)
    const ran = await machine.query(['systemd-analyze', 'verify', '--man=no', '--recursive-errors=no', `--root=${root}`, ...units])
    assert.equal(ran.stderr, '')
    assert.equal(ran.stdout, '')
  })

  test('systemd sees a mistake in them', async (t) => {
    if (!(await has('systemd-analyze'))) return t.skip('needs systemd-analyze (apt-get install systemd)')
    const root = join(directory, 'wrong')
    await write(root, { path: '/usr/bin/vpp', ...stub })
    await write(root, { path: '/etc/systemd/system/x.service', text: '[Service]\nExecStart=/usr/bin/vpp\nRestartSeconds=1\n' })
    const ran = await machine.query(['systemd-analyze', 'verify', '--man=no', `--root=${root}`, '/etc/systemd/system/x.service'], {
      statuses: [0, 1],
    })
    assert.match(ran.stderr, /RestartSeconds/)
  })

  test('scripts are what POSIX says, for every configuration', async (t) => {
    const checked = await has('shellcheck')
    const texts = new Map<string, string>()
    for (const name of goldenNames) {
      for (const dataplane of ['linux', 'vpp'] as const) {
        const config = goldenConfig(name, dataplane)
        const { wanted } = applianceFiles(config, hardwareFor(config))
        for (const { path, text } of wanted) if (text.startsWith('#!')) texts.set(text, `${dataplane}-${name}-${path.split('/').at(-1)}`)
      }
    }
    assert.ok(texts.size > 10)
    for (const [text, name] of texts) {
      await write(directory, { path: `/scripts/${name}`, text, mode: 0o755 })
      await machine.query(['sh', '-n', join(directory, 'scripts', name)])
    }
    if (!checked) return t.diagnostic('not linted: needs shellcheck (apt-get install shellcheck)')
    await machine.query(['shellcheck', '--shell=sh', ...[...texts.values()].map((name) => join(directory, 'scripts', name))])
  })

  test('nobody waits for a VPP that has ended', async () => {
    const root = join(directory, 'ended')
    await write(root, waitForVpp())
    await write(root, { path: '/bin/vppctl', text: '#!/bin/sh\nexit 1\n', mode: 0o755 })
    const words = ['sh', join(root, places.scripts.waitForVpp), 'core'] as const
    // A shell that has ended by the time its number is used, as VPP would have.
    const { stdout: ended } = await machine.run(['sh', '-c', 'echo $$'])
    const ran = await machine.run([...words, '3600'], {
      env: { PATH: `${root}/bin:${process.env['PATH'] ?? ''}`, MAINPID: ended.trim() },
      statuses: [1],
    })
    assert.match(ran.stderr, /VPP core has ended/)
  })

  /** Why namespaces cannot be made here; undefined when they can. */
  async function obstacle(): Promise<string | undefined> {
    if (process.getuid?.() !== 0) return 'needs root'
    try {
      await machine.query(['unshare', '--net', '--mount', '--', 'ip', 'link', 'add', 't0', 'type', 'veth', 'peer', 'name', 't1'])
      return undefined
    } catch (error) {
      if (error instanceof Fault) return `needs network and mount namespaces and veth: ${error.message}`
      throw error
    }
  }

  /**
   * A machine of its own: names of namespaces and /usr/local/bin are private to it, and it has cards and a bridge of containers. Runs the
   * scripts of the chain twice, and prints what is there after each time.
   */
  const driver = [
    '#!/bin/sh',
    'set -eu',
    'mount --make-rprivate /',
    'mkdir -p /run/netns',
    'mount -t tmpfs none /run/netns',
    'mount --bind "$1/usr/local/bin" /usr/local/bin',
    'for card in eth0 eth1 eth2; do ip link add "$card" type veth peer name "far-$card"; done',
    'ip link add incusbr0 type bridge',
    'cat > /usr/local/bin/imp <<"END"',
    '#!/bin/sh',
    'echo "imp $*"',
    'END',
    'chmod 755 /usr/local/bin/imp',
    'for time in 1 2; do',
    '  echo "== run $time"',
    '  netns-dataplane.sh',
    '  netns-move-interfaces.sh',
    '  incus-networking.sh',
    "  ip -o link show | sed 's/link\\/ether.*//; s/^[0-9]*: //'",
    "  ip -n dataplane -o link show | sed 's/link\\/ether.*//; s/^[0-9]*: //'",
    '  ip -n dataplane -o -4 address show | sed "s/^[0-9]*: //"',
    '  ip netns exec dataplane sysctl -n net.ipv6.conf.all.keep_addr_on_down',
    'done',
    'ip -n dataplane link delete incus-dataplane',
    'echo "== run 3"',
    'incus-networking.sh',
    'ip -n dataplane -o -4 address show dev incus-dataplane',
    '',
  ].join('\n')

  for (const dataplane of ['linux', 'vpp'] as const) {
    test(`the chain's scripts run twice with the same end, for ${dataplane}`, async (t) => {
      const why = await obstacle()
      if (why !== undefined) return t.skip(why)
      const root = join(directory, `chain-${dataplane}`)
      const everything = goldenConfig('everything', dataplane)
      const interfaces = everything.interfaces.map((port, index) => ({ ...port, nic: { name: `eth${index}` } }))
      const config = { ...everything, interfaces }
      const { wanted } = applianceFiles(config, withoutPci(hardwareFor(config)))
      for (const file of wanted) if (file.path.startsWith('/usr/local/bin/')) await write(root, file)
      await write(root, { path: '/driver', text: driver, mode: 0o755 })
      const ran = await machine.run(['unshare', '--net', '--mount', '--', join(root, 'driver'), root], {
        env: { PATH: `/usr/local/bin:${process.env['PATH'] ?? ''}` },
      })
      const [, first = '', second = '', third = ''] = ran.stdout.split(/== run \d\n/)
      assert.equal(second, first)
      for (const card of ['eth0', 'eth1', 'eth2']) assert.match(first, new RegExp(`^${card}@`, 'm'))
      assert.match(first, /^incus-host@\S+ .* master incusbr0 /m)
      assert.match(first, /^1$/m)
      if (dataplane === 'vpp') assert.match(third, /imp appliance load container/)
      else for (const text of [first, third]) assert.match(text, /incus-dataplane +inet 10\.234\.116\.5\/24/)
    })
  }
})
