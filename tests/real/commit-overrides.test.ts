/** Drop-ins of the operator on a router in a namespace: FRR, nftables and the kernel have the last word on them. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { planConfig } from '../../packages/imp/src/pipeline/plan.ts'
import { recoverConfig } from '../../packages/imp/src/pipeline/recover.ts'
import { findRunning } from '../../packages/imp/src/pipeline/running.ts'
import type { Target } from '../../packages/imp/src/pipeline/target.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { config, machine, obstacle, openBench, silent } from './pipeline-fixture.ts'

const missing = await obstacle()
const ttl = 'net.ipv4.ip_default_ttl'

const router = config({
  hostname: 'edge',
  interfaces: [{ name: 'wan', role: 'external', addresses: ['192.0.2.1/30'] }],
  bgp: { asn: 64500, routerId: '192.0.2.1', announced: ['203.0.113.0/24'], peers: [{ name: 'transit', address: '192.0.2.2', asn: 64496 }] },
})
const rules = 'chain watch {\n\ttype filter hook forward priority 10;\n\tip saddr 198.51.100.9 counter drop\n}\n'

async function drop(target: Target, path: string, text: string | undefined): Promise<void> {
  const file = join(target.stateDirectory, 'overrides', path)
  await machine.files.makeDirectory(join(file, '..'))
  await (text === undefined ? machine.files.remove(file) : machine.files.write(file, text))
}

async function refusedAt(target: Target): Promise<string[]> {
  const error: unknown = await planConfig(target, router).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof Fault && error.code === 'input', String(error))
  return error.findings.map(({ path, message }) => `${path} ${message}`)
}

async function state(target: Target): Promise<{ ttl: string; nft: string; routes: number }> {
  const [value, nft, routes] = await Promise.all([
    target.host.query(['sysctl', '-n', ttl]),
    target.host.query(['nft', 'list', 'tables']),
    target.host.query(['ip', 'route', 'show', '203.0.113.128/25']),
  ])
  return { ttl: value.stdout.trim(), nft: nft.stdout, routes: routes.stdout.split('\n').filter((line) => line !== '').length }
}

test('drop-ins of the operator', { timeout: 120_000 }, async (t) => {
  if (missing !== undefined) return t.skip(missing)
  const bench = await openBench('overrides')
  t.after(() => bench.close())
  const [edge, far] = [await bench.target('edge'), await bench.target('far')]
  await bench.cable(edge, 'wan', far, 'customer')
  await applyConfig(edge, router, { report: silent })
  const before = await state(edge)

  await t.test('are refused with file and line, by the words of FRR and nft', async () => {
    await drop(edge, 'frr/mine.conf', '! static\nip route 203.0.113.128/25 nowhere at all\n')
    await drop(edge, 'nft/mine.nft', rules.replace('drop', 'drip'))
    const found = await refusedAt(edge)
    assert.ok(
      found.some((each) => each.startsWith('overrides/nft/mine.nft:3 nft: syntax error')),
      found.join('\n'),
    )
    assert.ok(
      found.some((each) => each.startsWith('overrides/frr/mine.conf:2 FRR: ')),
      found.join('\n'),
    )
    assert.deepEqual(await state(edge), before)
  })

  await t.test('go into force beside the configuration, and are part of what is observed', async () => {
    await drop(
      edge,
      'frr/mine.conf',
      'ip route 203.0.113.128/25 blackhole\nrouter bgp 64500\n neighbor 192.0.2.2 advertisement-interval 7\n',
    )
    await drop(edge, 'nft/mine.nft', rules)
    await drop(edge, 'sysctl/mine.conf', `${ttl} = 77\n`)
    await applyConfig(edge, router, { report: silent })
    const now = await state(edge)
    assert.deepEqual([now.ttl, now.routes], ['77', 1])
    assert.match(now.nft, /table inet imp_override_mine/)
    assert.deepEqual((await planConfig(edge, router)).steps, [])
    await edge.host.run(['nft', 'flush', 'table', 'inet', 'imp_override_mine'])
    assert.deepEqual(
      (await planConfig(edge, router)).changes.map(({ summary }) => summary),
      ['replace nftables table imp_override_mine'],
    )
    await applyConfig(edge, router, { report: silent })
  })

  await t.test('a line that FRR takes and prints otherwise is taken back, with its place', async () => {
    await drop(edge, 'frr/other.conf', 'ip route 203.0.113.70/26 Null0\n')
    await assert.rejects(applyConfig(edge, router, { report: silent }), (error) => {
      assert.ok(error instanceof Fault)
      assert.deepEqual(
        error.findings.map(({ path }) => path),
        ['overrides/frr/other.conf:1'],
        error.detail,
      )
      return true
    })
    await drop(edge, 'frr/other.conf', undefined)
    assert.deepEqual((await planConfig(edge, router)).steps, [])
  })

  await t.test('settings that the kernel would pass over are refused, with their places', async () => {
    const wrong = [
      'net.ipv4.nope = 1',
      'net.ipv4.conf.lan9.log_martians = 1',
      'net.ipv4.conf.wan.log_martians = 1',
      'net.ipv6.conf.wan.nope = 1',
    ]
    await drop(edge, 'sysctl/wrong.conf', `${wrong.join('\n')}\n`)
    await assert.rejects(planConfig(edge, router), (error) => {
      assert.ok(error instanceof Fault)
      assert.deepEqual(
        error.findings.map(({ path, value }) => [path, value]),
        [
          ['overrides/sysctl/wrong.conf:1', 'net.ipv4.nope'],
          ['overrides/sysctl/wrong.conf:2', 'lan9'],
          ['overrides/sysctl/wrong.conf:4', 'net.ipv6.conf.wan.nope'],
        ],
      )
      return true
    })
    await drop(edge, 'sysctl/wrong.conf', undefined)
    assert.deepEqual((await planConfig(edge, router)).steps, [])
  })

  await t.test('what goes back goes back to the drop-ins of that time', async () => {
    const { overrides = [] } = (await findRunning(edge)) ?? {}
    await drop(edge, 'nft/mine.nft', 'chain broken {')
    await assert.rejects(applyConfig(edge, router, { report: silent }), { code: 'input' })
    await edge.host.run(['nft', 'delete', 'table', 'inet', 'imp_override_mine'])
    await applyConfig(edge, router, { report: silent, overrides })
    assert.match((await state(edge)).nft, /imp_override_mine/)
    assert.equal((await recoverConfig(edge, { report: silent })).outcome, 'nothing')
  })

  await t.test('leave nothing behind', async () => {
    for (const path of ['frr/mine.conf', 'nft/mine.nft', 'sysctl/mine.conf']) await drop(edge, path, undefined)
    await applyConfig(edge, router, { report: silent })
    assert.deepEqual(await state(edge), before)
  })
})
