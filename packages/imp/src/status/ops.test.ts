import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { invoke } from '@imp/kit/op/operation.ts'
import { fakeDataplane, host as machine } from '../dataplane/vpp/fake/sample.ts'
import { goldenConfig } from '../dataplane/vpp/sample.ts'
import { nothingMadeAtAll } from '../pipeline/made.ts'
import { impContextOn } from '../sample.ts'
import { status } from './ops.ts'
import { Status } from './report.ts'

const config = goldenConfig('nat-bypass', 'vpp')
const running = { schema: 'imp.running', version: 1, appliedAt: '2026-11-22T12:00:00.000Z', config, made: nothingMadeAtAll }

/** One map of det44 with so many sessions, as VPP counts them. */
const map = (inside: string, outside: string, sessions: number) => ({
  in_addr: inside,
  in_plen: 24,
  out_addr: outside,
  out_plen: 30,
  sharing_ratio: 64,
  ports_per_host: 1008,
  ses_num: sessions,
})

suite('the status of a router that translates by VPP', () => {
  test('counts what its NAT process has, and says so when that does not run', async (t) => {
    const { nat } = await fakeDataplane(t, [])
    nat.state.det44Maps.set('1', map('192.168.0.0', '203.0.113.96', 7))
    nat.state.det44Maps.set('2', map('192.168.1.0', '203.0.113.100', 5))
    const files = { '/persistent/config/dataplane/running.json': JSON.stringify(running), '/run/netns/dataplane': '' }
    const answers = { 'nsenter --net=/run/netns/dataplane -- ip -j -s -d address show': '[]' }
    const dial = (path: string) => machine.dial(path === '/run/vpp/nat-api.sock' ? nat.socket : path)
    const look = async () => {
      const answer = await invoke(status, impContextOn({ ...fakeHost({ files, answers }), clock: machine.clock, dial }), {})
      return Status.parse(answer.answer === 'result' ? answer.value : assert.fail('it changes nothing'))
    }
    assert.partialDeepStrictEqual(await look(), { nat: { tracked: 12, maximum: 2 * 256 * 1000 } })
    await nat.close()
    const { nat: none, findings } = await look()
    assert.equal(none, undefined)
    assert.ok(findings.some(({ path, message }) => path === 'nat' && message.includes('VPP (nat) does not run')))
  })
})
