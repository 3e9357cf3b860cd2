import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { commandsIn, renderCommands } from './exec.ts'
import { loadConfiguration, loadContainerLink } from './exec-load.ts'
import { goldenConfig, hardwareFor } from '../sample.ts'

/** A command line that prints what VPP prints, and knows its interfaces; `broken` lines answer in their own way. */
class CommandLine {
  readonly name = 'VPP (core)'
  readonly interfaces = new Set(['local0'])
  readonly sent: string[] = []
  readonly broken = new Map<string, string | Fault>()
  acls = 0

  cli(line: string): Promise<string> {
    this.sent.push(line)
    const broken = this.broken.get(line)
    if (broken instanceof Fault) return Promise.reject(broken)
    return Promise.resolve(broken ?? this.answer(line))
  }

  answer(line: string): string {
    const [first = '', second = '', third = '', , fifth = ''] = line.split(' ')
    if (line.startsWith('create host-interface')) return this.add(`host-${line.split(' ').at(-1)}`)
    if (line.startsWith('create loopback')) return this.add(`loop${line.split(' ').at(-1)}`)
    if (line.startsWith('create sub-interfaces')) return this.add(`${third}.${line.split(' ')[3]}`)
    if (line.startsWith('create bridge-domain')) return `bridge-domain ${third}\n`
    if (line.startsWith('set acl-plugin acl')) return `ACL index:${this.acls++}\n`
    if (first === 'set' && second === 'interface' && third === 'name') {
      this.interfaces.delete(line.split(' ')[3] ?? '')
      this.add(fifth)
    }
    if (line.startsWith('delete host-interface')) this.interfaces.delete(`host-${line.split(' ').at(-1)}`)
    return ''
  }

  add(name: string): string {
    this.interfaces.add(name)
    return `${name}\r\n`
  }

  dump(): Promise<{ interface_name: string }[]> {
    return Promise.resolve([...this.interfaces].map((name) => ({ interface_name: name })))
  }
}

const config = goldenConfig('everything', 'vpp')
const files = renderCommands(config, hardwareFor(config))
const core = commandsIn(files.core)
const container = commandsIn(files.container ?? '')

suite('loading commands into VPP', () => {
  test('every line is sent once, in order, and not again when the mark is there', async () => {
    const vpp = new CommandLine()
    assert.deepEqual(await loadConfiguration(vpp, core), { changed: true, lines: core.length })
    assert.deepEqual(vpp.sent, core)
    assert.deepEqual(await loadConfiguration(vpp, core), { changed: false, lines: core.length })
    assert.equal(vpp.sent.length, core.length)
  })

  test('a line that VPP refuses ends it with the line and the words', async () => {
    const vpp = new CommandLine()
    vpp.broken.set('set interface state lan up', new Fault('exec', 'refused', { detail: 'unknown interface' }))
    await assert.rejects(loadConfiguration(vpp, core), { code: 'exec', detail: 'unknown interface' })
    assert.equal(vpp.sent.at(-1), 'set interface state lan up')
  })

  const silent: readonly [line: string, answer: string][] = [
    ['create sub-interfaces lan 40 dot1q 40 exact-match', ''],
    ['create bridge-domain 100', ''],
    [core.find((line) => line.startsWith('set acl-plugin acl')) ?? '', ''],
    ['abf policy add id 1 acl 0 via 169.254.1.5 memif1/0', 'ACL index must match existing ACL index in policy'],
    ['create loopback interface instance 0', 'loop1'],
  ]
  for (const [line, answer] of silent)
    test(`accepted, and not done: ${line.slice(0, 50)} answers ${JSON.stringify(answer)}`, async () => {
      const vpp = new CommandLine()
      vpp.broken.set(line, answer)
      await assert.rejects(loadConfiguration(vpp, core), { code: 'exec', message: new RegExp(`line ${core.indexOf(line) + 1} `) })
      assert.equal(vpp.sent.at(-1), line)
    })

  test('policies name the ACLs that VPP made, whatever numbers it gave them', async () => {
    const vpp = new CommandLine()
    vpp.acls = 7
    await loadConfiguration(vpp, core)
    const policies = vpp.sent.filter((line) => line.startsWith('abf policy')).map((line) => line.split(' ').slice(4, 7).join(' '))
    assert.deepEqual(policies, ['1 acl 7', '3 acl 8', '4 acl 9'])
  })

  test('the container link is left alone when it is complete, and made anew, detached first, when it is not', async () => {
    const vpp = new CommandLine()
    assert.equal((await loadContainerLink(vpp, container)).changed, true)
    vpp.broken.set('show interface address host-incus-dataplane', 'host-incus-dataplane (up):\n  L3 10.234.116.5/24\n')
    vpp.broken.set('show abf attach host-incus-dataplane', 'ipv4:\n abf-interface-attach: policy:1 priority:1000\n')
    assert.equal((await loadContainerLink(vpp, container)).changed, false)
    vpp.broken.set('show interface address host-incus-dataplane', 'host-incus-dataplane (dn):\n')
    assert.equal((await loadContainerLink(vpp, container)).changed, true)
    const out = vpp.sent.indexOf('abf attach ip4 del policy 1 host-incus-dataplane')
    assert.equal(vpp.sent[out + 1], 'delete host-interface name incus-dataplane')
    assert.deepEqual(vpp.sent.slice(out + 2), container)
    vpp.broken.set('show abf attach host-incus-dataplane', '')
    vpp.sent.length = 0
    assert.equal((await loadContainerLink(vpp, container)).changed, true)
    assert.ok(!vpp.sent.some((line) => line.includes(' del policy ')), 'what is not attached cannot be detached')
  })
})
