import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { frame, longestMessage, messageSplitter } from './frame.ts'

suite('frames', () => {
  test('are found again wherever the stream is cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 })
    fc.assert(
      fc.property(messages, fc.array(fc.nat(400), { maxLength: 12 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map(frame))
        const places = [0, ...cuts.filter((cut) => cut < stream.length).toSorted((a, b) => a - b), stream.length]
        const got: string[] = []
        const split = messageSplitter((message) => got.push(message.toString('hex')))
        for (const [index, place] of places.entries()) split(stream.subarray(place, places[index + 1] ?? stream.length))
        assert.deepEqual(
          got,
          sent.map((message) => Buffer.from(message).toString('hex')),
        )
      }),
    )
  })

  test('are found again byte by byte', () => {
    const got: string[] = []
    const split = messageSplitter((message) => got.push(message.toString()))
    for (const byte of Buffer.concat([frame(Buffer.from('one')), frame(Buffer.alloc(0)), frame(Buffer.from('two'))]))
      split(Buffer.from([byte]))
    assert.deepEqual(got, ['one', '', 'two'])
  })

  test('that are longer than anything VPP says are refused before they are waited for', () => {
    const header = Buffer.alloc(16)
    header.writeUInt32BE(longestMessage + 1, 8)
    assert.throws(() => messageSplitter(() => undefined)(header), /67108865 bytes/)
  })
})
