import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { formatConfiguration, parseConfiguration } from './parse.ts'
import { baresSecret, keepUnknown, masked, maskLines, revealed } from './secret-lines.ts'

const values = new Map([
  ['one', 'correct.horse'],
  ['one/former', 'old-value'],
  ['two', 'battery'],
])

function bgp(password: string): string {
  return `router bgp 64500\n neighbor 192.0.2.2 remote-as 64501\n neighbor 192.0.2.2 password ${password}\nexit\n`
}

function masks(text: string): string {
  return formatConfiguration(maskLines(parseConfiguration(text), values))
}

suite('lines with secrets', () => {
  test('are read as placeholders', () => {
    assert.equal(masks(bgp('correct.horse')), bgp('secret:one'))
    assert.equal(masks(bgp('old-value')), bgp('secret:one/former'))
    const ospf = (key: string): string => `interface lan\n ip ospf message-digest-key 3 md5 ${key}\nexit\n`
    assert.equal(masks(ospf('battery')), ospf('secret:two'))
  })

  test('show nothing of a value that was set by hand, even when it looks like a placeholder', () => {
    for (const value of ['typed by hand', 'secret:one']) assert.equal(masks(bgp(value)), bgp('secret:?'))
  })

  test('take a value in force for that of its secret, also where another had it before', () => {
    const swapped = new Map([
      ['a', 'new'],
      ['a/former', 'moved'],
      ['b', 'moved'],
    ])
    assert.equal(formatConfiguration(maskLines(parseConfiguration(bgp('moved')), swapped)), bgp('secret:b'))
  })

  test('are sent with the value', () => {
    assert.equal(revealed('neighbor 192.0.2.2 password secret:one', values), 'neighbor 192.0.2.2 password correct.horse')
    assert.equal(revealed('ip ospf message-digest-key 1 md5 secret:two', values), 'ip ospf message-digest-key 1 md5 battery')
    for (const other of ['neighbor 192.0.2.2 description secret:one', 'no neighbor 192.0.2.2 password'])
      assert.equal(revealed(other, values), other)
  })

  test('are not sent without one', () => {
    const remedy = (error: unknown): boolean => error instanceof Fault && error.code === 'state' && error.hint === 'imp secret set three'
    assert.throws(() => revealed('neighbor 192.0.2.2 password secret:three', values), remedy)
    assert.throws(() => revealed('neighbor 192.0.2.2 password secret:?', values), /set by hand/)
  })

  test('leave no value in the words of a program', () => {
    assert.equal(
      masked('% bad: neighbor X password correct.horse (was old-value)', values),
      '% bad: neighbor X password secret:one (was secret:one/former)',
    )
  })

  test('keep what nobody can bring back', () => {
    const wanted = parseConfiguration(bgp('secret:?'))
    assert.deepEqual(keepUnknown(wanted, parseConfiguration(bgp('secret:one'))), parseConfiguration(bgp('secret:one')))
    const gone = keepUnknown(wanted, parseConfiguration('router bgp 64500\n neighbor 192.0.2.2 remote-as 64501\nexit\n'))
    assert.equal(formatConfiguration(gone), 'router bgp 64500\n neighbor 192.0.2.2 remote-as 64501\nexit\n')
  })

  test('with a value in them are told from those with a name', () => {
    assert.equal(baresSecret('neighbor 192.0.2.2 password x'), true)
    assert.equal(baresSecret('neighbor 192.0.2.2 password secret:one'), false)
    assert.equal(baresSecret('neighbor 192.0.2.2 description x'), false)
  })
})
