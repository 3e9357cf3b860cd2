/** A daemon that dies in the middle of a change: the change stops, says so, and the router is what it was. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { findDaemons } from '../../packages/imp/src/frr/daemons.ts'
import { applyConfig } from '../../packages/imp/src/pipeline/apply.ts'
import { planConfig } from '../../packages/imp/src/pipeline/plan.ts'
import { frrPlace, type Target } from '../../packages/imp/src/pipeline/target.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { config, machine, obstacle, openBench, silent, snapshot } from './pipeline-fixture.ts'

const missing = await obstacle()

function edge(peers: readonly number[]): RouterConfig {
  return config({
    hostname: 'edge',
    interfaces: [{ name: 'wan', role: 'external', nic: { name: 'port0' }, addresses: ['192.0.2.1/24'] }],
    bgp: {
      asn: 64500,
      routerId: '192.0.2.1',
      announced: ['203.0.113.0/24'],
      peers: peers.map((number) => ({ name: `peer${number}`, address: `192.0.2.${number}`, asn: 64500 + number })),
    },
  })
}

/** The same target, on which bgpd is killed right before it gets the command. */
function killedAt(target: Target, pid: number, command: string): Target {
  const dial: Target['machine']['dial'] = async (path) => {
    const stream = await machine.dial(path)
    const write = stream.write.bind(stream)
    stream.write = (chunk: string) => {
      if (chunk === `${command}\0`) process.kill(pid, 'SIGKILL')
      return write(chunk)
    }
    return stream
  }
  return { ...target, machine: { ...machine, dial } }
}

suite('a daemon that dies', { skip: missing ?? false }, () => {
  test('in the middle of a change is started again with what it had', async (t) => {
    const bench = await openBench('died')
    t.after(() => bench.close())
    const [router, far] = [await bench.target('edge'), await bench.target('far')]
    await bench.cable(router, 'port0', far, 'eth0')
    await applyConfig(router, edge([2, 3]), { report: silent })
    const before = await snapshot(router)
    const { pid } = (await findDaemons(frrPlace(router))).get('bgpd') ?? assert.fail('no bgpd')
    const doomed = killedAt(router, pid, 'neighbor 192.0.2.5 remote-as 64505')
    await assert.rejects(applyConfig(doomed, edge([2, 3, 4, 5, 6]), { report: silent }), (error) => {
      assert.ok(error instanceof Fault)
      assert.equal(error.code, 'failed')
      assert.match(error.message, /bgpd died while it was given "router bgp 64500: neighbor 192\.0\.2\.5 remote-as 64505"/)
      assert.equal(error.findings[0]?.path, 'bgp.peers[peer5]')
      return true
    })
    assert.deepEqual(await snapshot(router), before)
    assert.deepEqual((await planConfig(router, edge([2, 3]))).steps, [])
    assert.notEqual((await findDaemons(frrPlace(router))).get('bgpd')?.pid, pid)
  })

  test('or whose socket is gone is left as it is, and named', async (t) => {
    const bench = await openBench('deaf')
    t.after(() => bench.close())
    const [router, far] = [await bench.target('edge'), await bench.target('far')]
    await bench.cable(router, 'port0', far, 'eth0')
    await applyConfig(router, edge([2]), { report: silent })
    const before = await snapshot(router)
    const socket = `${frrPlace(router).directory}/bgpd.vty`
    await machine.files.rename(socket, `${socket}.away`)
    await assert.rejects(applyConfig(router, edge([2, 3]), { report: silent }), (error) => {
      assert.ok(error instanceof Fault)
      assert.equal(error.code, 'state')
      assert.match(error.message, /^bgpd of namespace \S+ does not listen$/)
      return true
    })
    await machine.files.rename(`${socket}.away`, socket)
    assert.deepEqual(await snapshot(router), before)
  })
})
