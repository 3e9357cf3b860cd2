import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '@imp/kit/base/fault.ts'
import { encode, machineWith } from './fake-daemon.ts'
import { answerSplitter, openVty, type Answer } from './vty.ts'

const answer = fc
  .tuple(fc.string({ unit: 'binary' }), fc.nat(255))
  .map(([text, status]): Answer => ({ text: text.replaceAll('\0', '').toWellFormed(), status }))

suite('answers of the vty protocol', () => {
  test('are found wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(answer), fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (sent, sizes) => {
        const bytes = Buffer.concat(sent.map(encode))
        const got: Answer[] = []
        const split = answerSplitter((each) => got.push(each))
        for (let at = 0; at < bytes.length;) {
          const size = sizes.next().value
          split(bytes.subarray(at, at + size))
          at += size
        }
        assert.deepEqual(got, sent)
      }),
    )
  })

  test('with a NUL byte in their text are refused', () => {
    assert.throws(() => answerSplitter(() => undefined)(Buffer.from([65, 0, 66, 0, 0])), /NUL byte/)
  })
})

suite('vty', () => {
  test('answers pipelined commands in their order', async () => {
    const vty = await openVty(
      machineWith((command) => ({ text: `you said ${command}`, status: 0 })),
      '/run/frr',
      'bgpd',
    )
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((command) => vty.ask(command))), ['you said a', 'you said b', 'you said c'])
    vty.close()
  })

  test('sends commands together, and says of each what became of it', async () => {
    const dying = (command: string) => (command === 'c' ? 'close' : { text: command, status: command === 'b' ? 1 : 0 })
    const vty = await openVty(machineWith(dying), '/run/frr', 'staticd')
    const [a, b, ...lost] = await vty.sendAll(['a', 'b', 'c', 'd'])
    assert.deepEqual(
      [a, b],
      [
        { text: 'a', status: 0 },
        { text: 'b', status: 1 },
      ],
    )
    assert.deepEqual(
      lost.map((each) => each instanceof Fault && each.code),
      ['exec', 'exec'],
    )
    assert.deepEqual(
      (await vty.sendAll(['e'])).map((each) => each instanceof Fault),
      [true],
    )
  })

  test('names the command that the daemon refuses, with its words', async () => {
    const vty = await openVty(
      machineWith(() => ({ text: '% Unknown command: frobnicate', status: 2 })),
      '/run/frr',
      'bgpd',
    )
    await assert.rejects(vty.ask('frobnicate'), (error) => {
      assert.ok(error instanceof Fault)
      assert.equal(error.message, 'bgpd refused "frobnicate": unknown command')
      assert.equal(error.detail, '% Unknown command: frobnicate')
      return true
    })
    vty.close()
  })

  test('fails every waiting and every later command when the daemon dies', async () => {
    const vty = await openVty(
      machineWith(() => 'close'),
      '/run/frr',
      'bgpd',
    )
    const waiting = await Promise.allSettled([vty.ask('show version'), vty.ask('show ip route')])
    assert.deepEqual(
      waiting.map((each) => each.status),
      ['rejected', 'rejected'],
    )
    await assert.rejects(vty.ask('show version'), { code: 'exec', message: 'bgpd closed the connection' })
  })

  test('fails when the other side speaks another protocol', async () => {
    const vty = await openVty(
      machineWith(() => 'garbage'),
      '/run/frr',
      'bgpd',
    )
    await assert.rejects(vty.ask('show version'), { code: 'exec', message: 'bgpd does not speak the vty protocol' })
  })

  test('sends no NUL byte', async () => {
    const vty = await openVty(
      machineWith(() => ({ text: '', status: 0 })),
      '/run/frr',
      'bgpd',
    )
    await assert.rejects(vty.send('a\0b'), { code: 'bug' })
    vty.close()
  })
})
