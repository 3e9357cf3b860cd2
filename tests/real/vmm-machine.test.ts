/** Machines on real QEMU: a whole life, parallel creation, bad input, and commands that are killed in their middle. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { filesBelow, type Vmm } from './vmm-machine-command.ts'
import { killedStart, obstacle, openMachines, processesOf, type Machines } from './vmm-machine-fixture.ts'

const run = promisify(execFile)
const skip = obstacle() ?? false

describe('machines on real QEMU', { skip, concurrency: false }, () => {
  let machines: Machines
  let cli: Vmm
  let inside: Vmm
  let namespace: string

  before(async () => {
    machines = await openMachines()
    ;({ cli, inside, namespace } = machines)
  })
  after(() => machines.close())

  it('lives a whole life on the bridge: created, started, reached, stopped, started with its data, deleted without a trace', async () => {
    const created = await inside.json<VmView>('create', 'life', '--memory', '256', '--disk', '128')
    assert.equal(created.state, 'created')
    assert.equal(created.network.kind, 'bridge')
    assert.deepEqual(created.addresses, ['172.16.0.2/16'])
    const started = await inside.json<{ machines: VmView[] }>('start', 'life')
    assert.equal(started.machines[0]?.state, 'running')
    assert.match(await machines.links(), new RegExp(`vmm-${created.id}`))
    assert.match(await machines.rules(), /masquerade/)
    const said = await inside.json<{ status: number; stdout: string }>(
      'exec',
      'life',
      '--',
      'sh',
      '-c',
      'hostname; echo "$0" >/root/kept; sync',
      "it's $HOME",
    )
    assert.deepEqual({ status: said.status, stdout: said.stdout }, { status: 0, stdout: 'life' })
    const pinned = await run('ip', ['netns', 'exec', namespace, ...((await machines.show('life')).ssh?.argv ?? []), 'cat', '/root/kept'])
    assert.equal(pinned.stdout, "it's $HOME\n", 'the argv that show tells works as it is')

    const stopped = await inside.json<{ machines: VmView[] }>('stop', 'life')
    assert.equal(stopped.machines[0]?.state, 'stopped')
    assert.match(await readFile(stopped.machines[0].logs.console, 'utf8'), /reboot: /, 'the guest ended itself')
    assert.doesNotMatch(await machines.links(), /vmm-/)
    assert.equal(await machines.rules(), '')

    await inside.json('start', 'life')
    assert.equal((await inside.json<{ stdout: string }>('exec', 'life', '--', 'cat', '/root/kept')).stdout, "it's $HOME")
    const refused = await inside.run('delete', '--yes', 'life')
    assert.equal(refused.status, 5, 'a running machine is not deleted unless forced')
    assert.match(refused.stderr, /life is running\n.*vmm stop life/s)
    await inside.json('delete', '--yes', '--force', 'life')
    await machines.nothingLeft(created.id)
    assert.deepEqual(
      (await filesBelow(cli.directory)).filter((path) => path.includes(created.id) || path.includes('life')),
      [],
    )
  })

  it('gives twenty machines that are created at once twenty addresses and ids', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many${index}`)
    const created = await Promise.all(names.map((name) => inside.json<VmView>('create', name)))
    assert.equal(new Set(created.flatMap(({ addresses }) => addresses)).size, 20)
    assert.equal(new Set(created.map(({ id }) => id)).size, 20)
    const again = await Promise.all(Array.from({ length: 4 }, () => inside.run('create', 'same')))
    assert.deepEqual(
      again.map(({ status }) => status).toSorted((a, b) => a - b),
      [0, 4, 4, 4],
      'one of four gets the name',
    )
    await inside.json('delete', '--yes', ...names, 'same')
    assert.deepEqual((await inside.json<{ machines: VmView[] }>('list', '--all')).machines, [])
  })

  // Killed at every step: tests/long/vmm-machine-kill.test.ts.
  it('leaves nothing of a start that is killed that the next command trips over', () => killedStart(machines, /^wait for the guest/, true))

  it('finishes a deletion that was killed', async () => {
    const { id } = await inside.json<VmView>('create', 'gone', '--network', 'none')
    await inside.json('start', 'gone')
    assert.ok(await inside.killedAt(/^remove the disk/, 'delete', '--yes', '--force', 'gone'))
    await inside.json('delete', '--yes', 'gone')
    await machines.nothingLeft(id)
    assert.equal((await inside.run('show', 'gone')).status, 3)
  })

  it('tells what an engine said last when it dies, undoes the start, and starts again', async () => {
    const { id } = await inside.json<VmView>('create', 'dies', '--memory', '256', '--disk', '64')
    const starting = inside.run('start', 'dies')
    let pid: string | undefined
    while (pid === undefined) pid = (await processesOf(id))[0]
    process.kill(Number(pid), 'SIGKILL')
    const { status, stderr } = await starting
    assert.equal(status, 9, stderr)
    assert.match(stderr, /dies: QEMU ended/)
    const seen = await machines.show('dies')
    assert.equal(seen.state, 'error')
    assert.match(seen.reason ?? '', /QEMU ended/)
    await machines.nothingLeft(id)

    await inside.json('start', 'dies')
    const running = await machines.show('dies')
    process.kill(running.pid ?? assert.fail('no pid'), 'SIGKILL')
    while ((await processesOf(id)).length > 0);
    assert.equal((await machines.show('dies')).state, 'error')
    assert.match((await machines.show('dies')).reason ?? '', /without being asked/)
    assert.equal((await inside.json<{ machines: VmView[] }>('start', 'dies')).machines[0]?.state, 'running')
    await inside.json('delete', '--yes', '--force', 'dies')
    await machines.nothingLeft(id)
  })

  it('moves ssh of the user network when somebody took its port, and keeps a guest without default route in', async () => {
    const created = await cli.json<VmView>('create', 'user', '--network', 'user', '--no-default-route', '--memory', '256', '--disk', '64')
    assert.equal(created.network.kind, 'user')
    const squatter = createServer().listen(created.network.sshPort, '127.0.0.1')
    try {
      const { machines } = await cli.json<{ machines: VmView[] }>('start', 'user')
      const network = machines[0]?.network
      assert.ok(network?.kind === 'user' && network.sshPort !== created.network.sshPort)
    } finally {
      squatter.close()
    }
    assert.equal((await cli.json<{ stdout: string }>('exec', 'user', '--', 'ip', 'route', 'show', 'default')).stdout, '')
    await cli.json('delete', '--yes', '--force', 'user')
    await machines.nothingLeft(created.id)
  })

  it('runs in a namespace of the caller, on TAPs of the caller', async () => {
    const taps = ['a0', 'b0'].map((name) => `${name}${process.pid}`)
    for (const tap of taps) await run('ip', ['-n', namespace, 'tuntap', 'add', 'dev', tap, 'mode', 'tap'])
    const words = taps.flatMap((tap, index) => ['--tap', `${tap}=02:00:5e:00:53:0${index}`])
    const created = await cli.json<VmView>('create', 'wired', '--namespace', namespace, ...words, '--memory', '256', '--disk', '64')
    assert.equal(created.network.kind, 'user')
    await cli.json('start', 'wired')
    const { stdout } = await cli.json<{ stdout: string }>('exec', 'wired', '--', 'ip', '-br', 'link')
    assert.match(stdout, /^eth1 .*02:00:5e:00:53:00/m)
    assert.match(stdout, /^eth2 .*02:00:5e:00:53:01/m)

    await cli.json(
      'create',
      'second',
      '--namespace',
      namespace,
      '--network',
      'none',
      '--tap',
      `${taps[0]}=02:00:5e:00:53:09`,
      '--memory',
      '128',
    )
    const busy = await cli.run('start', 'second')
    assert.equal(busy.status, 9)
    assert.match(busy.stderr, /second: QEMU ended at once/)
    assert.match(busy.stderr, new RegExp(`${taps[0]}.*busy`))
    await cli.json('delete', '--yes', '--force', 'wired', 'second')
    for (const tap of taps) assert.match(await machines.links(), new RegExp(tap), 'TAPs of the caller stay')
    await machines.nothingLeft(created.id)
    for (const tap of taps) await run('ip', ['-n', namespace, 'link', 'delete', 'dev', tap])
  })

  it('copies the image when the guest is to own its disk', async () => {
    await cli.json('create', 'owner', '--disk-mode', 'full', '--network', 'user', '--memory', '256', '--disk', '512')
    await cli.json('start', 'owner')
    const { stdout } = await cli.json<{ stdout: string }>('exec', 'owner', '--', 'stat', '-f', '-c', '%T', '/')
    assert.equal(stdout, 'ext2/ext3')
    await cli.json('delete', '--yes', '--force', 'owner')
  })

  it('refuses what cannot be, says why, and leaves nothing', async () => {
    const key = join(cli.directory, 'private')
    await writeFile(key, '-----BEGIN OPENSSH PRIVATE KEY-----\n')
    const before = await filesBelow(cli.directory)
    const table: readonly (readonly [words: string[], status: number, message: RegExp])[] = [
      [['create', '../x'], 2, /NAME.*lower case/s],
      [['create', 'x', '--memory', '1'], 2, /--memory/],
      [['create', 'x', '--image', 'nowhere'], 3, /no image "nowhere"/],
      [['create', 'x', '--kernel', 'nowhere'], 3, /no kernel "nowhere"/],
      [['create', 'x', '--namespace', 'nowhere'], 3, /no network namespace nowhere/],
      [['create', 'x', '--namespace', namespace, '--network', 'bridge'], 2, /the bridge is not in a namespace/],
      [['create', 'x', '--engine', 'firecracker', '--network', 'user'], 2, /Firecracker has no network user/],
      [['create', 'x', '--tap', 'a=02:00:00:00:00:01', '--tap', 'b=02:00:00:00:00:01'], 2, /same MAC/],
      [['create', 'x', '--tap', 'a=nonsense'], 2, /--tap a=nonsense/],
      [['create', 'x', '--ssh-key', '/nonexistent'], 3, /nonexistent/],
      [['create', 'x', '--ssh-key', key], 2, /is a private key\n.*private\.pub/s],
      [['start', 'nobody'], 3, /no machine "nobody"/],
      [['ssh', 'nobody'], 3, /no machine "nobody"/],
    ]
    for (const [words, status, message] of table) {
      const ended = await cli.run(...words)
      assert.equal(ended.status, status, `vmm ${words.join(' ')}\n${ended.stderr}`)
      assert.match(ended.stderr, message)
    }
    assert.deepEqual(
      (await filesBelow(cli.directory)).filter((path) => !before.includes(path) && !path.startsWith('locks/')),
      [],
    )

    await cli.json('create', 'x', '--network', 'none', '--tap', 'nosuchtap=02:00:00:00:00:01')
    const ended = await cli.run('start', 'x')
    assert.equal(ended.status, 3)
    assert.match(ended.stderr, /no TAP nosuchtap.*ip tuntap add/s)
    await cli.json('delete', '--yes', 'x')
  })

  it('shows what a start would do, and does nothing', async () => {
    const { id } = await inside.json<VmView>('create', 'dry', '--memory', '128')
    const before = await filesBelow(cli.directory)
    const { steps } = await inside.json<{ dryRun: boolean; steps: { kind: string }[] }>('--dry-run', 'start', 'dry')
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      [
        'vmm.run',
        'vmm.keys',
        'vmm.pin',
        'vmm.disk',
        'vmm.initrd',
        'vmm.net.attach',
        'vmm.log',
        'vmm.engine.start',
        'vmm.ready',
        'vmm.reach',
        'vmm.run',
      ],
    )
    assert.deepEqual(
      (await filesBelow(cli.directory)).filter((path) => !before.includes(path) && !path.startsWith('locks/')),
      [],
    )
    await machines.nothingLeft(id)
    assert.equal((await machines.show('dry')).state, 'created')
    await inside.json('delete', '--yes', 'dry')
  })
})
