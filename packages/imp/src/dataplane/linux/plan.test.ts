import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  array,
  assert as holds,
  boolean,
  constantFrom,
  nat,
  option,
  property,
  record,
  subarray,
  tuple,
  uniqueArray,
  type Arbitrary,
} from 'fast-check'
import { RouterConfig, type RouterConfigInput } from '../../config/model.ts'
import { inverse, type Change } from './change.ts'
import { nothingMade, type DesiredLinux, type MadeLinux } from './desired.ts'
import { carryOut, presentOf, remaining } from './effect.ts'
import { nothingObserved, type ObservedLink, type ObservedLinux } from './observe.ts'
import { planLinux, type LinuxPlan } from './plan.ts'
import { renderLinux } from './render.ts'
import { sourceOf, withDigest } from './table.ts'

function card(name: string, more: Partial<ObservedLink> = {}): ObservedLink {
  return { name, alternativeNames: [], mac: '02:00:5e:00:53:00', mtu: 1500, up: false, carrier: false, addresses: [], ...more }
}

function machineWith(...cards: readonly ObservedLink[]): ObservedLinux {
  return { ...nothingObserved, links: [...nothingObserved.links, ...cards] }
}

function desired(input: Omit<RouterConfigInput, 'schema' | 'version' | 'hostname'>): DesiredLinux {
  return renderLinux(RouterConfig.parse({ schema: 'imp.router', version: 1, hostname: 'r1', ...input }))
}

function made(want: DesiredLinux): MadeLinux {
  return {
    links: [...want.links],
    rules: [...want.rules],
    tables: want.tables.map(({ family, name, text }) => ({ family, name, listing: text })),
  }
}

function changesOf(plan: LinuxPlan): Change[] {
  return [...plan.prepare, ...plan.activate, ...plan.cleanUp]
}

function doAll(changes: readonly Change[], have: ObservedLinux): ObservedLinux {
  const present = presentOf(have.links, have.rules)
  for (const change of remaining(changes, have.links, have.rules)) {
    carryOut(change, present)
    const names = [...present.links.values()].flatMap((link) => [link.name, ...link.alternativeNames])
    assert.equal(new Set(names).size, names.length, `${JSON.stringify(change)}: the kernel gives a name only once`)
    for (const link of present.links.values()) {
      const six = link.addresses.filter((address) => address.includes(':')).map((address) => address.split('/')[0])
      assert.equal(new Set(six).size, six.length, `${JSON.stringify(change)}: a link has an IPv6 address only once`)
    }
  }
  return { ...have, links: [...present.links.values()], rules: present.rules }
}

/** What a machine has after a plan, as the kernel would do it. */
function applied(plan: LinuxPlan, have: ObservedLinux): ObservedLinux {
  const outside = have.outside.filter((link) => plan.bring.includes(link.name)).map((link) => ({ ...link, up: false, addresses: [] }))
  const after = doAll(changesOf(plan), { ...have, links: [...have.links, ...outside] })
  const sysctls = new Map([...have.sysctls, ...plan.sysctls.map(({ key, after: value }) => [key, value] as const)])
  const changed = plan.tables.map((each) => `${each.table.family} ${each.table.name}`)
  const kept = have.tables.filter((table) => !changed.includes(`${table.family} ${table.name}`))
  const loaded = plan.tables.flatMap(({ table, after: text }) => {
    const source = sourceOf(text ?? '')
    return text === null ? [] : [{ ...table, text, listing: text, ...(source === undefined ? {} : { source }) }]
  })
  return { ...after, outside: have.outside.filter((link) => !plan.bring.includes(link.name)), sysctls, tables: [...kept, ...loaded] }
}

/** Names of the links that were not made by a plan. */
function cardNames(have: ObservedLinux): string[] {
  return have.links.filter((link) => link.kind === undefined).map((link) => link.name)
}

function sorted(have: ObservedLinux): unknown {
  const links = have.links.map((link) => ({
    ...link,
    addresses: link.addresses.toSorted(),
    alternativeNames: link.alternativeNames.toSorted(),
  }))
  return { links: links.toSorted((a, b) => (a.name < b.name ? -1 : 1)), rules: have.rules.toSorted((a, b) => a.priority - b.priority) }
}

const addresses = tuple(
  subarray(['10.0.0.1/24', '10.0.1.1/24', '2001:db8:2::1/64']),
  option(constantFrom('2001:db8:1::1/64', '2001:db8:1::1/48')),
).map(([many, one]) => (one === null ? many : [...many, one]))
const subinterfaces = uniqueArray(
  record({
    name: option(constantFrom('voice', 'guests'), { nil: undefined }),
    vlan: constantFrom(100, 200),
    innerVlan: option(constantFrom(7, 8), { nil: undefined }),
    enabled: boolean(),
    addresses,
  }),
  { selector: ({ vlan, innerVlan }) => `${vlan}.${innerVlan}`, maxLength: 3 },
).map((subs) =>
  subs.map(({ innerVlan, name, ...sub }) => ({
    ...sub,
    ...(innerVlan === undefined ? {} : { innerVlan }),
    ...(name === undefined ? {} : { name }),
  })),
)
const ports = uniqueArray(
  record({
    name: constantFrom('wan', 'lan', 'dmz', 'office'),
    card: constantFrom('eth0', 'eth1', 'eth2'),
    mtu: constantFrom(1400, 1500, 9000),
    enabled: boolean(),
    addresses,
    subinterfaces,
  }),
  { selector: ({ name }) => name, comparator: 'SameValue', maxLength: 3 },
).map((all) => all.filter((port, index) => all.findIndex((each) => each.card === port.card) === index))
const drafts: Arbitrary<DesiredLinux> = record({
  ports,
  bridged: boolean(),
  tagged: boolean(),
  policies: nat(2),
  loopback: array(constantFrom('203.0.113.1/32', '203.0.113.2/32'), { maxLength: 2 }),
}).map(({ ports: chosen, bridged, tagged, policies, loopback }) => {
  const member = chosen.find((port) => port.addresses.length === 0)
  return desired({
    interfaces: chosen.map(({ card: name, ...port }) => ({ role: 'internal', nic: { name }, ...port })),
    loopbacks: loopback.length === 0 ? [] : [{ instance: 0, addresses: [...new Set(loopback)] }],
    bridges:
      bridged && member !== undefined
        ? [{ id: 1, members: [{ interface: member.name, ...(tagged ? { vlan: 300 } : {}) }], mtu: 1400, addresses: ['10.9.0.1/24'] }]
        : [],
    policyRoutes: Array.from({ length: policies }, (_, index) => ({
      name: `p${index}`,
      from: ['10.0.0.0/24'],
      via: index === 0 ? '10.0.0.2' : '10.0.1.2',
    })),
  })
})
// Names are unique in every configuration that was checked.
const configurations = drafts.filter(({ links }) => new Set(links.map((link) => link.name)).size === links.length)
const machine = machineWith(
  card('eth0'),
  card('eth1', { mac: '02:00:5e:00:53:11', up: true, addresses: ['10.99.0.1/24', '2001:db8:99::1/64'] }),
  card('eth2', { mac: '02:00:5e:00:53:12', alternativeNames: ['enp3s0'] }),
)

suite('planLinux', () => {
  test('reaches any configuration from any other, and is empty then', () => {
    holds(
      property(configurations, configurations, (first, second) => {
        const one = applied(planLinux(first, machine, nothingMade), machine)
        const plan = planLinux(second, one, made(first))
        const two = applied(plan, one)
        const left = planLinux(second, two, made(second))
        const known = new Set([...second.links.map((link) => link.name), ...cardNames(two)])
        assert.deepEqual(
          two.links.map((link) => link.name).filter((name) => !known.has(name)),
          [],
        )
        assert.deepEqual({ ...left, sysctls: [] }, { bring: [], prepare: [], sysctls: [], activate: [], tables: [], cleanUp: [] })
      }),
      { numRuns: 400 },
    )
  })

  test('is undone to what was there', () => {
    holds(
      property(configurations, configurations, (first, second) => {
        const one = applied(planLinux(first, machine, nothingMade), machine)
        const changes = changesOf(planLinux(second, one, made(first)))
        assert.deepEqual(sorted(doAll(changes.map(inverse).toReversed(), doAll(changes, one))), sorted(one))
      }),
      { numRuns: 400 },
    )
  })

  test('is undone from anywhere in its middle, and done again, while ports keep their cards', () => {
    const cards: Readonly<Record<string, string>> = { wan: 'eth0', lan: 'eth1', dmz: 'eth2' }
    const fixed = configurations.filter((want) => want.links.every((link) => link.kind !== 'port' || cards[link.name] === link.nic?.name))
    holds(
      property(fixed, fixed, nat(60), (first, second, cut) => {
        const one = applied(planLinux(first, machine, nothingMade), machine)
        const changes = changesOf(planLinux(second, one, made(first)))
        const middle = doAll(changes.slice(0, cut), one)
        assert.deepEqual(sorted(doAll(changes.map(inverse).toReversed(), middle)), sorted(one))
        assert.deepEqual(sorted(doAll(changes, middle)), sorted(doAll(changes, one)))
      }),
      { numRuns: 200 },
    )
  })

  test('takes everything of ours away and leaves the rest', () => {
    holds(
      property(configurations, (first) => {
        const one = applied(planLinux(first, machine, nothingMade), machine)
        const none = applied(planLinux(desired({}), one, made(first)), one)
        assert.deepEqual(
          none.links.map((link) => link.name).toSorted(),
          ['eth0', 'eth1', 'eth2', 'lo']
            .map((name) => none.links.find((link) => link.alternativeNames.includes(name))?.name ?? name)
            .toSorted(),
        )
        assert.deepEqual(none.rules, [])
        // A card that goes down loses its IPv6 addresses, whoever gave them to it.
        const foreign = none.links.flatMap((link) => link.addresses).filter((address) => address !== '2001:db8:99::1/64')
        assert.deepEqual(foreign, ['10.99.0.1/24'])
      }),
    )
  })

  test('finds cards by name, by address and by place, and brings them in', () => {
    const want = desired({
      interfaces: [
        { name: 'one', role: 'external', nic: { name: 'enp1s0' } },
        { name: 'two', role: 'internal', nic: { mac: '02:00:5e:00:53:02' } },
        { name: 'three', role: 'internal', nic: { pci: '0000:03:00.0' } },
      ],
    })
    const have = {
      ...machineWith(
        card('eth7', { alternativeNames: ['enp1s0'] }),
        card('eth8', { mac: '02:00:5e:00:53:02' }),
        card('eth8.5', { mac: '02:00:5e:00:53:02', kind: 'vlan' }),
      ),
      outside: [card('eth9', { pci: '0000:03:00.0', up: true })],
    }
    const plan = planLinux(want, have, nothingMade)
    assert.deepEqual(plan.bring, ['eth9'])
    assert.deepEqual(
      plan.prepare.filter((change) => change.change === 'rename'),
      [
        { change: 'rename', from: 'eth7', to: 'one', mac: '02:00:5e:00:53:00' },
        { change: 'rename', from: 'eth8', to: 'two', mac: '02:00:5e:00:53:02' },
        { change: 'rename', from: 'eth9', to: 'three', mac: '02:00:5e:00:53:00' },
      ],
    )
  })

  test('names every missing card at once, and those that there are', () => {
    const want = desired({
      interfaces: [
        { name: 'one', role: 'external' },
        { name: 'two', role: 'internal', nic: { mac: '02:00:5e:00:53:99' } },
      ],
    })
    assert.throws(() => planLinux(want, machineWith(card('eth0')), nothingMade), {
      code: 'not-found',
      message: 'network cards are missing: one, two',
      hint: 'there are eth0 (02:00:5e:00:53:00)',
    })
  })

  test('lets two ports trade their names', () => {
    const want = desired({
      interfaces: [
        { name: 'eth0', role: 'external', nic: { mac: '02:00:5e:00:53:01' } },
        { name: 'eth1', role: 'internal', nic: { mac: '02:00:5e:00:53:02' } },
      ],
    })
    const have = machineWith(card('eth1', { mac: '02:00:5e:00:53:01' }), card('eth0', { mac: '02:00:5e:00:53:02' }))
    const after = applied(planLinux(want, have, nothingMade), have)
    assert.deepEqual(
      after.links
        .filter((link) => link.name !== 'lo')
        .map((link) => `${link.name} ${link.mac}`)
        .toSorted(),
      ['eth0 02:00:5e:00:53:01', 'eth1 02:00:5e:00:53:02'],
    )
  })

  test('refuses a name that another link has', () => {
    const want = desired({ interfaces: [{ name: 'lan', role: 'internal', nic: { name: 'eth0' } }] })
    assert.throws(() => planLinux(want, machineWith(card('eth0'), card('lan')), nothingMade), {
      code: 'conflict',
      message: /eth0 cannot be renamed to lan/,
    })
  })

  test('refuses to replace a link that it did not make', () => {
    const want = desired({ interfaces: [{ name: 'eth0', role: 'internal', subinterfaces: [{ vlan: 100 }] }] })
    const theirs = card('theirs', { kind: 'vlan', parent: 'eth0', vlan: 100, protocol: '802.1Q' })
    assert.throws(() => planLinux(want, machineWith(card('eth0'), theirs), nothingMade), {
      code: 'conflict',
      message: /eth0\.100 cannot be made: there is theirs/,
    })
  })

  test('raises the MTU of a port before the VLAN on it is made, and lowers the VLAN first', () => {
    const at = (mtu: number): DesiredLinux =>
      desired({ interfaces: [{ name: 'eth0', role: 'internal', mtu, subinterfaces: [{ vlan: 100 }] }] })
    const have = machineWith(card('eth0'))
    const raised = planLinux(at(9000), have, nothingMade)
    assert.deepEqual(
      raised.prepare.map((change) => change.change),
      ['mtu', 'add-link'],
    )
    const lowered = planLinux(at(1500), applied(raised, have), made(at(9000)))
    assert.deepEqual(
      lowered.prepare.map((change) => (change.change === 'mtu' ? change.link : change.change)),
      ['eth0.100', 'eth0'],
    )
  })

  test('loads a table again when somebody changed it, and forgets one that is no longer wanted', () => {
    const table = withDigest({ family: 'ip', name: 'imp_nat', text: 'table ip imp_nat {\n}\n' })
    const want: DesiredLinux = { links: [], sysctls: {}, rules: [], tables: [table] }
    const source = sourceOf(table.text) ?? assert.fail('no digest')
    const remembered = { ...nothingMade, tables: [{ family: 'ip' as const, name: 'imp_nat', listing: 'as loaded' }] }
    const having = (listing: string): ObservedLinux => ({
      ...machineWith(),
      tables: [{ family: 'ip', name: 'imp_nat', source, listing, text: 'the listing' }],
    })
    assert.deepEqual(planLinux(want, having('as loaded'), remembered).tables, [])
    assert.deepEqual(planLinux(want, having('by hand'), remembered).tables, [
      { table: { family: 'ip', name: 'imp_nat' }, before: 'the listing', after: table.text },
    ])
    assert.deepEqual(planLinux({ ...want, tables: [] }, having('as loaded'), remembered).tables, [
      { table: { family: 'ip', name: 'imp_nat' }, before: 'the listing', after: null },
    ])
  })

  test('sets what the kernel has and skips what it lacks', () => {
    const want: DesiredLinux = {
      links: [],
      sysctls: { 'net.ipv4.ip_forward': '1', 'net.bridge.bridge-nf-call-iptables': '0', 'net.ipv6.conf.new.accept_ra': '0' },
      rules: [],
      tables: [],
    }
    const have = { ...machineWith(), sysctls: new Map([['net.ipv4.ip_forward', '0']]) }
    assert.deepEqual(planLinux(want, have, nothingMade).sysctls, [{ key: 'net.ipv4.ip_forward', before: '0', after: '1' }])
  })

  test('sets what belongs to a link anew when another link gets its name', () => {
    const want = desired({ interfaces: [{ name: 'lan', role: 'internal', nic: { name: 'eth0' } }] })
    const have = { ...machineWith(card('eth0')), sysctls: new Map(Object.entries(want.sysctls)) }
    assert.deepEqual(
      planLinux(want, have, nothingMade).sysctls.map(({ key, before }) => [key, before]),
      [
        ['net.ipv6.conf.lan.disable_ipv6', null],
        ['net.ipv6.conf.lan.accept_ra', null],
        ['net.ipv4.conf.lan.rp_filter', null],
      ],
    )
  })
})
