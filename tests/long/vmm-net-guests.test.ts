/** Networks as guests see them: several of one machine, IPv6, MTU, forwards of both protocols and families, isolation and an allow-list. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { VmView } from '../../packages/vmm/src/vm/model.ts'
import { makeDataDirectory, missing, removeDataDirectory, vmmOn, type Vmm } from '../real/vmm-machine-command.ts'
import { addInternet, makeComputer, moveDefaultRoute, type Computer } from '../real/vmm-net-fixture.ts'

const skip = missing(['qemu-system-x86_64', 'ssh', 'ssh-keyscan', 'ip', 'nft', 'mmdebstrap'], true) ?? false

/** Answers every datagram of both families; perl is in every Debian. */
const echo = `use Socket qw(:all); socket(S, PF_INET6, SOCK_DGRAM, 0) or die; bind(S, pack_sockaddr_in6(53, IN6ADDR_ANY)) or die; while (defined(my $from = recv(S, my $text, 512, 0))) { send(S, 'here', 0, $from) }`

describe('guests on networks', { skip, concurrency: false }, () => {
  let computer: Computer
  let internet: string
  let cli: Vmm
  let gateway: VmView
  let lone: VmView

  const exec = async (name: string, ...words: string[]): Promise<{ status: number; stdout: string }> => {
    const { stdout } = await cli.run('--json', 'exec', name, '--', ...words)
    return JSON.parse(stdout) as { status: number; stdout: string }
  }
  /** What a server says to a guest that connects; undefined when there is none within the seconds. */
  const hears = async (name: string, address: string, port: number, seconds: number): Promise<string | undefined> => {
    const words = ['timeout', String(seconds), 'bash', '-c', 'exec 3<>"/dev/tcp/$0/$1" && head -c 64 <&3', address, String(port)]
    const { status, stdout } = await exec(name, ...words)
    return status === 0 ? stdout.trim().replace(/^::ffff:/, '') : undefined
  }

  /** Nobody answers any of these, asked at the same time. */
  const silent = async (...questions: [name: string, address: string, port: number][]): Promise<void> => {
    const answers = await Promise.all(questions.map((question) => hears(...question, 3)))
    assert.deepEqual(
      answers,
      questions.map(() => undefined),
    )
  }

  before(async () => {
    computer = await makeComputer('vmg')
    internet = await addInternet(computer)
    await Promise.all([7000, 7001].map((port) => computer.serve(internet, 'tcp', port)))

    cli = vmmOn(await makeDataDirectory(), computer.name)
    const allow = ['--egress', 'allow-list', '--allow', '198.51.100.1:7000', '--allow', '[2001:db8:1::1]:7000']
    await cli.json('network', 'create', 'front', '--subnet', '172.21.0.0/24', '--subnet6', 'fd00:21::/64', '--mtu', '1400', ...allow)
    await cli.json('network', 'create', 'back', '--subnet', '172.22.0.0/24')
    const small = ['--memory', '192', '--disk', '64']
    const forwards = ['8022:22', '5353:53/udp'].flatMap((each) => ['--forward', each])
    gateway = await cli.json<VmView>('create', 'gw', '--network', 'back,front', '--route-by', 'front', ...forwards, ...small)
    lone = await cli.json<VmView>('create', 'lone', ...small)
    await cli.json('start', 'gw', 'lone')
    await exec('gw', 'sh', '-c', 'perl -e "$0" </dev/null >/dev/null 2>&1 &', echo)
  })
  after(async () => {
    await removeDataDirectory(cli)
    await computer.close()
  })

  it('have their interfaces in the order that was said, each with its addresses and its MTU', async () => {
    assert.deepEqual(
      gateway.interfaces.map((each) => [each.name, each.network, each.addresses, each.defaultRoute]),
      [
        ['eth0', 'back', ['172.22.0.2/24'], false],
        ['eth1', 'front', ['172.21.0.2/24', 'fd00:21::2/64'], true],
      ],
    )
    const { stdout } = await exec('gw', 'ip', '-o', 'address', 'show', 'scope', 'global')
    assert.match(stdout, /eth0 +inet 172\.22\.0\.2\/24/)
    assert.match(stdout, /eth1 +inet 172\.21\.0\.2\/24/)
    assert.match(stdout, /eth1 +inet6 fd00:21::2\/64/)
    const { stdout: links } = await exec('gw', 'cat', '/sys/class/net/eth0/mtu', '/sys/class/net/eth1/mtu')
    assert.equal(links, '1500\n1400')
  })

  it('leave by the network that was told, in both families', async () => {
    assert.match((await exec('gw', 'ip', '-4', 'route', 'show', 'default')).stdout, /^default via 172\.21\.0\.1 dev eth1\s*$/)
    assert.match((await exec('gw', 'ip', '-6', 'route', 'show', 'default')).stdout, /^default via fd00:21::1 dev eth1 /)
  })

  it('are reached by forwards of TCP and UDP, over IPv4 and IPv6', async () => {
    for (const address of ['198.51.100.2', '2001:db8:1::2']) {
      const shown = await computer.inside(internet, 'ssh-keyscan', '-T', '120', '-t', 'ed25519', '-p', '8022', address)
      assert.match(shown, /ssh-ed25519/, address)
      assert.equal(await computer.ask(internet, 'udp', address, 5353), 'here')
    }
  })

  it('reach what their allow-list says, in both families, and nothing else', async () => {
    assert.equal(await hears('gw', '198.51.100.1', 7000, 60), '198.51.100.2')
    assert.equal(await hears('gw', '2001:db8:1::1', 7000, 60), '2001:db8:1::2')
    await silent(['gw', '198.51.100.1', 7001], ['gw', '2001:db8:1::1', 7001])
    assert.equal(await hears('lone', '198.51.100.1', 7001, 60), '198.51.100.2')
  })

  it('do not reach guests of another network', async () => {
    const [address = ''] = lone.addresses[0]?.split('/') ?? []
    await silent(['gw', address, 22], ['lone', '172.22.0.2', 22], ['lone', '172.21.0.2', 22])
    assert.match((await hears('lone', '198.51.100.2', 8022, 60)) ?? '', /^SSH-2\.0/, 'but for what is forwarded')
  })

  it('follow when the default route of this computer moves to another interface', async () => {
    const { ip, inside } = computer
    await moveDefaultRoute(computer, internet)
    await ip('link', 'set', 'dev', 'wan0', 'down')
    await inside(internet, 'ip', 'address', 'add', '203.0.113.10/32', 'dev', 'lo')
    assert.equal(await hears('lone', '203.0.113.10', 7000, 60), '192.0.2.2')
  })
})
