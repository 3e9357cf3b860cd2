import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { changed, onlyNat } from '../config/sample.ts'
import { clientOf } from './probe-management.ts'
import { nat64TrialOf } from './probe-nat64.ts'
import { trialsOf } from './probe-translation.ts'

suite('the ssh session of the person who commits', () => {
  test('is that of SSH_CONNECTION', () => {
    assert.deepEqual(clientOf('2001:db8::7 50222 192.0.2.10 22'), {
      address: '2001:db8::7',
      port: 50_222,
      ownAddress: '192.0.2.10',
      ownPort: 22,
    })
  })

  for (const text of [undefined, '', 'somewhere 1 192.0.2.10 22', '192.0.2.1 1 192.0.2.10', '192.0.2.1 -x 192.0.2.10 22'])
    test(`is none for ${text}`, () => assert.equal(clientOf(text), undefined))
})

suite('the trial of a translation', () => {
  test('goes from an inside address of the router to a neighbour outside', () => {
    const [trial, ...others] = trialsOf(changed({ nat: { mappings: [{ inside: '192.168.0.0/24', outside: '203.0.113.96/28' }] } }))
    assert.deepEqual([trial?.from, trial?.to, trial?.as, others], ['192.168.0.1', '198.51.100.1', '203.0.113.96', []])
  })

  test('is not there where nothing is translated, or the router has no address inside', () => {
    const bypass = [{ source: '192.168.0.0/16', destination: '198.51.100.0/24' }]
    const mappings = [{ inside: '192.168.0.0/24', outside: '203.0.113.96/28' }]
    assert.deepEqual(trialsOf(changed({ nat: { mappings, bypass } })), [], 'the way to the neighbour is a bypass')
    assert.deepEqual(trialsOf(changed(onlyNat('10.99.0.0/24', '203.0.113.128/30'))), [])
    assert.deepEqual(trialsOf(changed({ nat: undefined, container: undefined })), [])
  })
})

suite('the trial of NAT64', () => {
  const nat64 = { prefix: '2001:db8:64::/96', pool: '203.0.113.64/28' }

  test('goes from where hosts are to a neighbour outside', () => {
    assert.deepEqual(nat64TrialOf(changed({ nat64 })), {
      from: '2001:db8:10::1',
      to: '2001:db8:64::c633:6401',
      neighbour: '198.51.100.1',
    })
  })

  test('is not there without NAT64, nor where the prefix must not stand for a neighbour', () => {
    assert.equal(nat64TrialOf(changed({})), undefined)
    assert.equal(nat64TrialOf(changed({ nat64: { pool: nat64.pool } })), undefined)
  })
})
