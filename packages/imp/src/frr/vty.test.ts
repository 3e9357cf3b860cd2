import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { systemClock } from '@imp/kit/host/local.ts'
import { answerSplitter, openVty, type Answer } from './vty.ts'

function encode({ text, status }: Answer): Buffer {
  return Buffer.concat([Buffer.from(text), Buffer.from([0, 0, 0, status])])
}

/** A machine on which a daemon listens that answers by `reply`, in pieces of the given size. */
function machineWith(reply: (command: string) => Answer | 'close' | 'garbage', piece = 3): Host {
  const stream = (): Duplex => {
    let rest = ''
    const duplex: Duplex = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        const commands = (rest + chunk.toString()).split('\0')
        rest = commands.pop() ?? ''
        for (const command of commands) {
          const answer = command === 'enable' ? { text: '', status: 0 } : reply(command)
          if (answer === 'close') duplex.push(null)
          const bytes = answer === 'close' ? Buffer.alloc(0) : answer === 'garbage' ? Buffer.from([0, 1, 2, 3]) : encode(answer)
          for (let at = 0; at < bytes.length; at += piece) duplex.push(bytes.subarray(at, at + piece))
        }
        done()
      },
    })
    return duplex
  }
  return { ...fakeHost(), dial: () => Promise.resolve(stream()), clock: systemClock }
}

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
