import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkOverrides } from './check.ts'
import { overridePath, overrideTableText, sysctlLines, tableLinesBefore, type Override } from './model.ts'

const nft = (text: string): Override => ({ kind: 'nft', name: 'mine', text })
const sysctl = (text: string, name = 'mine'): Override => ({ kind: 'sysctl', name, text })
const found = (...overrides: Override[]): string[] => checkOverrides(overrides).map(({ path, message }) => `${path} ${message}`)

suite('drop-ins', () => {
  test('that only add are taken', () => {
    const rules =
      '# "}"\nset bad { type ipv4_addr; flags interval; }\nchain c {\n  type filter hook forward priority 5;\n  add @bad { ip saddr } comment "}"\n}'
    assert.deepEqual(found(nft(rules), sysctl('# a\n; b\n\nnet.ipv4.ip_default_ttl = 65\n')), [])
  })

  test('cannot leave the table that they are the inside of', () => {
    assert.deepEqual(found(nft('chain a {\n}\n}\ntable ip imp_nat {')), ['overrides/nft/mine.nft:3 closes a brace that it did not open'])
    assert.deepEqual(found(nft('chain a {')), ['overrides/nft/mine.nft leaves a brace open'])
    assert.deepEqual(found(nft('flush ruleset')), ['overrides/nft/mine.nft:1 is a command'])
    assert.deepEqual(found(nft('chain a {\n include "/etc/x"\n}')), ['overrides/nft/mine.nft:2 reads another file'])
  })

  test('set nothing outside of the router, and nothing twice', () => {
    assert.deepEqual(found(sysctl('kernel.panic = 1')), ['overrides/sysctl/mine.conf:1 is a setting of the machine, not of the router'])
    assert.deepEqual(found(sysctl('nonsense')), ['overrides/sysctl/mine.conf:1 is not a setting'])
    assert.deepEqual(found(sysctl('net.ipv4.ip_default_ttl = 65'), sysctl('\nnet/ipv4/ip_default_ttl=66', 'other')), [
      'overrides/sysctl/other.conf:2 is set at overrides/sysctl/mine.conf:1 already',
    ])
  })

  test('settings are read in both spellings of sysctl(8)', () => {
    assert.deepEqual(
      sysctlLines('net/ipv4/conf/lan.40/rp_filter=2\nnet.ipv4.conf.lan/40.rp_filter = 2').map(({ key }) => key),
      ['net.ipv4.conf.lan/40.rp_filter', 'net.ipv4.conf.lan/40.rp_filter'],
    )
    assert.equal(sysctlLines('net.ipv4.tcp_rmem = 4096  131072 6291456')[0]?.value, '4096\t131072\t6291456')
  })

  test('lines of a loaded table are those of the file after the first few', () => {
    const override = nft('first\nsecond')
    assert.equal(overridePath(override), 'nft/mine.nft')
    assert.equal(overrideTableText(override).split('\n').indexOf('first'), tableLinesBefore)
  })
})
