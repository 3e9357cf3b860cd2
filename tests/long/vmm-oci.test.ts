/** Images pushed to a real registry, imported by a user without rights, and booted: a Debian, an Alpine-shaped one, one without an init. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { localHost } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'
import { imageFile, type Image } from '../../packages/vmm/src/image/model.ts'
import { directory, file, link, symlink, tarOf, type Entry } from '../../packages/vmm/src/image/oci/sample.ts'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { closedToOthers, makeDataDirectory, missing, removeDataDirectory, vmmOn, type Vmm } from '../real/vmm-machine-command.ts'
import { startRegistry, type Registry } from './vmm-oci-registry.ts'

const run = promisify(execFile)
const vmm = new URL('../../bin/vmm', import.meta.url).pathname
const skip =
  missing(['apt-get', 'dpkg-deb', 'busybox', 'setpriv', 'sqfstar', 'unsquashfs', 'qemu-system-x86_64', 'ssh', 'mmdebstrap'], true) ??
  closedToOthers() ??
  false

/** User and group `nobody` and `nogroup` of Debian. */
const nobody = 65_534

const programs = ['cat', 'echo', 'id', 'ls', 'mount', 'pwd', 'sh', 'sleep', 'test', 'touch', 'usleep']

async function busyboxRoot(): Promise<Entry[]> {
  return [
    directory('bin'),
    directory('tmp', { mode: 0o1777 }),
    file('bin/busybox', await readFile('/bin/busybox'), { mode: 0o755 }),
    ...programs.map((name) => symlink(`bin/${name}`, 'busybox')),
    file('etc/passwd', 'root:x:0:0::/root:/bin/sh\nwww:x:33:34::/srv:/bin/sh\n'),
    file('etc/group', 'root:x:0:\nwww:x:34:\n'),
  ]
}

const inittab = '::sysinit:/bin/mount -a\n::sysinit:/bin/touch /started\n::ctrlaltdel:/sbin/reboot\n'

/** Says what it was started with, waits to be told to end, and ends with a status of its own. */
const service = `#!/bin/sh
trap 'echo service: asked to end; exit 0' QUIT
echo "service: $(id -u):$(id -g) $(pwd) $GREETING $*"
until [ -e /tmp/end ]; do usleep 50000; done
exit 7
`

describe('images of a registry', { skip, concurrency: false, timeout: 1_200_000 }, () => {
  let place: string
  let registry: Registry
  let cli: Vmm
  /** Root file system of a Debian. */
  let debian: string

  /** Imports as a user without rights, into a directory of the user's own, and gives what came to the machines of the test. */
  const imported = async (source: string, name: string): Promise<Image> => {
    const own = join(place, 'nobody')
    const words = ['--json', 'image', 'import', source, '--name', name]
    const rights = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs']
    const env = { PATH: process.env['PATH'] ?? '', HOME: own, VMM_DATA_DIR: own }
    const { stdout } = await run('setpriv', [...rights, vmm, ...words], { env, maxBuffer: 1 << 24 })
    await cp(join(own, 'images'), join(cli.directory, 'images'), { recursive: true, filter: (path) => !/\.(lock|building)$/.test(path) })
    assert.deepEqual(
      (await readdir(join(own, 'cache', 'oci'))).filter((each) => !each.endsWith('.lock')),
      [],
    )
    return JSON.parse(stdout) as Image
  }

  const boot = async (name: string, memory = '256'): Promise<VmView> => {
    await cli.json('create', name, '--image', name, '--network', 'user', '--memory', memory, '--disk', '64')
    const { machines } = await cli.json<{ machines: VmView[] }>('start', name)
    assert.equal(machines[0]?.state, 'running')
    return cli.json<VmView>('show', name)
  }

  const inside = async (name: string, ...words: string[]): Promise<string> =>
    (await cli.json<{ stdout: string }>('exec', name, '--', ...words)).stdout.trimEnd()

  before(async () => {
    cli = vmmOn(await makeDataDirectory())
    debian = await realpath(imageFile(cli.directory, (await cli.json<Image>('image', 'show', 'debian')).digest))
    // The images of the test are its own.
    await rm(join(cli.directory, 'images'))
    await mkdir(join(cli.directory, 'images'))
    place = await mkdtemp(join(tmpdir(), 'vmo'))
    await chmod(place, 0o755)
    await mkdir(join(place, 'nobody'))
    await chown(join(place, 'nobody'), nobody, nobody)
    registry = await startRegistry(place)
  })
  after(async () => {
    await registry.close()
    await removeDataDirectory(cli)
    await rm(place, { recursive: true })
  })

  it('a Debian is booted with the owners, links and removals of its layers, and ssh', async () => {
    const tree = join(place, 'tree')
    await run('unsquashfs', ['-quiet', '-no-progress', '-dest', tree, debian])
    await run('tar', ['--create', `--file=${join(place, 'base.tar')}`, '--numeric-owner', `--directory=${tree}`, '.'])
    const base = tarOf([file('srv/gone'), file('srv/kept', 'kept', { uid: 33, gid: 34, mode: 0o4750 }), link('srv/other', 'srv/kept')])
    const top = tarOf([file('srv/.wh.gone', ''), file('srv/.wh.kept', '')])
    const layers = [await readFile(join(place, 'base.tar')), base, top]
    const digest = await registry.push('team/debian', '12', { layers, config: { Cmd: ['bash'] } })
    const image = await imported(`${registry.address}/team/debian:12`, 'deb')
    assert.equal(image.sourceDigest, digest)
    assert.ok(image.packages.some(({ name }) => name === 'dpkg'))
    assert.deepEqual(image.start, { kind: 'ssh' })
    await boot('deb')
    assert.equal(await inside('deb', 'stat', '-c', '%a %u:%g %n', '/srv/other'), '4750 33:34 /srv/other')
    assert.equal(await inside('deb', 'ls', '/srv'), 'other')
    assert.match(await inside('deb', 'cat', '/etc/os-release'), /^ID=debian$/m)
    await cli.json('stop', 'deb')
  })

  it('an Alpine as registries have it, whose inittab calls an OpenRC that is not there, is used over ssh', async () => {
    const parts = [
      directory('sbin'),
      symlink('sbin/init', '/bin/busybox'),
      file('etc/alpine-release', '3.20.3\n'),
      file('etc/inittab', '::sysinit:/sbin/openrc sysinit\n::wait:/sbin/openrc default\n'),
      file('lib/apk/db/installed', 'P:busybox\nV:1.36.1-r29\n\nP:musl\nV:1.2.5-r0\n'),
    ]
    const layers = [tarOf(await busyboxRoot()), tarOf(parts)]
    await registry.push('team/alpine', '3.20', { layers, config: { Cmd: ['/bin/sh'] } })
    const image = await imported(`${registry.address}/team/alpine:3.20`, 'apk')
    assert.deepEqual(image.start, { kind: 'ssh' })
    assert.deepEqual(image.packages, [
      { name: 'busybox', version: '1.36.1-r29' },
      { name: 'musl', version: '1.2.5-r0' },
    ])
    await boot('apk')
    assert.equal(await inside('apk', 'cat', '/etc/alpine-release'), '3.20.3')
    assert.equal(await inside('apk', 'sh', '-c', 'echo kept >/root-file && cat /root-file && id -u'), 'kept\n0')
    await cli.json('stop', 'apk')
  })

  it('an Alpine-shaped one starts with the init of its own', async () => {
    const layer = tarOf([...(await busyboxRoot()), directory('sbin'), symlink('sbin/init', '/bin/busybox'), file('etc/inittab', inittab)])
    await registry.push('team/alpine', 'latest', { layers: [layer], config: { Cmd: ['/bin/sh'] } })
    const image = await imported(`${registry.address}/team/alpine`, 'alp')
    assert.deepEqual(image.start, { kind: 'init', program: '/sbin/init' })
    await boot('alp')
    assert.equal(await inside('alp', 'cat', '/proc/1/comm'), 'init')
    assert.equal(await inside('alp', 'ls', '/started'), '/started')
    await cli.json('stop', 'alp')
  })

  it('one without an init runs its command as its user, and ends with it', async () => {
    const layer = tarOf([...(await busyboxRoot()), file('srv/run', service, { mode: 0o755 })])
    const config = {
      Entrypoint: ['./run'],
      Cmd: ["it's", '$HOME'],
      Env: ['GREETING=a  b'],
      User: 'www',
      WorkingDir: '/srv',
      StopSignal: 'SIGQUIT',
    }
    const digest = await registry.push('team/web', '1', { layers: [layer], config })
    const image = await imported(`${registry.address}/team/web@${digest}`, 'web')
    assert.equal(image.start?.kind, 'command')
    const { logs } = await boot('web')
    const says = async (words: string): Promise<boolean> => (await readFile(logs.console, 'utf8')).replaceAll('\r', '').includes(words)
    await until(localHost().clock, { what: 'the service', timeout: 60_000 }, () => says("service: 33:34 /srv a  b it's $HOME\n"))
    assert.equal(await inside('web', 'sh', '-c', 'touch /tmp/end'), '')
    await until(localHost().clock, { what: 'the end of the service', timeout: 60_000 }, () =>
      says('vmm: the command of the image ended with status 7\n'),
    )
    const { clock } = localHost()
    const state = await until(clock, { what: 'the end of the machine', timeout: 60_000 }, async () => {
      const shown = (await cli.json<VmView>('show', 'web')).state
      return shown === 'running' ? undefined : shown
    })
    assert.equal(state, 'stopped')
  })

  it('its command is asked by the signal of its own when the machine is stopped', async () => {
    // The file that ended it lies in /tmp, on the disk of the machine.
    const { logs } = await cli.json<VmView>('show', 'web')
    await cli.json('delete', '--yes', 'web')
    await boot('web')
    const { logs: now } = await cli.json<VmView>('show', 'web')
    assert.notEqual(now.console, logs.console)
    await cli.json('stop', 'web')
    assert.match(await readFile(now.console, 'utf8'), /service: asked to end/)
  })
})
