import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkConfig } from '../config/check.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import { cancel, enter, type Line } from './fake-ask.ts'
import { hold, menu } from './fake-conversation.ts'
import { fresh } from './sample.ts'

suite('NAT64', () => {
  const only6: RouterConfigInput = {
    ...fresh,
    interfaces: [
      { name: 'wan', role: 'external', nic: { pci: '0000:02:00.0' }, addresses: ['198.51.100.2/30'] },
      {
        name: 'lan',
        role: 'internal',
        nic: { mac: '02:00:5e:00:53:03' },
        addresses: ['2001:db8:10::1/64'],
        subinterfaces: [{ vlan: 7, addresses: ['2001:db8:11::1/64'] }],
      },
    ],
    routes: [{ prefix: '0.0.0.0/0', via: '198.51.100.1' }],
  }
  const end: readonly Line[] = [
    [menu, 'review'],
    [/^Commit now/, 'candidate'],
  ]

  test('has defaults that are right: the well-known prefix, the address outside, all hosts', async () => {
    const ask = [
      [menu, 'nat'],
      [/^Translate inside/, false],
      [/NAT64/, true],
      [/which IPv6 prefix/, enter],
      [/^Public IPv4 addresses.*Enter for 198\.51\.100\.2\/32/, enter],
      [/which networks/, enter],
    ] as const
    const { config } = await hold([...ask, ...end], only6)
    assert.deepEqual(config, { ...RouterConfig.parse(only6), nat64: { prefix: '64:ff9b::/96', pool: '198.51.100.2/32' } })
    assert.deepEqual(
      checkConfig(config).filter(({ severity }) => severity === 'error'),
      [],
    )
  })

  test('that is there is the default of every question, and goes where it is not wanted', async () => {
    const document: RouterConfigInput = {
      ...only6,
      nat64: { prefix: '2001:db8:64::/96', pool: '203.0.113.64/28', interfaces: ['lan.7'], timeouts: { udp: 400 } },
    }
    const unchanged: readonly Line[] = [
      [menu, 'nat'],
      [/^Translate inside/, enter],
      [/NAT64/, enter],
      [/which IPv6 prefix/, enter],
      [/^Own prefix/, enter],
      [/^Public IPv4 addresses/, enter],
      [/which networks/, enter],
    ]
    assert.deepEqual(
      (await hold([...unchanged, [menu, 'review'], [/There are errors/, 'candidate']], document)).config,
      RouterConfig.parse(document),
    )
    const all = await hold(
      [...unchanged.slice(0, -1), [/which networks/, []], [/which networks/, ['lan', 'lan.7']], [menu, 'review'], [/errors/, 'candidate']],
      document,
    )
    assert.deepEqual([all.config?.nat64?.interfaces, all.config?.nat64?.timeouts?.udp], [undefined, 400])
    assert.match(all.ask.refused[0] ?? '', /at least one/)
    const gone = await hold([...unchanged.slice(0, 2), [/NAT64/, false], ...end], document)
    assert.deepEqual(gone.config, RouterConfig.parse(only6))
  })

  test('is not offered where it cannot work, and the pool of NAT is not suggested for it', async () => {
    const only4: RouterConfigInput = {
      ...only6,
      interfaces: [{ name: 'lan', role: 'internal', addresses: ['2001:db8:10::1/64'] }],
      routes: [],
    }
    const { ask } = await hold([[menu, 'nat'], [/^Translate inside/, false], ...end], only4)
    assert.deepEqual(ask.left, [])
    const shared: RouterConfigInput = { ...only6, nat: { mappings: [{ inside: '10.0.0.0/28', outside: '198.51.100.2/32' }] } }
    await hold(
      [
        [menu, 'nat'],
        [/^Translate/, enter],
        [/^Mappings/, enter],
        [/nothing is/, enter],
        [/NAT64/, true],
        [/which IPv6/, enter],
        [/^Public IPv4 addresses that they share$/, cancel],
      ],
      shared,
    )
  })
})
