import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { changed, ports } from '../config/sample.ts'
import { fitToLab } from './fit.ts'

const wan = { name: 'wan', role: 'external', nic: { pci: '0000:01:00.0' } } as const
const lan = { name: 'lan', role: 'internal', nic: { name: 'ens5' } } as const

suite('configurations of real machines in a lab', () => {
  test('have links for cards: by the name of the card, or else that of the port', () => {
    const { config, findings } = fitToLab(changed(ports(wan, lan)), ['wan', 'ens5'])
    assert.deepEqual(
      config.interfaces.map(({ nic }) => nic),
      [{ name: 'wan' }, { name: 'ens5' }],
    )
    assert.deepEqual(findings, [])
    assert.deepEqual(fitToLab(changed(ports(wan, lan)), ['wan', 'lan']).config.interfaces[1]?.nic, { name: 'lan' })
  })

  test('need a link for every card', () => {
    const { findings } = fitToLab(changed(ports(wan, lan)), ['wan'])
    assert.deepEqual(
      findings.map(({ path, message }) => [path, message]),
      [['interfaces[1]', 'no link of the lab ends at "ens5" or "lan"']],
    )
  })

  test('are forwarded by the kernel, which is said', () => {
    const { config, findings } = fitToLab(changed({ ...ports(wan), dataplane: 'vpp' }), ['wan'])
    assert.equal(config.dataplane, 'linux')
    assert.deepEqual(
      findings.map(({ path, severity }) => [path, severity]),
      [['dataplane', 'warning']],
    )
  })
})
