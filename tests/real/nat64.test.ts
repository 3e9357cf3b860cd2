/** NAT64 of the Linux dataplane: real packets of hosts with IPv6 only, through tayga and connection tracking, by the command line. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { parseRouterConfig } from '../../packages/imp/src/config/load.ts'
import type { Probe } from '../../packages/imp/src/commit/health.ts'
import { nat64Probes } from '../../packages/imp/src/pipeline/probe-nat64.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { machine, targetIn } from './pipeline-fixture.ts'
import { bench, failing, frr, missing, succeeds, type Bench } from './lab-fixture.ts'

const skip = missing(frr, '/usr/sbin/tayga', '/usr/sbin/conntrack') ?? false

/** 192.31.196.1 behind the well-known prefix. */
const server = '64:ff9b::c01f:c401'
const port = 4664

/** Answers every TCP connection with the address that it comes from. */
const echo = `require('node:net').createServer((socket) => socket.end(socket.remoteAddress + '\\n')).listen(${port}, '192.31.196.1')`

/** bash opens a TCP connection and prints the answer. */
async function ask(lab: Bench): Promise<string> {
  const words = ['timeout', '5', 'bash', '-c', 'exec 3<>"/dev/tcp/$1/$2" && cat <&3', 'bash', server, String(port)]
  return (await lab.inside('client', ...words)).stdout.trim()
}

async function holds(lab: Bench): Promise<void> {
  assert.deepEqual(failing(await lab.verify()), [])
}

async function edgeSays(lab: Bench, ...argv: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await lab.inside('edge', ...argv)
  assert.equal(status, 0, `${argv.join(' ')}: ${stderr}`)
  return stdout
}

async function translators(lab: Bench): Promise<string[]> {
  const { stdout } = await lab.inside('edge', 'ip', 'netns', 'pids', `imp-${lab.name}-edge`)
  const lines = await Promise.all(
    stdout
      .trim()
      .split('\n')
      .map(async (pid) => (await lab.inside('edge', 'ps', '-o', 'args=', '-p', pid)).stdout.trim()),
  )
  return lines.filter((line) => line.startsWith('/usr/sbin/tayga'))
}

/** What the health of the router is judged by, as far as it is about NAT64. */
async function probes(lab: Bench): Promise<readonly Probe[]> {
  const directory = `${lab.runDirectory}/lab/${lab.name}/edge`
  const target = { ...targetIn(`imp-${lab.name}-edge`, directory), runDirectory: directory }
  const file = `${lab.directory}/edge.router.json`
  return nat64Probes(target, parseRouterConfig(await machine.files.read(file), file))
}

async function connects(t: TestContext, lab: Bench): Promise<void> {
  const ended = lab.inside('internet', 'timeout', '120', process.execPath, '-e', echo)
  t.after(() => ended)
  const from = await until(
    machine.clock,
    { timeout: 90_000, interval: 200, what: 'an answer over TCP' },
    async () => (await ask(lab)) || undefined,
  )
  assert.match(from, /^198\.51\.100\.(6[4-9]|7\d)$/, 'it comes from an address of the pool')
}

test('hosts with IPv6 only reach IPv4, by difference there and back', { skip }, async (t) => {
  const lab = await bench(t, 'nat64')
  const file = `${lab.directory}/edge.router.json`
  const target = ['--target', `lab:${lab.name}/edge`]
  await succeeds(lab, 'lab', 'up', lab.file)
  await holds(lab)
  await connects(t, lab)
  assert.match(await succeeds(lab, 'plan', file, ...target), /is as configured/)
  assert.deepEqual(
    (await probes(lab)).map(({ name, healthy }) => [name, healthy]),
    [
      ['translator of NAT64', true],
      ['translation of IPv6', true],
    ],
  )

  const flows = JSON.parse(await succeeds(lab, '--json', 'show', 'nat64', 'sessions', ...target)) as {
    sessions: { protocol: string; inside: string; destination: string; outside: string }[]
  }
  const tcp = flows.sessions.find((each) => each.protocol === 'tcp')
  assert.match(tcp?.destination ?? '', /192\.31\.196\.1/)
  assert.match(tcp?.outside ?? '', /^198\.51\.100\./)

  await t.test('another prefix restarts the translator, and nothing else', async () => {
    await lab.edit('edge.router.json', (text) => text.replace('"pool"', '"prefix": "2001:db8:64::/96", "pool"'))
    const plan = await succeeds(lab, 'plan', file, ...target)
    assert.match(plan, /restart tayga/)
    await succeeds(lab, 'apply', file, '--yes', ...target)
    assert.match(await succeeds(lab, 'plan', file, ...target), /is as configured/)
    // FRR leads the prefix to the translator as soon as that has its link.
    await until(machine.clock, { timeout: 90_000, interval: 200, what: 'an answer by the other prefix' }, async () => {
      const ran = await lab.inside('client', 'ping', '-n', '-c', '1', '-W', '2', '2001:db8:64::c01f:c401')
      return ran.status === 0
    })
    assert.notEqual((await lab.inside('client', 'ping', '-n', '-c', '1', '-W', '1', server)).status, 0)
  })

  await t.test('a translator that died is started again', async () => {
    assert.equal((await translators(lab)).length, 1)
    const { stdout } = await lab.inside('edge', 'cat', `${lab.runDirectory}/lab/${lab.name}/edge/nat64/tayga.pid`)
    await edgeSays(lab, 'kill', '-KILL', stdout.trim())
    await until(machine.clock, { timeout: 60_000, what: 'the end of the translator' }, async () => (await translators(lab)).length === 0)
    assert.deepEqual(
      (await probes(lab)).map(({ healthy }) => healthy),
      [false, false],
    )
    assert.match(await succeeds(lab, 'plan', file, ...target), /start tayga/)
    await succeeds(lab, 'apply', file, '--yes', ...target)
    assert.equal((await translators(lab)).length, 1)
  })

  await t.test('nothing of it is left when it goes', async () => {
    await lab.edit('edge.router.json', (text) => text.replace(/,\s*"nat64": \{[^}]*\}/, ''))
    await succeeds(lab, 'apply', file, '--yes', ...target)
    assert.match(await succeeds(lab, 'plan', file, ...target), /is as configured/)
    assert.deepEqual(await translators(lab), [])
    assert.doesNotMatch(await edgeSays(lab, 'ip', '-br', 'link'), /nat64/)
    assert.doesNotMatch(await edgeSays(lab, 'nft', 'list', 'tables'), /nat64/)
    assert.doesNotMatch(await edgeSays(lab, 'ip', '-6', 'route'), /2001:db8:64:|64:ff9b:/)
    assert.doesNotMatch(await edgeSays(lab, 'ip', 'route'), /198\.18\./)
  })
})
