/** Firewalls of others, the real ones: machines get through while they run, and leave nothing; what a reload takes away is repaired. */
import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '@imp/kit/host/local.ts'
import { until } from '@imp/kit/host/until.ts'
import { lookAtNetwork } from '../../packages/vmm/src/doctor/network.ts'
import { repair } from '../../packages/vmm/src/net/bridge.ts'
import { missing } from '../real/vmm-machine-command.ts'
import { makeComputer, type Computer, type Network } from '../real/vmm-net-fixture.ts'

const run = promisify(execFile)
const common = ['ip', 'nft', 'bridge', 'sysctl', 'nsenter']

/** A computer with an uplink, and somebody behind it who answers. */
async function online(prefix: string): Promise<{ computer: Computer; internet: string; network: Network }> {
  const computer = await makeComputer(prefix)
  const { ip, inside, name } = computer
  const internet = await computer.addNamespace(`${name}i`)
  await ip('link', 'add', 'wan0', 'type', 'veth', 'peer', 'name', 'isp0', 'netns', internet)
  await ip('address', 'add', '198.51.100.2/24', 'dev', 'wan0')
  await ip('link', 'set', 'dev', 'wan0', 'up')
  await inside(internet, 'ip', 'address', 'add', '198.51.100.1/24', 'dev', 'isp0')
  await inside(internet, 'ip', 'link', 'set', 'dev', 'isp0', 'up')
  await ip('route', 'add', 'default', 'via', '198.51.100.1')
  await computer.serve(internet, 'tcp', 7000)
  return { computer, internet, network: computer.network({ bridge: 'vmm-br0', subnet: '172.16.0.0/16', gateway: '172.16.0.1' }) }
}

/** What holds while a machine runs behind the firewall. */
async function passes({ computer, internet, guest }: { computer: Computer; internet: string; guest: string }): Promise<void> {
  assert.equal(await computer.ask(guest, 'tcp', '198.51.100.1', 7000), '198.51.100.2')
  assert.equal(await computer.ask(internet, 'tcp', '198.51.100.2', 8080), '198.51.100.1')
}

const firewalldSkip = missing([...common, 'firewalld', 'firewall-cmd', 'dbus-daemon'], true) ?? false

describe('firewalld', { skip: firewalldSkip, concurrency: false }, () => {
  let directory: string
  let computer: Computer
  let internet: string
  let network: Network
  let guest: string
  let untouched: string
  const daemons: ChildProcess[] = []

  const environment = (): NodeJS.ProcessEnv => ({ ...process.env, DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${join(directory, 'bus')}` })
  const command = async (...words: string[]): Promise<string> =>
    (await run('ip', ['netns', 'exec', computer.name, 'firewall-cmd', ...words], { env: environment() })).stdout.trim()
  const launch = (...argv: string[]): void => {
    daemons.push(spawn('ip', ['netns', 'exec', computer.name, ...argv], { env: environment(), stdio: 'ignore' }))
  }
  const diagnosis = async (): Promise<string[]> => {
    const subject = { name: 'vmm-br0', subnet: '172.16.0.0/16', bridges: ['vmm-br0'], taps: new Set<string>() }
    const found = await lookAtNetwork(computer.host, subject)
    return found.flatMap(({ severity, remedy }) => (severity === 'problem' ? [remedy ?? ''] : []))
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vmw'))
    ;({ computer, internet, network } = await online('vmw'))
    const policy = '<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>'
    await writeFile(
      join(directory, 'bus.conf'),
      `<busconfig><type>system</type><listen>unix:path=${directory}/bus</listen><auth>EXTERNAL</auth><policy context="default"><allow user="*"/>${policy}</policy></busconfig>`,
    )
    await mkdir(join(directory, 'etc'))
    launch('dbus-daemon', `--config-file=${join(directory, 'bus.conf')}`, '--nofork', '--nopidfile')
    launch('firewalld', '--nofork', '--nopid', '--system-config', join(directory, 'etc'), '--log-file', join(directory, 'log'))
    await until(systemClock, { timeout: 120_000, interval: 200, what: 'firewalld' }, () =>
      command('--state').then(
        (state) => state === 'running',
        () => false,
      ),
    )
    untouched = await computer.rules()
    guest = await computer.guest(network, '0000000a', { address: '172.16.0.2', forwards: [{ host: 8080, guest: 80 }] })
    await computer.serve(guest, 'tcp', 80)
  })
  after(async () => {
    for (const each of daemons.toReversed()) {
      const ended = each.exitCode === null && each.signalCode === null ? once(each, 'exit') : undefined
      each.kill('SIGKILL')
      await ended
    }
    await computer.close()
    await rm(directory, { recursive: true, force: true })
  })

  it('lets machines out and forwards in while they run', async () => {
    assert.match(untouched, /chain filter_FORWARD \{[^]*reject with icmpx admin-prohibited/)
    await passes({ computer, internet, guest })
    assert.deepEqual(await diagnosis(), [])
  })

  it('forgets them at a reload, which vmm doctor tells and vmm network repair mends', async () => {
    await command('--reload')
    assert.ok(await computer.silent([guest, 'tcp', '198.51.100.1', 7000]))
    assert.deepEqual(await diagnosis(), ['vmm network repair'])
    assert.equal(await repair(computer.host, network.paths, network.settings), 1)
    assert.deepEqual(await diagnosis(), [])
    await passes({ computer, internet, guest })
  })

  it('is as it was when the last machine has gone', async () => {
    await computer.leave(network, '0000000a')
    assert.equal(await computer.rules(), untouched)
  })
})

describe('rules that are flushed as a whole', { skip: missing(common, true) ?? false, concurrency: false }, () => {
  it('are written anew by vmm network repair, for machines that are there', async () => {
    const { computer, internet, network } = await online('vmx')
    try {
      assert.equal(await repair(computer.host, network.paths, network.settings), 0)
      const guest = await computer.guest(network, '0000000b', { address: '172.16.0.2', forwards: [{ host: 8080, guest: 80 }] })
      await computer.serve(guest, 'tcp', 80)
      const rules = await computer.rules()
      await computer.inside(computer.name, 'nft', 'flush', 'ruleset')
      assert.equal(await repair(computer.host, network.paths, network.settings), 1)
      assert.equal(await computer.rules(), rules)
      await passes({ computer, internet, guest })
    } finally {
      await computer.close()
    }
  })
})

const legacySkip = missing([...common, 'iptables-legacy', 'ip6tables-legacy'], true) ?? false

describe('iptables, the old one and that on nftables', { skip: legacySkip, concurrency: false }, () => {
  const closed = [
    ['a policy', ['-P', 'FORWARD', 'DROP']],
    ['a last rule', ['-A', 'FORWARD', '-j', 'REJECT']],
  ] as const
  for (const program of ['iptables-legacy', 'iptables-nft']) {
    for (const [title, words] of closed) {
      it(`${program} that is closed by ${title} lets machines pass while they run`, async (t) => {
        const { computer, internet, network } = await online('vmy')
        const { inside, name } = computer
        try {
          const works = await inside(
            name,
            program,
            '-w',
            '-A',
            'FORWARD',
            '-i',
            'docker0',
            '-m',
            'comment',
            '--comment',
            'theirs',
            '-j',
            'ACCEPT',
          ).then(
            () => true,
            () => false,
          )
          if (!works) return t.skip(`needs a kernel with ${program}`)
          await inside(name, program, '-w', ...words)
          const seen = async (): Promise<string> => `${await inside(name, program, '-S')}${await computer.rules()}`
          const untouched = await seen()
          const guest = await computer.guest(network, '0000000c', { address: '172.16.0.2', forwards: [{ host: 8080, guest: 80 }] })
          await computer.serve(guest, 'tcp', 80)
          await passes({ computer, internet, guest })
          // A second machine writes everything once more, and nothing twice.
          await computer.guest(network, '0000000d', { address: '172.16.0.3' })
          const marks = (await inside(name, program, '-S', 'FORWARD')).match(/vmm vmm-br0/g)
          assert.equal(marks?.length, 2)
          await computer.leave(network, '0000000c')
          await computer.leave(network, '0000000d')
          // Counters are those of packets, not of rules.
          const rules = (text: string): string => text.replaceAll(/packets \d+ bytes \d+/g, '')
          assert.equal(rules(await seen()), rules(untouched))
        } finally {
          await computer.close()
        }
      })
    }
  }
})
