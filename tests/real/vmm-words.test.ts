/** Words about machines that need no guest: selection, counts, documents of another program, reading without root. */
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { after, before, describe, it } from 'node:test'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { closedToOthers, isRoot, vmmOn, type Vmm } from './vmm-machine-command.ts'

const run = promisify(execFile)

/** As the program wrote it that made the first machines. */
const legacy = {
  id: '1a2b3c4d',
  name: 'old1',
  state: 'running',
  cpus: 2,
  memory_mb: 1024,
  disk_size_mb: 4096,
  image: 'ubuntu-base',
  kernel_path: '/var/lib/vmm/images/kernels/vmlinux.bin',
  rootfs_path: '/var/lib/vmm/vms/old1.ext4',
  ip_address: '172.16.0.9',
  tap_device: 'vmm-1a2b3c4d',
  mac_address: 'AA:FC:00:31:61:32',
  ssh_port: 22,
  ssh_public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDtestkeytestkeytestkeytestkeytestkeytest ada@home\n',
  dns_servers: null,
  socket_path: '/var/lib/vmm/sockets/old1.sock',
  pid: 4_000_000,
  auto_start: true,
  created_at: '2026-01-02T03:04:05.123456789+01:00',
  port_forwards: [{ host_port: 8080, guest_port: 80, protocol: 'tcp' }],
  mounts: [{ host_path: '/srv/site', guest_tag: 'site', read_only: true, image_path: '/var/lib/vmm/mounts/old1-site.ext4' }],
}

describe('words about machines', { concurrency: false }, () => {
  let cli: Vmm
  before(async () => {
    cli = vmmOn(await mkdtemp(join(tmpdir(), 'vmw')))
    await chmod(cli.directory, 0o755)
  })
  after(() => rm(cli.directory, { recursive: true, force: true }))

  it('make several machines at once, all or none', async () => {
    const { machines } = await cli.json<{ machines: VmView[] }>('create', 'web', '--count', '3', '--network', 'none')
    assert.deepEqual(
      machines.map(({ name }) => name),
      ['web-1', 'web-2', 'web-3'],
    )
    await cli.json('create', 'db-2', '--network', 'none')
    assert.equal((await cli.run('create', 'db', '--count', '3', '--network', 'none')).status, 4)
    assert.equal((await cli.run('run', 'db', '--count', '3', '--network', 'none')).status, 4)
    assert.match((await cli.run('run', 'more', '--count', '2', '--dry-run')).stdout, /create more-1\n +create more-2\n/)
    assert.deepEqual(
      (await cli.json<{ machines: VmView[] }>('ps', '-a')).machines.map(({ name }) => name),
      ['db-2', 'web-1', 'web-2', 'web-3'],
    )
  })

  it('find a machine by the beginning of its id, and print several as JSON', async () => {
    const shown = await cli.json<VmView>('show', 'web-1')
    assert.equal((await cli.json<VmView>('show', shown.id.slice(0, 6))).name, 'web-1')
    const { stdout } = await cli.run('inspect', 'web-1', 'db-2')
    assert.deepEqual(
      (JSON.parse(stdout) as VmView[]).map(({ name }) => name),
      ['web-1', 'db-2'],
    )
  })

  it('take names or --all, not both and not nothing', async () => {
    assert.match((await cli.run('start')).stderr, /no machine is named/)
    assert.match((await cli.run('stop', 'web-1', '--all')).stderr, /name none beside it/)
    assert.match((await cli.run('start', 'web-9')).stderr, /did you mean web-/)
    assert.match((await cli.run('run', 'x', '--rm')).stderr, /--rm needs a command/)
    assert.match((await cli.run('cp', 'a', 'b')).stderr, /one of both must be in a machine/)
    assert.match((await cli.run('cp', '/etc/hostname', 'web-1:/tmp/')).stderr, /web-1 is created/)
  })

  it('start behind each other in no circle, also by a name that somebody waits for', async () => {
    await cli.json('create', 'late', '--network', 'none', '--after', 'db-2')
    await cli.json('rename', 'db-2', 'first')
    assert.deepEqual((await cli.json<VmView>('show', 'late')).after, ['first'])
    await cli.json('delete', '-f', 'first')
    assert.match((await cli.run('create', 'first', '--network', 'none', '--after', 'late')).stderr, /wait for each other: first, late/)
    await cli.json('create', 'db-2', '--network', 'none', '--after', 'late')
    assert.match((await cli.run('rename', 'db-2', 'first')).stderr, /wait for each other: first, late/)
    await cli.json('delete', '-f', 'late')
  })

  it('remember what happened', async () => {
    const { events } = await cli.json<{ events: { name: string; event: string }[] }>('events', 'web-2')
    assert.deepEqual(
      events.map(({ event }) => event),
      ['created'],
    )
  })

  it('read the documents of baremetalvmm, and say why their machines are not started', async () => {
    const path = join(cli.directory, 'vms', 'old1.json')
    await writeFile(path, JSON.stringify(legacy))
    const { machines } = await cli.json<{ machines: VmView[] }>('list', '--all')
    const old = machines.find(({ name }) => name === 'old1')
    assert.ok(old)
    assert.deepEqual([old.id, old.cpus, old.memory, old.disk, old.image], ['1a2b3c4d', 2, 1024, 4096, 'ubuntu-base'])
    assert.deepEqual(old.addresses, ['172.16.0.9/16'])
    assert.deepEqual(old.mounts, [{ path: '/srv/site', tag: 'site', readOnly: true }])
    assert.equal(old.created, '2026-01-02T02:04:05.123Z')
    const started = await cli.run('start', 'old1')
    assert.notEqual(started.status, 0)
    assert.match(started.stderr, /old1 cannot be started: it was made by baremetalvmm.*old1\.ext4/)
    assert.deepEqual(JSON.parse(await readFile(path, 'utf8')), legacy, 'nothing is written into it')
    await writeFile(join(cli.directory, 'vms', 'bad.json'), JSON.stringify({ ...legacy, name: 'bad', id: '../../x' }))
    assert.match((await cli.run('list')).stderr, /bad\.json/)
    await rm(join(cli.directory, 'vms', 'bad.json'))
    await cli.json('delete', '-f', 'old1')
  })

  it('are readable without root, and secrets are not', { skip: isRoot ? false : 'needs root' }, async (t) => {
    await mkdir(join(cli.directory, 'keys'), { recursive: true, mode: 0o700 })
    const node = process.execPath
    const main = new URL('../../packages/vmm/src/main.ts', import.meta.url).pathname
    const closed = closedToOthers()
    if (closed !== undefined) return t.skip(closed)
    const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--']
    const words = [...asNobody, node, main, '--json', 'list', '--all']
    const env = { ...process.env, VMM_DATA_DIR: cli.directory, HOME: '/nonexistent', XDG_CACHE_HOME: '/nonexistent' }
    const { stdout } = await run('setpriv', words, { env })
    assert.equal((JSON.parse(stdout) as { machines: VmView[] }).machines.length, 4)
    assert.equal((await stat(join(cli.directory, 'keys'))).mode & 0o077, 0)
  })

  it('delete without asking when --force says so, and only what is named otherwise', async () => {
    assert.equal((await cli.run('rm', 'web-1')).status, 2)
    await cli.json('rm', '-f', 'web-1', 'web-2')
    await cli.json('delete', '--yes', '--all')
    assert.deepEqual((await cli.json<{ machines: VmView[] }>('list', '--all')).machines, [])
    for (const [word, told] of Object.entries({ stop: 'no machine runs', delete: 'there are no machines' }))
      assert.equal((await cli.run(word, '--all', '--yes')).stdout.trim(), told)
  })
})
