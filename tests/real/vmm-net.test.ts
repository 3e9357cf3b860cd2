/** Two machines behind a computer made of namespaces: what they reach, who reaches them, whom they may pretend to be. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { makeDataDirectory, missing, removeDataDirectory, vmmOn, type Vmm } from './vmm-machine-command.ts'

const run = promisify(execFile)
const skip = missing(['qemu-system-x86_64', 'ssh', 'ssh-keyscan', 'ip', 'nft', 'mmdebstrap'], true) ?? false
const computer = `vmh${process.pid}`
const internet = `vmi${process.pid}`

async function inside(namespace: string, file: string, ...words: string[]): Promise<string> {
  return (await run('ip', ['netns', 'exec', namespace, file, ...words])).stdout
}

/** Whether a program ends with status 0 there. */
async function succeeds(namespace: string, file: string, ...words: string[]): Promise<boolean> {
  return inside(namespace, file, ...words).then(
    () => true,
    () => false,
  )
}

async function addNamespaces(): Promise<void> {
  for (const each of [computer, internet]) {
    await run('ip', ['netns', 'add', each])
    await run('ip', ['-n', each, 'link', 'set', 'dev', 'lo', 'up'])
  }
  await run('ip', ['-n', computer, 'link', 'add', 'wan0', 'type', 'veth', 'peer', 'name', 'isp0', 'netns', internet])
  for (const [namespace, device, address] of [
    [computer, 'wan0', '198.51.100.2/24'],
    [internet, 'isp0', '198.51.100.1/24'],
    [internet, 'lo', '203.0.113.10/32'],
  ] as const) {
    await run('ip', ['-n', namespace, 'address', 'add', address, 'dev', device])
    await run('ip', ['-n', namespace, 'link', 'set', 'dev', device, 'up'])
  }
  await run('ip', ['-n', computer, 'route', 'add', 'default', 'via', '198.51.100.1'])
}

/** As Docker and ufw leave it: whatever nobody lets through is dropped. */
async function addForeignFirewall(): Promise<void> {
  await inside(computer, 'nft', 'add', 'table', 'ip', 'filter')
  await inside(computer, 'nft', 'add', 'chain', 'ip', 'filter', 'FORWARD', '{ type filter hook forward priority 0; policy drop; }')
}

describe('the bridge of machines', { skip, concurrency: false }, () => {
  let cli: Vmm
  let first: VmView
  let second: VmView

  const exec = async (name: string, ...words: string[]): Promise<{ status: number; stdout: string }> => {
    const { stdout } = await cli.run('--json', 'exec', name, '--', 'sh', '-c', words.join(' '))
    return JSON.parse(stdout) as { status: number; stdout: string }
  }

  before(async () => {
    await addNamespaces()
    await addForeignFirewall()
    cli = vmmOn(await makeDataDirectory(), computer)
  })
  after(async () => {
    await removeDataDirectory(cli)
    for (const each of [computer, internet]) await run('ip', ['netns', 'delete', each])
  })

  it('is not made where this computer reaches part of its network in another way', async () => {
    await run('ip', ['-n', computer, 'route', 'add', '172.16.5.0/24', 'via', '198.51.100.1'])
    await cli.json('create', 'early')
    const { status, stderr } = await cli.run('start', 'early')
    assert.equal(status, 4)
    assert.match(stderr, /overlaps with 172\.16\.5\.0\/24 on wan0/)
    await run('ip', ['-n', computer, 'route', 'delete', '172.16.5.0/24'])
    assert.doesNotMatch(await inside(computer, 'ip', '-br', 'link'), /vmm-/)
    await cli.json('delete', '--yes', 'early')
  })

  it('comes up with the first machine', async () => {
    first = await cli.json<VmView>('create', 'first', '--memory', '192', '--disk', '64', '--forward', '12022:22')
    second = await cli.json<VmView>('create', 'second', '--memory', '192', '--disk', '64')
    await cli.json('start', 'first', 'second')
    assert.match(await inside(computer, 'ip', '-br', 'address', 'show', 'dev', 'vmm-br0'), /172\.16\.0\.1\/16/)
  })

  it('lets guests out under the address of this computer, past the firewall of somebody else', async () => {
    assert.equal((await exec('first', 'ping', '-c1', '-W10', '203.0.113.10')).status, 0)
    assert.match(await inside(computer, 'nft', 'list', 'table', 'ip', 'filter'), /vmm-br0/)
  })

  it('lets guests reach each other', async () => {
    assert.equal((await exec('first', 'ping', '-c1', '-W10', second.addresses[0]?.split('/')[0] ?? '')).status, 0)
  })

  it('forwards a port from outside, from this computer by its address, and by 127.0.0.1', async () => {
    const [, key = ''] = (await readFile(join(cli.directory, 'machines', first.id, 'host_ed25519.pub'), 'utf8')).split(' ')
    for (const [namespace, address] of [
      [internet, '198.51.100.2'],
      [computer, '198.51.100.2'],
      [computer, '127.0.0.1'],
    ] as const) {
      const shown = await inside(namespace, 'ssh-keyscan', '-T', '20', '-t', 'ed25519', '-p', '12022', address)
      assert.ok(shown.includes(key), `${address} from ${namespace}: ${shown}`)
    }
  })

  it('keeps what others did not ask for away from guests', async () => {
    await run('ip', ['-n', internet, 'route', 'add', '172.16.0.0/16', 'via', '198.51.100.2'])
    assert.equal(await succeeds(internet, 'ping', '-c1', '-W2', second.addresses[0]?.split('/')[0] ?? ''), false)
  })

  it('does not let a guest speak for another address', async () => {
    const gateway = '172.16.0.1'
    assert.equal((await exec('second', 'ping', '-c1', '-W10', gateway)).status, 0)
    const pretend = `ip address add 172.16.200.1/16 dev eth0; ping -c1 -W3 -I 172.16.200.1 ${gateway}; code=$?; ip address delete 172.16.200.1/16 dev eth0; exit $code`
    assert.notEqual((await exec('second', pretend)).status, 0)
  })

  it('keeps a forward while its machine runs, and no longer', async () => {
    await cli.json('stop', 'first')
    const rules = await inside(computer, 'nft', 'list', 'ruleset')
    assert.doesNotMatch(rules, /12022/)
    assert.match(rules, /masquerade/, 'the other machine still needs the rest')
    assert.equal((await exec('second', 'ping', '-c1', '-W10', '203.0.113.10')).status, 0)
  })

  it('goes with the last machine, and leaves the firewall of somebody else as it was', async () => {
    await cli.json('delete', '--yes', '--force', 'first', 'second')
    assert.doesNotMatch(await inside(computer, 'ip', '-br', 'link'), /vmm-/)
    const rules = await inside(computer, 'nft', 'list', 'ruleset')
    assert.doesNotMatch(rules, /vmm/)
    assert.match(rules, /chain FORWARD/)
  })
})
