/** Words about machines that need a guest on real QEMU: run, logs, cp, stats, events, restart, reading without root. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'
import { longestLog } from '../../packages/vmm/src/console/keep.ts'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { openTerminal, terminalObstacle } from '../real/tmux-fixture.ts'
import { closedToOthers, makeDataDirectory, missing, removeDataDirectory, vmmOn, type Vmm } from '../real/vmm-machine-command.ts'

const run = promisify(execFile)
const vmm = new URL('../../bin/vmm', import.meta.url).pathname
const skip = missing(['qemu-system-x86_64', 'ssh', 'ssh-keyscan', 'ss', 'mmdebstrap', 'setpriv'], true) ?? false

describe('words about machines that run on real QEMU', { skip, concurrency: false }, () => {
  let cli: Vmm
  let work: string
  before(async () => {
    cli = vmmOn(await makeDataDirectory())
    await chmod(cli.directory, 0o755)
    work = await mkdtemp(join(tmpdir(), 'vmw'))
  })
  after(async () => {
    await removeDataDirectory(cli)
    await rm(work, { recursive: true, force: true })
  })

  const environment = (): NodeJS.ProcessEnv => ({ ...process.env, VMM_DATA_DIR: cli.directory, NO_COLOR: '1' })

  /** A command that goes on until it is interrupted. */
  const follow = (...words: string[]) => {
    const child = spawn(vmm, words, { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'close')
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (shown += chunk))
    return {
      shown: () => shown,
      sees: (expected: RegExp) =>
        until(systemClock, { timeout: 90_000, what: String(expected) }, () => Promise.resolve(expected.test(shown))),
      async interrupt(): Promise<unknown> {
        child.kill('SIGINT')
        return ((await ended) as unknown[])[0]
      },
    }
  }

  const guest = async (...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await cli.json<{ status: number; stdout: string; stderr: string }>('exec', 'w1', '--', ...words)
    assert.equal(status, 0, stderr)
    return stdout
  }

  it('run makes, starts and asks in one word, --count several; --rm leaves nothing, whatever the status', async () => {
    const made = await cli.run('run', 'once', '--network', 'user', '--memory', '256', '--rm', '--', 'sh', '-c', 'hostname; exit 7')
    assert.equal(made.status, 7, made.stderr)
    assert.match(made.stdout, /^once$/m)
    assert.equal((await cli.run('show', 'once')).status, 3)
    const run = ['run', 'two', '--count', '2', '--network', 'user', '--memory', '192', '--rm']
    const both = await cli.run(...run, '--', 'sh', '-c', 'hostname; [ "$(hostname)" = two-1 ]')
    assert.equal(both.status, 1, both.stderr)
    assert.match(both.stdout, /^two-1: two-1\ntwo-2: two-2$/m)
    assert.deepEqual(await cli.json('list', '--all'), { machines: [], hidden: 0 })
    const { machine } = await cli.json<{ machine: VmView }>('run', 'w1', '--network', 'user', '--memory', '256')
    assert.equal(machine.state, 'running')
  })

  it('logs print the console without what steers a terminal', async () => {
    const { stdout } = await cli.run('logs', 'w1')
    assert.match(stdout, /vmm: ready/)
    assert.ok(!stdout.includes('\u001b'))
    assert.equal((await cli.run('logs', 'w1', '-n', '1')).stdout.trim().split('\n').length, 1)
  })

  it('exec passes standard input on, all of it, and ends as the command did', async () => {
    const child = spawn(vmm, ['exec', 'w1', '--', 'sh', '-c', 'wc -c; exit 9'], { env: environment(), stdio: ['pipe', 'pipe', 'inherit'] })
    const said = text(child.stdout)
    const ended = once(child, 'close')
    child.stdin.end('x'.repeat(1 << 20))
    assert.equal((await said).trim(), String(1 << 20))
    assert.deepEqual(await ended, [9, null])
  })

  it('logs -f and stats --watch tell what comes, until they are interrupted', async () => {
    const logs = follow('logs', 'w1', '-f', '-n', '0')
    const stats = follow('stats', 'w1', '--watch')
    try {
      await stats.sees(/^w1 .*\n[^]*^w1 /m)
      // What is printed before it looks is told by no one: it is printed until it is seen.
      await until(systemClock, { timeout: 90_000, interval: 500, what: 'the line of the log' }, async () => {
        await guest('sh', '-c', 'echo told-on-the-console >/dev/console')
        return /told-on-the-console/.test(logs.shown())
      })
    } finally {
      assert.deepEqual([await logs.interrupt(), await stats.interrupt()], [130, 130])
    }
  })

  it('console shows what was printed before, gives both ways, and ctrl-] ends it', { skip: terminalObstacle() ?? false }, async () => {
    const terminal = await openTerminal([vmm, 'console', 'w1'], {
      directory: work,
      name: 'console',
      environment: { VMM_DATA_DIR: cli.directory },
    })
    try {
      await terminal.see(/console of w1; ctrl-\] detaches[^]*vmm: ready/)
      await terminal.type('', 'Enter')
      await terminal.see(/# ?$/)
      await terminal.type('echo the answer is $((6*7))', 'Enter')
      await terminal.see(/^the answer is 42$/m)
      await terminal.type('', 'C-]')
      await terminal.see(/detached\nended with 0/)
    } finally {
      await terminal.hangUp()
    }
    assert.equal((await cli.json<VmView>('show', 'w1')).state, 'running')
  })

  it('a guest that prints for ever does not fill the disk: a long log is cut, and goes on where it begins', async () => {
    const { console: log } = (await cli.json<VmView>('show', 'w1')).logs
    const size = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0
    // A serial port that is translated takes minutes for as much.
    await appendFile(log, `${'x'.repeat(79)}\n`.repeat(longestLog / 64))
    await until(systemClock, { timeout: 90_000, what: 'the former part of the log' }, async () => (await size(`${log}.1`)) === longestLog)
    await until(systemClock, { timeout: 90_000, what: 'the log to be short' }, async () => (await size(log)) < longestLog)
    await guest('sh', '-c', 'echo after-the-cut >/dev/console')
    await until(systemClock, { timeout: 90_000, what: 'the line behind the cut' }, async () =>
      (await readFile(log, 'utf8')).includes('after-the-cut'),
    )
    assert.doesNotMatch(await readFile(log, 'utf8'), /\0/, 'the engine goes on at the start of the file')
  })

  it('rename gives a machine that runs another name, by which all of it is found', async () => {
    const { id } = await cli.json<VmView>('show', 'w1')
    await cli.json('rename', 'w1', 'shop1')
    assert.equal((await cli.run('show', 'w1')).status, 3)
    const shown = await cli.json<VmView>('show', 'shop1')
    assert.deepEqual([shown.id, shown.state], [id, 'running'])
    assert.equal(await readlink(join(cli.directory, 'logs', 'shop1.log')), `../machines/${id}/console.log`)
    assert.equal((await cli.run('exec', 'shop1', '--', 'true')).status, 0)
    await cli.json('rename', id.slice(0, 6), 'w1')
    assert.deepEqual(await readdir(join(cli.directory, 'logs')), ['w1.log'])
  })

  it('cp brings trees in and out, merges, keeps modes, and trusts nothing that a guest sends', async () => {
    const site = join(work, 'site')
    await run('mkdir', ['-p', join(site, 'a b')])
    await writeFile(join(site, 'a b', 'x'), 'x')
    await chmod(join(site, 'a b', 'x'), 0o755)
    await symlink('x', join(site, 'a b', 'link'))
    for (const _ of [1, 2]) await cli.json('cp', site, 'w1:/srv')
    assert.equal(await guest('stat', '-c', '%a %U', '/srv/site/a b/x'), '755 root')
    assert.equal(await guest('readlink', '/srv/site/a b/link'), 'x')
    await cli.json('cp', join(site, 'a b', 'x'), 'w1:/root/renamed')
    assert.equal(await guest('cat', '/root/renamed'), 'x')
    await guest('sh', '-c', 'mkdir /srv/evil; cd /srv/evil; mknod null c 1 3; cp /bin/true suid; chmod 6755 suid; ln -s /etc/shadow s')
    await cli.json('cp', 'w1:/srv/evil', work)
    assert.deepEqual((await run('ls', [join(work, 'evil')])).stdout.trim().split('\n'), ['s', 'suid'])
    assert.equal((await stat(join(work, 'evil', 'suid'))).mode & 0o7000, 0)
    await cli.json('cp', 'w1:/etc/hostname', join(work, 'name'))
    assert.equal((await readFile(join(work, 'name'), 'utf8')).trim(), 'w1')
    assert.notEqual((await cli.run('cp', 'w1:/no/such', work)).status, 0)
    assert.match((await cli.run('cp', site, 'w1:/no/such/place')).stderr, /there is no directory \/no\/such/)
    assert.deepEqual(
      (await run('ls', ['-A', work])).stdout
        .trim()
        .split('\n')
        .filter((name) => name.startsWith('.vmm')),
      [],
    )
  })

  it('stats tell what it uses', async () => {
    const { machines } = await cli.json<{ machines: { name: string; memory: number; memoryLimit: number; disk: number }[] }>('stats', 'w1')
    const [usage] = machines
    assert.ok(usage !== undefined && usage.memory > 1 << 20 && usage.disk > 0)
    assert.equal(usage.memoryLimit, 256 << 20)
  })

  it('whoever is not root sees its state and not its keys', { skip: closedToOthers() ?? false }, async () => {
    const main = new URL('../../packages/vmm/src/main.ts', import.meta.url).pathname
    const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--']
    const env = { ...process.env, VMM_DATA_DIR: cli.directory, HOME: '/nonexistent', XDG_CACHE_HOME: '/nonexistent' }
    const { stdout } = await run('setpriv', [...asNobody, process.execPath, main, '--json', 'list'], { env })
    const [seen] = (JSON.parse(stdout) as { machines: VmView[] }).machines
    assert.equal(seen?.state, 'running')
    assert.equal(seen.pid, (await cli.json<VmView>('show', 'w1')).pid)
    await assert.rejects(run('setpriv', [...asNobody, 'ls', join(cli.directory, 'machines', seen.id)]))
    await assert.rejects(run('setpriv', [...asNobody, process.execPath, main, 'stop', 'w1'], { env }), /permission denied/)
  })

  it('restart keeps what the machine wrote; events tell all of it, also an end that nobody asked for', async () => {
    await guest('sh', '-c', 'echo kept >/root/kept; sync')
    await cli.json('restart', 'w1')
    assert.equal(await guest('cat', '/root/kept'), 'kept')
    const { events } = await cli.json<{ events: { event: string }[] }>('events', 'w1')
    assert.deepEqual(
      events.map(({ event }) => event),
      ['created', 'starting', 'running', 'stopping', 'stopped', 'starting', 'running'],
    )
    const env = { ...process.env, VMM_DATA_DIR: cli.directory }
    const following = spawn(vmm, ['--json', 'events', 'w1', '--follow'], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await cli.run('exec', 'w1', '--', 'sh', '-c', 'kill -INT 1')
      for await (const line of createInterface({ input: following.stdout })) {
        assert.equal((JSON.parse(line) as { event: string }).event, 'stopped')
        break
      }
    } finally {
      following.kill('SIGINT')
      if (following.exitCode === null) await once(following, 'close')
    }
    assert.equal((await cli.json<VmView>('show', 'w1')).state, 'stopped', 'the guest ended itself')
    await cli.json('rm', '-f', 'w1')
  })
})
