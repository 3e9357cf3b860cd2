/** Forwards, isolation, egress and IPv6 of machines, proved with packets; the guests are namespaces. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { missing } from './vmm-machine-command.ts'
import { addInternet, makeComputer, moveDefaultRoute, type Computer, type Network, type Question } from './vmm-net-fixture.ts'

const skip = missing(['ip', 'nft', 'bridge', 'sysctl', 'nsenter'], true) ?? false

describe('networks of machines', { skip, concurrency: false }, () => {
  let computer: Computer
  let internet: string
  let open: Network
  let closed: Network
  let web: string
  let other: string
  let lone: string
  let listed: string
  let untouched: string

  const silent = async (...questions: Question[]): Promise<void> => assert.ok(await computer.silent(...questions))

  before(async () => {
    computer = await makeComputer('vmp')
    const { inside, name } = computer
    internet = await addInternet(computer, ['203.0.113.10/24'])
    await inside(name, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=0')
    // As Docker leaves it, with a rule of its own.
    await inside(name, 'nft', 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }')
    await inside(name, 'nft', 'add rule ip filter FORWARD iifname "docker0" accept comment "theirs"')
    untouched = await computer.rules()
    open = computer.network({ bridge: 'vmm-br0', subnet: '172.16.0.0/16', gateway: '172.16.0.1', subnet6: 'fd00:16::/64' })
    const egress = { policy: 'allow-list', allow: [{ prefix: '203.0.113.10/32', ports: { first: 7000, last: 7000 } }, 'dns'] } as const
    closed = computer.network(
      {
        bridge: 'vmm-br1',
        subnet: '172.20.0.0/24',
        gateway: '172.20.0.1',
        isolated: true,
        mtu: 1400,
        egress: { ...egress, allow: [...egress.allow] },
      },
      'closed',
    )
    web = await computer.guest(open, '0000000a', {
      address: '172.16.0.2',
      address6: 'fd00:16::2',
      forwards: [
        { host: 8080, guest: 80 },
        { host: 5353, guest: 53, protocol: 'udp' },
        { host: 9000, guest: 7000, count: 3 },
        { host: 8081, guest: 80, address: '127.0.0.1' },
      ],
    })
    other = await computer.guest(open, '0000000b', { address: '172.16.0.3', egress: { policy: 'isolated', allow: [] } })
    lone = await computer.guest(closed, '0000000c', { address: '172.20.0.2' })
    listed = await computer.guest(closed, '0000000d', { address: '172.20.0.3', forwards: [{ host: 8082, guest: 80 }] })
    await Promise.all([
      ...[80, 7001].map((port) => computer.serve(web, 'tcp', port)),
      computer.serve(web, 'udp', 53),
      ...[listed, lone].map((each) => computer.serve(each, 'tcp', 80)),
      ...[7000, 7001, 8080].map((port) => computer.serve(internet, 'tcp', port)),
      computer.serve(internet, 'udp', 53),
    ])
  })
  after(() => computer.close())

  it('forwards TCP, UDP, ranges and IPv6 from outside, and from this computer by any of its addresses', async () => {
    const { ask, name } = computer
    assert.equal(await ask(internet, 'tcp', '198.51.100.2', 8080), '198.51.100.1')
    assert.equal(await ask(internet, 'udp', '198.51.100.2', 5353), '198.51.100.1')
    assert.equal(await ask(internet, 'tcp', '198.51.100.2', 9001), '198.51.100.1')
    assert.equal(await ask(internet, 'tcp', '2001:db8:1::2', 8080), '2001:db8:1::1')
    assert.equal(await ask(internet, 'udp', '2001:db8:1::2', 5353), '2001:db8:1::1')
    for (const address of ['198.51.100.2', '127.0.0.1']) assert.ok(await ask(name, 'tcp', address, 8080), address)
    assert.ok(await ask(name, 'udp', '127.0.0.1', 5353))
  })

  it('forwards to one address only where one is named', async () => {
    assert.ok(await computer.ask(computer.name, 'tcp', '127.0.0.1', 8081))
    assert.equal(await computer.ask(internet, 'tcp', '198.51.100.2', 8081), undefined)
  })

  it('leaves what guests send to the same port of others alone', async () => {
    assert.equal(await computer.ask(web, 'tcp', '203.0.113.10', 8080), '198.51.100.2')
  })

  it('brings a guest back to itself through its own forward', async () => {
    assert.equal(await computer.ask(web, 'tcp', '198.51.100.2', 8080), '172.16.0.1')
  })

  it('lets guests out under an address of this computer, in both families', async () => {
    assert.equal(await computer.ask(web, 'tcp', '203.0.113.10', 7001), '198.51.100.2')
    assert.equal(await computer.ask(web, 'tcp', '2001:db8:1::1', 7001), '2001:db8:1::2')
  })

  it('keeps networks apart, but for forwarded ports', async () => {
    await silent([web, 'tcp', '172.20.0.2', 80], [lone, 'tcp', '172.16.0.2', 80])
    assert.ok(await computer.ask(web, 'tcp', '198.51.100.2', 8082))
  })

  it('keeps the guests of an isolated network apart, through this computer too', async () => {
    await computer.inside(listed, 'ip', 'route', 'add', '172.20.0.2/32', 'via', '172.20.0.1')
    await silent([lone, 'tcp', '172.20.0.3', 80], [listed, 'tcp', '172.20.0.2', 80])
    assert.equal(await computer.ask(other, 'tcp', '172.16.0.2', 80), '172.16.0.3')
  })

  it('lets an isolated machine reach nothing beyond, while its answers leave', async () => {
    await silent([other, 'tcp', '203.0.113.10', 7001], [other, 'udp', '203.0.113.10', 53])
    assert.equal(await computer.ask(internet, 'tcp', '198.51.100.2', 8082), '198.51.100.1')
  })

  it('lets a machine under an allow-list reach what is listed, name servers when they are, and nothing else', async () => {
    assert.equal(await computer.ask(lone, 'tcp', '203.0.113.10', 7000), '198.51.100.2')
    assert.equal(await computer.ask(lone, 'udp', '198.51.100.1', 53), '198.51.100.2')
    await silent([lone, 'tcp', '203.0.113.10', 7001], [lone, 'tcp', '198.51.100.1', 7000])
  })

  it('does not let a guest speak for an address of another', async () => {
    await computer.inside(other, 'ip', '-6', 'address', 'add', 'fd00:16::99/64', 'dev', 'eth0', 'nodad')
    await silent([other, 'tcp', 'fd00:16::2', 80])
    await computer.inside(other, 'ip', 'address', 'add', '172.16.0.99/16', 'dev', 'eth0')
    await assert.rejects(computer.inside(other, 'ping', '-c1', '-W1', '-I', '172.16.0.99', '172.16.0.1'))
    await computer.inside(other, 'ping', '-c1', '-W5', '-I', '172.16.0.3', '172.16.0.1')
  })

  it('follows the default route to another interface', async () => {
    await moveDefaultRoute(computer, internet)
    assert.equal(await computer.ask(web, 'tcp', '203.0.113.10', 7001), '192.0.2.2')
  })

  it('gives the bridge and the guests the MTU of the network', async () => {
    assert.match(await computer.ip('link', 'show', 'dev', 'vmm-br1'), /mtu 1400/)
  })

  it('leaves no rule, no bridge and no setting of the kernel behind, and the rules of others as they were', async () => {
    for (const [network, id] of [
      [open, '0000000a'],
      [open, '0000000b'],
      [closed, '0000000c'],
      [closed, '0000000d'],
    ] as const)
      await computer.leave(network, id)
    assert.equal(await computer.rules(), untouched)
    assert.doesNotMatch(await computer.ip('-br', 'link'), /vmm-/)
    const setting = (key: string) => computer.inside(computer.name, 'sysctl', '-n', key)
    // Docker's chain is there: whoever has it counts on forwarding.
    assert.equal((await setting('net.ipv4.ip_forward')).trim(), '1')
  })

  it('brings forwarding back to what it was when nobody else needs it', async () => {
    const { inside, name } = computer
    await inside(name, 'nft', 'flush', 'ruleset')
    await inside(name, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0')
    const forwarding = async (): Promise<string> =>
      (await inside(name, 'sysctl', '-n', 'net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding')).trim()
    await computer.guest(open, '0000000e', { address: '172.16.0.9' })
    await computer.guest(closed, '0000000f', { address: '172.20.0.9' })
    assert.equal(await forwarding(), '1\n1')
    await computer.leave(open, '0000000e')
    assert.equal(await forwarding(), '1\n1', 'the other network needs it')
    await computer.leave(closed, '0000000f')
    assert.equal(await forwarding(), '0\n0')
    assert.equal(await computer.rules(), '')
  })
})
