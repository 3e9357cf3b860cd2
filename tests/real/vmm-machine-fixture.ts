/** Machines in a network namespace of the test's own, and what must not be left of them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { filesBelow, makeDataDirectory, missing, removeDataDirectory, vmmOn, type Vmm } from './vmm-machine-command.ts'

const run = promisify(execFile)

/** Why machines cannot run here, or undefined when they can. */
export function obstacle(): string | undefined {
  return missing(['qemu-system-x86_64', 'ssh', 'ssh-keyscan', 'ss', 'mmdebstrap'], true)
}

/** Pids of the engines of the machine. A dead one that nobody has reaped yet, as in a container without an init, does not count. */
export async function processesOf(id: string): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,stat=,args='])
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/))
  return lines.flatMap(([pid = '', stat = '', ...args]) =>
    !stat.startsWith('Z') && args.join(' ').includes(`process=vmm-${id}`) ? [pid] : [],
  )
}

export interface Machines {
  readonly namespace: string
  /** vmm in the namespace of this computer. */
  readonly cli: Vmm
  /** vmm in the namespace of the test. */
  readonly inside: Vmm
  show(name: string): Promise<VmView>
  /** Links of the namespace, as ip prints them. */
  links(): Promise<string>
  /** Rules of the namespace, as nft prints them. */
  rules(): Promise<string>
  /** Fails when there is more than the document, keys and logs of a machine, and its disk when it once ran. */
  nothingLeft(id: string, disk?: boolean): Promise<void>
  close(): Promise<void>
}

export async function openMachines(): Promise<Machines> {
  const namespace = `vmt${process.pid}`
  const cli = vmmOn(await makeDataDirectory())
  const inside = vmmOn(cli.directory, namespace)
  await run('ip', ['netns', 'add', namespace])
  await run('ip', ['-n', namespace, 'link', 'set', 'dev', 'lo', 'up'])
  const links = async (): Promise<string> => (await run('ip', ['-n', namespace, '-br', 'link'])).stdout
  const rules = async (): Promise<string> => (await run('ip', ['netns', 'exec', namespace, 'nft', 'list', 'ruleset'])).stdout
  return {
    namespace,
    cli,
    inside,
    links,
    rules,
    show: (name) => cli.json<VmView>('show', name),
    async nothingLeft(id, disk = false) {
      assert.deepEqual(await processesOf(id), [])
      assert.doesNotMatch(await links(), new RegExp(`vmm-${id}|vmm-br0`))
      assert.equal(await rules(), '')
      const left = (await filesBelow(cli.directory)).filter((path) => path.includes(id))
      const kept = disk ? /(host_ed25519|known_hosts|^runs\/|journal|log|disk\.ext4)/ : /(host_ed25519|known_hosts|^runs\/|journal|log)/
      const unexpected = left.filter((path) => !path.startsWith('locks/') && !kept.test(path))
      assert.deepEqual(unexpected, [])
    },
    async close() {
      await removeDataDirectory(inside)
      await run('ip', ['netns', 'delete', namespace])
    },
  }
}

/** Kills a start at a step: nothing is left that the next command trips over, a start included when `mended`. */
export async function killedStart(machines: Machines, point: RegExp, mended: boolean): Promise<void> {
  const { inside } = machines
  const { id } = await inside.json<VmView>('create', 'killed', '--memory', '256', '--disk', '64')
  assert.ok(await inside.killedAt(point, 'start', 'killed'), 'it was killed')
  assert.notEqual((await machines.show('killed')).state, 'running')
  if (mended) {
    const started = await inside.json<{ machines: VmView[] }>('start', 'killed')
    assert.equal(started.machines[0]?.state, 'running')
    assert.equal((await inside.json<{ status: number }>('exec', 'killed', '--', 'true')).status, 0)
    assert.equal((await processesOf(id)).length, 1)
  }
  await inside.json('stop', '--kill', 'killed')
  await machines.nothingLeft(id, mended)
  await inside.json('delete', '--yes', 'killed')
}
