import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { interpreterOf, neededLibraries, withInterpreter } from './elf.ts'

/** A 64-bit ELF program with an interpreter and two needed libraries, as small as one can be. */
function program(): Buffer {
  const file = Buffer.alloc(0x400)
  file.write('\x7fELF\x02\x01\x01', 'latin1')
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(3, 56)
  const segment = (index: number, type: number, offset: number, address: number, size: number): void => {
    const at = 64 + index * 56
    file.writeUInt32LE(type, at)
    file.writeBigUInt64LE(BigInt(offset), at + 8)
    file.writeBigUInt64LE(BigInt(address), at + 16)
    file.writeBigUInt64LE(BigInt(size), at + 32)
    file.writeBigUInt64LE(BigInt(size), at + 40)
  }
  segment(0, 1, 0, 0x1000, 0x400)
  segment(1, 3, 0x200, 0x1200, 28)
  segment(2, 2, 0x280, 0x1280, 64)
  file.write('/lib64/ld-linux-x86-64.so.2\0', 0x200)
  file.write('\0libz.so.1\0libc.so.6\0', 0x300)
  const tags = [1n, 1n, 1n, 11n, 5n, 0x1300n, 0n, 0n]
  tags.forEach((value, index) => file.writeBigUInt64LE(value, 0x280 + index * 8))
  return file
}

suite('elf', () => {
  test('lists the libraries that a program needs', () => assert.deepEqual(neededLibraries(program(), 'x'), ['libz.so.1', 'libc.so.6']))
  test('tells the interpreter', () => assert.equal(interpreterOf(program(), 'x'), '/lib64/ld-linux-x86-64.so.2'))

  test('gives a program another interpreter and changes nothing else', () => {
    const before = program()
    const after = withInterpreter(before, '/run/vmm/lib/ld.so', 'x')
    assert.equal(interpreterOf(after, 'x'), '/run/vmm/lib/ld.so')
    assert.deepEqual(neededLibraries(after, 'x'), neededLibraries(before, 'x'))
    assert.equal(after.readBigUInt64LE(64 + 56 + 32), 19n)
    assert.equal(interpreterOf(before, 'x'), '/lib64/ld-linux-x86-64.so.2')
  })

  test('refuses an interpreter that does not fit', () => {
    assert.throws(() => withInterpreter(program(), `/${'long/'.repeat(10)}`, 'x'), Fault)
  })

  test('refuses what is no 64-bit ELF program', () => {
    assert.throws(() => neededLibraries(Buffer.from('#!/bin/sh'), 'x'), /x is not a 64-bit ELF program/)
    assert.throws(() => interpreterOf(Buffer.alloc(100), 'x'), /x is not a 64-bit ELF program/)
  })

  test('finds nothing in a static program', () => {
    const file = program()
    file.writeUInt16LE(1, 56)
    assert.deepEqual(neededLibraries(file, 'x'), [])
    assert.equal(interpreterOf(file, 'x'), undefined)
  })
})
