/** What the fake VPP is held to, asked of a real one: each call on a process of its own. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { numberAt } from '../../packages/imp/src/dataplane/vpp/api/fields.ts'
import { fatal, prepare, refused, takenInSilence } from '../../packages/imp/src/dataplane/vpp/fake/contract.ts'
import { realVpp, showsTwins, vppObstacle } from '../real/vpp-fixture.ts'

const plugins = ['linux_cp', 'linux_nl', 'acl', 'abf', 'af_packet', 'memif', 'det44', 'nat64', 'nat']
let started = 0

suite('a real VPP', { skip: vppObstacle() ?? false, concurrency: 2 }, () => {
  for (const [what, expected, ...calls] of [...refused, ...takenInSilence]) {
    const needsTwins = calls.some(([message]) => message.startsWith('lcp_'))
    const skip = needsTwins && !showsTwins ? 'needs vhost-net' : false
    test(`${expected === 0 ? 'takes in silence' : 'refuses'} ${what}`, { skip }, async (t) => {
      started += 1
      const vpp = await realVpp(t, `c${started}`, ['eth0', 'eth1'])
      await vpp.start('core', plugins)
      const client = await vpp.connect('core')
      t.after(() => client.close())
      const at = await prepare(client)
      for (const [message, fields] of calls.slice(0, -1)) {
        assert.equal(numberAt(await client.request(message, fields(at)), 'retval'), 0, message)
      }
      const [message, fields] = calls.at(-1) ?? assert.fail()
      assert.equal(numberAt(await client.request(message, fields(at)), 'retval'), expected)
    })
  }

  for (const [what, signal, ...calls] of fatal) {
    // There VPP reads memory that is free again: it dies of it or not.
    const skip = what.startsWith('looking at') ? 'depends on what is in freed memory' : false
    test(`dies of ${what}`, { skip }, async (t) => {
      started += 1
      const vpp = await realVpp(t, `c${started}`, ['eth0', 'eth1'])
      const child = await vpp.start('core', plugins)
      const ended = once(child, 'exit')
      const client = await vpp.connect('core')
      t.after(() => client.close())
      const at = await prepare(client)
      const [message, fields] = calls.at(-1) ?? assert.fail()
      for (const [before, its] of calls.slice(0, -1)) await client.call(before, its(at))
      await assert.rejects(client.request(message, fields(at)), /closed the connection/)
      const [, how] = (await ended) as [number | null, string | null]
      // VPP catches what kills it to write a trace, and aborts then.
      assert.ok(how === signal || how === 'SIGABRT', String(how))
    })
  }
})
