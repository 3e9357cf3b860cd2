/** The example labs: real router configurations, green as they are shipped, red in the right lines when something is broken. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { systemClock } from '../../packages/kit/src/host/local.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { bench, bird, failing, frr, missing, qemu, tcpdump, succeeds, type Bench } from './lab-fixture.ts'

/** A failing line must not keep us waiting. */
async function hurry(lab: Bench): Promise<void> {
  await lab.edit('lab.yaml', (text) => text.replace(/^( {2}- [a-z-]+: \{.*) \}$/gm, '$1, deadline: 1s }'))
}

/** What fails after `breaking`, in a lab that is green. */
async function failuresAfter(lab: Bench, breaking: () => Promise<unknown>): Promise<string[]> {
  assert.deepEqual(failing(await lab.verify()), [])
  await breaking()
  await hurry(lab)
  const verified = await lab.verify()
  assert.equal(verified.status, 1)
  await lab.edit('lab.yaml', (text) => text.replaceAll(', deadline: 1s', ''))
  return failing(verified)
}

async function inside(lab: Bench, node: string, ...argv: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await lab.inside(node, ...argv)
  assert.equal(status, 0, `${argv.join(' ')}\n${stderr}`)
  return stdout
}

suite('the lab with BIRD as upstream', { skip: missing(frr, bird) ?? false }, () => {
  // One after the other in one lab: each begins with all lines green again.
  test('damage fails the lines that depend on it and no others, and up mends it', async (t) => {
    const lab = await bench(t, 'bird')
    await succeeds(lab, 'lab', 'up', lab.file)

    await t.test('a translation changed by hand', async () => {
      const failures = await failuresAfter(lab, async () => {
        const table = await inside(lab, 'edge', 'nft', 'list', 'table', 'ip', 'imp_nat')
        const chain = /chain (\S+) \{\s+type nat hook postrouting/.exec(table)?.[1]
        assert.ok(chain !== undefined)
        const rule = 'ip saddr 100.64.1.10 ip protocol tcp snat to 198.51.100.15:30000-30100'
        await inside(lab, 'edge', 'nft', 'insert', 'rule', 'ip', 'imp_nat', chain, rule)
      })
      assert.deepEqual(failures, ['seen-as client at 203.0.113.10, tcp'])
      assert.match(await succeeds(lab, 'lab', 'up', lab.file), /0 nodes started/)
    })

    await t.test('a link that is down', async () => {
      const failures = await failuresAfter(lab, () => inside(lab, 'edge', 'ip', 'link', 'set', 'dev', 'lan1', 'down'))
      assert.deepEqual(failures, ['reach client to 203.0.113.10', 'seen-as client at 203.0.113.10, tcp'])
      await succeeds(lab, 'lab', 'up', lab.file)
    })

    await t.test('a session that the upstream shuts', async () => {
      const control = `${lab.runDirectory}/lab/${lab.name}/upstream/bird.ctl`
      const failures = await failuresAfter(lab, () => inside(lab, 'upstream', 'birdc', '-s', control, 'disable', 'edge4'))
      assert.deepEqual(failures, [
        'session edge with 192.0.2.1',
        'route edge: 203.0.113.0/24',
        'routes upstream: all of proto bird',
        'reach client to 203.0.113.10',
        'seen-as client at 203.0.113.10, tcp',
      ])
    })
  })

  test('another router configuration is applied by difference, and sessions go on', async (t) => {
    const lab = await bench(t, 'bird')
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
    const control = `${lab.runDirectory}/lab/${lab.name}/upstream/bird.ctl`
    const since = async (): Promise<string | undefined> =>
      /^edge4 .*$/m.exec(await inside(lab, 'upstream', 'birdc', '-s', control, 'show', 'protocols'))?.[0]
    const before = await since()
    await lab.edit('../demo/edge.router.json', (text) =>
      text.replace('"customers 1"', '"customers one"').replaceAll('2001:db8:100:2::1/64', '2001:db8:100:3::1/64'),
    )
    assert.match(await succeeds(lab, 'lab', 'up', lab.file), /0 nodes started, 5 kept/)
    assert.equal(await since(), before)
    assert.match(await inside(lab, 'edge', 'ip', '-br', 'address', 'show', 'dev', 'lan2'), /2001:db8:100:3::1/)
    const file = `${lab.directory}/../demo/edge.router.json`
    assert.match(await succeeds(lab, 'plan', file, '--target', `lab:${lab.name}/edge`), /is as configured/)
  })

  test('a router has the history of its lab: its commits can be looked at, followed and taken back', async (t) => {
    const lab = await bench(t, 'bird')
    const target = ['--target', `lab:${lab.name}/edge`]
    const commits = async (): Promise<[comment: string | undefined, outcome: string][]> => {
      const { commits: all } = JSON.parse(await succeeds(lab, '--json', 'history', ...target)) as {
        commits: { comment?: string; outcome: string; number: number }[]
      }
      return all.toSorted((a, b) => a.number - b.number).map(({ comment, outcome }) => [comment, outcome])
    }
    const first = [`imp lab up ${lab.file}`, 'applied'] as const
    await succeeds(lab, 'lab', 'up', lab.file)
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(await commits(), [first])
    assert.match(await succeeds(lab, 'nat', 'lookup', '198.51.100.15:20000', ...target), /^100\.64\.3\.210 [^]*commit 1 by /)

    await succeeds(lab, 'set', 'hostname', 'border', ...target)
    await succeeds(lab, 'commit', '--no-health', '--confirm', '10m', ...target)
    const { stderr, status } = await lab.imp('lab', 'up', lab.file)
    assert.equal(status, 0, stderr)
    assert.match(stderr, /edge is left as it is: commit 2 waits for its confirmation/)
    await succeeds(lab, 'confirm', ...target)
    await succeeds(lab, 'rollback', '1', '--no-health', ...target)
    assert.deepEqual(await commits(), [first, [undefined, 'applied'], [undefined, 'applied']])

    await lab.edit('../demo/edge.router.json', (text) => text.replace('"customers 1"', '"customers one"'))
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual((await commits()).slice(3), [first])

    const pid = (await readFile(`${lab.runDirectory}/lab/${lab.name}/edge/frr/bgpd.pid`, 'utf8')).trim()
    process.kill(Number(pid), 'SIGKILL')
    const state = async (): Promise<string | undefined> => {
      const seen = JSON.parse(await succeeds(lab, '--json', 'lab', 'inspect', lab.name)) as { nodes: { name: string; state: string }[] }
      return seen.nodes.find(({ name }) => name === 'edge')?.state
    }
    const waiting = { timeout: 60_000, interval: 200, what: 'a look at the router without bgpd' }
    await until(systemClock, waiting, async () => (await state()) === 'bgpd does not run')
    await succeeds(lab, 'lab', 'down', lab.file)
    assert.deepEqual(await lab.remains(), [])
  })
})

suite('the demonstration lab', { skip: missing(frr, qemu) ?? false }, () => {
  test('every line holds, with a namespace and a microVM as customers, and nothing is left after down', async (t) => {
    const lab = await bench(t, 'demo')
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
    await succeeds(lab, 'lab', 'down', lab.file)
    assert.deepEqual(await lab.remains(), [])
    assert.deepEqual(await lab.machines(), [])
  })
})

suite('the lab with VLANs', { skip: missing(frr, qemu, tcpdump) ?? false }, () => {
  test('tagged and doubly tagged frames cross the wire, whatever the kernel of this machine can do', async (t) => {
    const lab = await bench(t, 'vlan')
    await succeeds(lab, 'lab', 'up', lab.file)
    assert.deepEqual(failing(await lab.verify()), [])
    const seen = JSON.parse(await succeeds(lab, '--json', 'lab', 'inspect', lab.name)) as {
      nodes: { name: string; realised: string; because: string[] }[]
    }
    const edge = seen.nodes.find((node) => node.name === 'edge')
    // Where this kernel has VLANs the router is a namespace; where it has not, the lab says why it is a guest.
    assert.deepEqual(edge?.because, edge?.realised === 'guest' ? ['802.1Q'] : [])
    const capture = lab.inside(
      'edge',
      'timeout',
      '20',
      'tcpdump',
      '-n',
      '-e',
      '-l',
      '-i',
      'trunk',
      '-c',
      '2',
      'vlan 200 and vlan 7 and icmp',
    )
    const pings = lab.imp('lab', 'exec', lab.name, 'customers', '--', 'ping', '-n', '-c', '10', '-i', '0.5', '192.168.7.1')
    const { stdout, stderr } = await capture
    assert.match(stdout, /vlan 200, p 0, .*vlan 7, p 0, .*ICMP echo/, stderr)
    await pings
    await succeeds(lab, 'lab', 'down', lab.file)
    assert.deepEqual(await lab.remains(), [])
    assert.deepEqual(await lab.machines(), [])
  })
})
