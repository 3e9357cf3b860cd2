import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { changed, lan, ports, wan } from '../../../config/sample.ts'
import type { Nic } from '../../../interfaces/model.ts'
import type { ObservedLink } from '../../linux/observe.ts'
import { nothing, type Things } from '../desired.ts'
import { renderVpp } from '../render.ts'
import { bare, containerInterface } from '../render-interfaces.ts'
import { settle, type Settled } from './settle.ts'

function link(name: string, more: Partial<ObservedLink> = {}): ObservedLink {
  return { name, alternativeNames: [], mac: '02:00:5e:00:53:01', mtu: 1500, up: true, carrier: true, addresses: [], ...more }
}

interface Around {
  readonly have?: Things
  readonly links?: readonly ObservedLink[]
  readonly outside?: readonly ObservedLink[]
}

function settled(nic: Nic, { have = nothing, links = [], outside = [] }: Around, container = false): Settled {
  const config = changed({ ...ports(wan, { ...lan, nic }), dataplane: 'vpp', ...(container ? { container: {} } : {}) })
  const desired = renderVpp(config)
  const eth0 = link('eth0')
  const cards = { ...desired.cards, wan: { nic: { name: 'eth0' }, movedTo: 'nic0' } }
  return settle(desired.core, { ...desired, cards }, { have, links: [eth0, ...links], outside, directory: '/run/vpp' })
}

suite('what a configuration asks for, in view of what is there', () => {
  test('takes a link of its namespace, by name, address, or the name that it was moved under', () => {
    const making = (nic: Nic, links: readonly ObservedLink[]) => settled(nic, { links }).want.interfaces['lan']?.making
    assert.deepEqual(making({ name: 'eth1' }, [link('eth1')]), { driver: 'af-packet', link: 'eth1' })
    assert.deepEqual(making({ name: 'eth1' }, [link('ens5', { alternativeNames: ['eth1'] })]), { driver: 'af-packet', link: 'ens5' })
    assert.deepEqual(making({ mac: '02:00:5e:00:53:07' }, [link('ens5', { mac: '02:00:5e:00:53:07' })]), {
      driver: 'af-packet',
      link: 'ens5',
    })
    assert.deepEqual(making({ name: 'lan' }, [link('nic1')]), { driver: 'af-packet', link: 'nic1' })
  })

  test('brings a card from outside, and names those that are nowhere', () => {
    const { bring, want } = settled({ name: 'eth1' }, { outside: [link('eth1')] })
    assert.deepEqual([bring, want.interfaces['lan']?.making], [['eth1'], { driver: 'af-packet', link: 'eth1' }])
    assert.throws(
      () => settled({ name: 'eth9' }, {}),
      (error) =>
        error instanceof Fault &&
        error.code === 'not-found' &&
        error.findings[0]?.path === 'lan' &&
        /there are eth0/.test(error.hint ?? ''),
    )
  })

  test('refuses a card that has the name of its own twin', () => {
    assert.throws(() => settled({ name: 'lan' }, { links: [link('lan')] }), /ports cannot be had: lan/)
  })

  test('leaves a card on the PCI bus to the start of VPP, and takes it as it is when it is there', () => {
    const pci = '0000:01:00.0'
    assert.deepEqual(settled({ pci }, { links: [link('eth1', { pci })] }).restart, ['lan'])
    const have: Things = { ...nothing, interfaces: { lan: bare({ driver: 'card' }) } }
    const { restart, want } = settled({ pci }, { have })
    assert.deepEqual([restart, want.interfaces['lan']?.making], [[], { driver: 'card' }])
  })

  test('knows an interface that still has the name which VPP gave it', () => {
    const making = { driver: 'af-packet', link: 'eth1' } as const
    const { have, unnamed } = settled(
      { name: 'eth1' },
      { links: [link('eth1')], have: { ...nothing, interfaces: { 'host-eth1': bare(making) } } },
    )
    assert.deepEqual([Object.keys(have.interfaces), [...unnamed]], [['lan'], ['lan']])
  })

  test('waits with the port of the containers until its link is there', () => {
    const nic = { name: 'eth1' }
    assert.equal(settled(nic, { links: [link('eth1')] }, true).want.interfaces[containerInterface], undefined)
    const there = settled(nic, { links: [link('eth1'), link('incus-dataplane')] }, true).want.interfaces[containerInterface]
    assert.equal(there?.making.driver, 'af-packet')
  })
})
