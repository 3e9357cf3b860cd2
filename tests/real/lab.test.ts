/** Labs of namespaces and FRR: up, by difference, verified, broken, killed and down. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bench, failing, frr, missing, succeeds, type Bench } from './lab-fixture.ts'
import { small, smallWithDelay } from './lab-small.ts'

/** A verify whose failing lines do not keep us waiting. */
async function hurry(lab: Bench): Promise<void> {
  await lab.edit('lab.yaml', (text) => text.replace(/^( +- [a-z-]+: \{[^}]*)\}$/gm, '$1, deadline: 1s}'))
}

const why = missing(frr)

suite('labs of namespaces', { skip: why ?? false }, () => {
  test('up, seen, verified, unchanged by a second up, and gone', async (t) => {
    const lab = await bench(t, small)
    assert.match(await succeeds(lab, 'lab', 'up', lab.file), /4 nodes started/)
    const verified = await lab.verify()
    assert.deepEqual(failing(verified), [])
    assert.equal(verified.status, 0)
    const seen = JSON.parse(await succeeds(lab, '--json', 'lab', 'inspect', lab.name)) as {
      links: { state: string }[]
      sessions: { state: string }[]
    }
    assert.deepEqual([...new Set(seen.links.map((each) => each.state))], ['up'])
    assert.deepEqual(
      seen.sessions.map((each) => each.state),
      ['established', 'established'],
    )
    assert.match(await succeeds(lab, 'lab', 'list'), new RegExp(`${lab.name} +up +4`))
    assert.match(await succeeds(lab, 'lab', 'exec', lab.name, 'client', '--', 'ip', '-br', 'address'), /198\.51\.100\.10\/24/)
    assert.equal((await lab.imp('lab', 'exec', lab.name, 'client', '--', 'bash', '-c', 'exit 42')).status, 42)
    assert.match(await succeeds(lab, 'lab', 'up', lab.file), /0 nodes started, 4 kept/)
    await succeeds(lab, 'lab', 'down', lab.file)
    assert.deepEqual(await lab.remains(), [])
  })

  test('verify names what does not hold', async (t) => {
    const lab = await bench(t, small)
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
    await lab.inside('east', 'ip', 'link', 'set', 'wan', 'down')
    await hurry(lab)
    const verified = await lab.verify()
    assert.equal(verified.status, 1)
    assert.ok(failing(verified).includes('session west with 192.0.2.2'), JSON.stringify(verified))
    assert.ok(failing(verified).includes('reach client to 203.0.113.10'), JSON.stringify(verified))
    assert.ok(!failing(verified).includes('no-reach client to 203.0.113.77'))
  })

  test('a changed file changes only what differs, and damage is mended', async (t) => {
    const lab = await bench(t, small)
    await succeeds(lab, 'lab', 'up', lab.file)
    const namespaces = async (): Promise<string> => (await lab.inside('west', 'stat', '-Lc', '%i', '/proc/self/ns/net')).stdout
    const before = await namespaces()
    await lab.edit('lab.yaml', (text) =>
      text.replace('203.0.113.10/24', '203.0.113.20/24').replaceAll('to: 203.0.113.10', 'to: 203.0.113.20'),
    )
    assert.match(await succeeds(lab, 'lab', 'up', lab.file), /1 node started, 3 kept/)
    assert.equal(await namespaces(), before)
    assert.deepEqual(failing(await lab.verify()), [])
    await lab.inside('client', 'ip', 'link', 'delete', 'dev', 'eth1')
    assert.match(await succeeds(lab, 'lab', 'up', lab.file), /1 node started, 3 kept/)
    assert.deepEqual(failing(await lab.verify()), [])
    await lab.edit('lab.yaml', (text) =>
      text.replace(/^ {4}server:\n(?: {6,}.*\n)*/m, '').replace('    - endpoints: ["east:lan", "server:eth1"]\n', ''),
    )
    await lab.edit('lab.yaml', (text) => text.replace(/^verify:[^]*/m, 'verify: []\n'))
    assert.match(await succeeds(lab, 'lab', 'up', lab.file), /0 nodes started, 3 kept/)
    assert.notEqual((await lab.inside('server', 'true')).status, 0)
  })

  test('two labs of the same topology live side by side', async (t) => {
    const labs = [await bench(t, small), await bench(t, small)] as const
    await Promise.all(labs.map((lab) => succeeds(lab, 'lab', 'up', lab.file)))
    for (const lab of labs) assert.deepEqual(failing(await lab.verify()), [])
    await succeeds(labs[0], 'lab', 'down', labs[0].name)
    assert.deepEqual(await labs[0].remains(), [])
    assert.deepEqual(failing(await labs[1].verify()), [])
  })

  test('a topology with errors changes nothing and says all of them', async (t) => {
    const lab = await bench(t, { ...small, 'west.conf': small['west.conf'].replace('neighbor', 'neighbr') })
    await lab.edit('lab.yaml', (text) => text.replace('server:eth1', 'sever:eth1'))
    const { status, stderr } = await lab.imp('lab', 'up', lab.file)
    assert.equal(status, 2)
    assert.match(stderr, /sever/)
    assert.match(stderr, /did you mean server\?/)
    assert.match(stderr, /west\.conf/)
    assert.deepEqual(await lab.remains(), [])
  })

  test('a node that does not come up takes the whole lab back', async (t) => {
    const lab = await bench(t, small)
    await lab.edit('lab.yaml', (text) => text.replace('via 203.0.113.1', 'via 192.0.2.99'))
    const { status, stderr } = await lab.imp('lab', 'up', lab.file)
    assert.notEqual(status, 0)
    assert.match(stderr, /node server: exec\[1\] failed/)
    assert.deepEqual(await lab.remains(), [])
  })

  test('a dry run says the steps and makes none', async (t) => {
    const lab = await bench(t, small)
    assert.match(await succeeds(lab, '--dry-run', 'lab', 'up', lab.file), /make 4 namespaces/)
    assert.deepEqual(await lab.remains(), [])
  })
})

// Killed at every event: tests/long/lab-kill.test.ts.
suite('labs whose commands are killed', { skip: why ?? false }, () => {
  test('down after up was killed leaves nothing', async (t) => {
    const lab = await bench(t, smallWithDelay)
    await lab.killedAt(10, 'lab', 'up', lab.file)
    await succeeds(lab, 'lab', 'down', lab.name)
    assert.deepEqual(await lab.remains(), [])
  })

  test('up after a killed up begins from a clean state', async (t) => {
    const lab = await bench(t, smallWithDelay)
    await lab.killedAt(9, 'lab', 'up', lab.file)
    assert.match(await succeeds(lab, 'lab', 'list'), /unfinished/)
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
  })
})

suite('impaired links', { skip: why ?? false }, () => {
  /** Neighbours know each other, so that address resolution, which loss delays by seconds, is not what we measure. */
  const end = (own: number, other: number): string => `
        - ip link set dev eth1 address 02:00:5e:00:53:0${own}
        - ip address add 192.0.2.${own}/24 dev eth1
        - ip address add 2001:db8::${own}/64 dev eth1
        - ip neighbour replace 192.0.2.${other} lladdr 02:00:5e:00:53:0${other} dev eth1`
  const pair = (impairment: string): Record<string, string> => ({
    'lab.yaml': `name: placeholder
topology:
  nodes:
    a:
      kind: host
      exec:${end(1, 2)}
    b:
      kind: host
      exec:${end(2, 1)}
  links:
    - {endpoints: ["a:eth1", "b:eth1"], ${impairment}}
verify:
  # Neighbour discovery is multicast, which a link has to carry as well.
  - reach: {from: a, to: '2001:db8::2'}
  - reach: {from: b, to: 192.0.2.1}
  - seen-as: {from: a, to: '2001:db8::2', address: '2001:db8::1'}
`,
  })

  test('a delay is a delay, whether the kernel has netem or not', async (t) => {
    const lab = await bench(t, pair('delay: 40ms, jitter: 2ms'))
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
    const { stdout } = await lab.inside('a', 'ping', '-n', '-c', '5', '-i', '0.2', '192.0.2.2')
    const times = [...stdout.matchAll(/time=([\d.]+) ms/g)].map((match) => Number(match[1]))
    assert.equal(times.length, 5, stdout)
    // Never less than twice the shortest delay; how much more depends on how busy this machine is.
    for (const time of times) assert.ok(time >= 75, stdout)
    await succeeds(lab, 'lab', 'down', lab.file)
    assert.deepEqual(await lab.remains(), [])
  })

  test('a loss is a loss', async (t) => {
    const lab = await bench(t, pair('loss: 50%'))
    await succeeds(lab, 'lab', 'up', lab.file)
    const { stdout } = await lab.inside('a', 'ping', '-n', '-q', '-c', '200', '-i', '0.01', '-W', '1', '192.0.2.2')
    const received = Number(/(\d+) received/.exec(stdout)?.[1])
    // A quarter comes through both ways: 50 of 200, with a deviation of 6.
    assert.ok(received > 15 && received < 95, stdout)
  })
})
