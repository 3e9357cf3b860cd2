import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '@imp/kit/base/fault.ts'
import { compressionOf, headLength, recognise, sizeSuffix } from './image.ts'

function elf(machine: number, type = 2, segments = 1): Buffer {
  const head = Buffer.alloc(headLength)
  head.write('\x7fELF\x02\x01\x01', 'latin1')
  head.writeUInt16LE(type, 16)
  head.writeUInt16LE(machine, 18)
  head.writeUInt16LE(segments, 56)
  return head
}

function bzImage(version = 0x20f, setupSectors = 39): Buffer {
  const head = Buffer.alloc(headLength)
  head.write('MZ')
  head.writeUInt8(setupSectors, 0x1f1)
  head.write('\x55\xaa', 0x1fe, 'latin1')
  head.write('HdrS', 0x202)
  head.writeUInt16LE(version, 0x206)
  head.writeUInt32LE(0x2d0, 0x248)
  head.writeUInt32LE(7_654_321, 0x24c)
  return head
}

function arm64(): Buffer {
  const head = Buffer.alloc(headLength)
  head.write('ARM\x64', 56)
  return head
}

function zboot(): Buffer {
  const head = Buffer.alloc(headLength)
  head.write('MZ\0\0zimg', 'latin1')
  head.writeUInt32LE(0x9000, 8)
  head.writeUInt32LE(123_456, 12)
  return head
}

function reasonFor(head: Buffer): string {
  try {
    return JSON.stringify(recognise(head))
  } catch (error) {
    assert.ok(error instanceof Fault)
    assert.equal(error.code, 'input')
    return error.message
  }
}

suite('recognise', () => {
  test('an ELF kernel of each architecture', () => {
    assert.deepEqual(recognise(elf(62)), { kind: 'plain', architecture: 'amd64' })
    assert.deepEqual(recognise(elf(183, 3)), { kind: 'plain', architecture: 'arm64' })
  })

  test('a bzImage and where its payload is', () => {
    assert.deepEqual(recognise(bzImage()), { kind: 'packed', offset: 40 * 512 + 0x2d0, length: 7_654_321, wrapper: 'bzimage' })
  })

  test('a bzImage without a number of setup sectors, which means four', () => {
    assert.deepEqual(recognise(bzImage(0x208, 0)), { kind: 'packed', offset: 5 * 512 + 0x2d0, length: 7_654_321, wrapper: 'bzimage' })
  })

  test('what arm64 ships', () => {
    assert.deepEqual(recognise(arm64()), { kind: 'plain', architecture: 'arm64' })
    assert.deepEqual(recognise(zboot()), { kind: 'packed', offset: 0x9000, length: 123_456, wrapper: 'zboot' })
    assert.deepEqual(recognise(Buffer.from('\x1f\x8b\x08', 'latin1')), { kind: 'packed', offset: 0, wrapper: 'gzip' })
  })

  const refused: readonly (readonly [string, Buffer, RegExp])[] = [
    ['an empty file', Buffer.alloc(0), /neither ELF nor bzImage/],
    ['a script', Buffer.from('#!/bin/sh\necho\n'), /neither ELF nor bzImage/],
    ['a 32-bit program', Buffer.concat([Buffer.from('\x7fELF\x01\x01', 'latin1'), Buffer.alloc(100)]), /not 64-bit/],
    ['a module, which is an object file', elf(62, 1, 0), /cannot be executed/],
    ['a program for another machine', elf(243), /for machine 243/],
    ['a bzImage of Linux 2.4', bzImage(0x203), /older than 2.08/],
    ['an ELF head that is cut', Buffer.from('\x7fELF\x02\x01', 'latin1'), /neither ELF nor bzImage/],
  ]
  for (const [what, head, reason] of refused) test(`refuses ${what}`, () => assert.match(reasonFor(head), reason))

  test('refuses anything else with a fault, never with an error of its own', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => typeof reasonFor(Buffer.from(bytes)) === 'string'))
  })
})

suite('compression', () => {
  test('is told by the first bytes of the payload', () => {
    const signatures = { '1f8b08': 'gzip', fd377a585a00: 'xz', '28b52ffd': 'zstd', '02214c18': 'lz4', '425a68': 'bzip2', '5d0000': 'lzma' }
    for (const [hex, compression] of Object.entries(signatures)) assert.equal(compressionOf(Buffer.from(hex, 'hex')), compression)
  })

  test('that is unknown is refused', () => assert.throws(() => compressionOf(Buffer.from('00112233', 'hex')), /begins with 00112233/))

  test('gzip ends with its own size, the others are followed by one', () => {
    assert.equal(sizeSuffix('bzimage', 'gzip'), 0)
    assert.equal(sizeSuffix('bzimage', 'lz4'), 4)
    assert.equal(sizeSuffix('zboot', 'zstd'), 4)
    assert.equal(sizeSuffix('gzip', 'gzip'), 0)
  })
})
