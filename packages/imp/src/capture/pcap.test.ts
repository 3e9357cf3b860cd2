import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { array, assert as holds, boolean, nat, property, uint8Array } from 'fast-check'
import { wholePackets } from './pcap.ts'

function word(value: number, little: boolean): Buffer {
  const bytes = Buffer.alloc(4)
  if (little) bytes.writeUInt32LE(value)
  else bytes.writeUInt32BE(value)
  return bytes
}

function fileOf(packets: readonly Uint8Array[], little: boolean, magic = 0xa1b2c3d4): Buffer {
  const head = [word(magic, little), Buffer.alloc(20)]
  const each = packets.flatMap((data) => [Buffer.alloc(8), word(data.length, little), word(data.length + 7, little), data])
  return Buffer.concat([...head, ...each])
}

suite('files of captured packets', () => {
  test('lose the packet that was cut off, wherever it was cut, and no other', () => {
    holds(
      property(array(uint8Array({ maxLength: 90 }), { maxLength: 6 }), boolean(), nat(), (packets, little, cut) => {
        const whole = fileOf(packets, little)
        const length = 24 + (cut % (whole.length - 23))
        const expected = packets.findLastIndex((_, index) => fileOf(packets.slice(0, index + 1), little).length <= length) + 1
        const found = wholePackets(whole.subarray(0, length))
        assert.equal(found.packets, expected)
        assert.deepEqual(found.bytes, fileOf(packets.slice(0, expected), little))
      }),
    )
  })

  test('with times in nanoseconds are read too, anything else is not', () => {
    assert.equal(wholePackets(fileOf([Buffer.from('x')], true, 0xa1b23c4d)).packets, 1)
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(23), Buffer.alloc(100), Buffer.from('{"schema": "imp.router", "version": 1}')])
      assert.throws(() => wholePackets(bytes), { code: 'input' })
  })
})
