/** The command files of every golden configuration, byte by byte, and that each line has a form that VPP is known to take. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { RouterConfig } from '../../../config/model.ts'
import { changed } from '../../../config/sample.ts'
import { commandsIn, renderCommands } from './exec.ts'
import { goldenConfig, goldenNames, hardwareFor, withoutPci } from '../sample.ts'

const asText = { serializers: [(value: unknown) => String(value)] }
const golden = join(import.meta.dirname, 'golden')

const name = String.raw`[A-Za-z][\w-]*(\.\d+)?|memif[12]/0|host-incus-dataplane`
const four = String.raw`\d+\.\d+\.\d+\.\d+`
const prefix = String.raw`(${four}/\d+|[0-9a-f:]+/\d+)`
const rule = `(permit|deny) src ${prefix} dst ${prefix}`

/** Forms that a running VPP 25.06 took, with what they must hold. */
const accepted: readonly RegExp[] = [
  /^create host-interface name [\w.-]+$/,
  /^set interface name (host-[\w.-]+|loop\d+) [A-Za-z][\w-]*$/,
  new RegExp(`^set interface mtu packet (1[2-9]\\d\\d|[2-9]\\d\\d\\d) (${name})$`),
  new RegExp(`^lcp create (${name}) host-if [A-Za-z][\\w.-]{0,14}$`),
  new RegExp(`^set interface state (${name}) (up|down)$`),
  new RegExp(`^enable ip6 interface (${name})$`),
  new RegExp(`^set interface ip address (${name}) ${prefix}$`),
  /^create sub-interfaces [A-Za-z][\w-]* \d+ dot1(q|ad) \d+( exact-match| inner-dot1q \d+ exact-match)?$/,
  /^create loopback interface instance \d+$/,
  /^create bridge-domain \d+$/,
  new RegExp(`^set interface l2 bridge (${name}) \\d+( bvi)?$`),
  new RegExp(`^set interface l2 tag-rewrite (${name}) pop 1$`),
  new RegExp(`^set interface l2 xconnect (${name}) (${name})$`),
  /^create memif socket id [12] filename \/run\/vpp\/memif-nat-(int|ext)\.sock$/,
  /^create interface memif id 0 socket-id [12] hw-addr 02(:[0-9a-f]{2}){5} (master|slave)$/,
  new RegExp(`^set acl-plugin acl ${rule}(, ${rule})* tag [\\w:-]{1,63}$`),
  new RegExp(`^abf policy add id \\d+ acl \\d+ via (${four}|[0-9a-f:]+) (${name})$`),
  new RegExp(`^abf attach ip[46] policy \\d+ priority \\d+ (${name})$`),
  new RegExp(`^ip route add ${four}/\\d+ via ${four} (${name})$`),
  new RegExp(`^ip6 nd (${name}) ra-interval \\d+ \\d+$`),
  new RegExp(`^ip6 nd (${name}) ra-lifetime \\d+$`),
  new RegExp(`^ip6 nd (${name}) ra-(managed|other)-config-flag$`),
  new RegExp(`^ip6 nd (${name}) prefix [0-9a-f:]+/\\d+ (infinite|\\d+ \\d+)( off-link)?( no-autoconfig)?$`),
  new RegExp(`^ip6 nd (${name}) no ra-suppress$`),
  /^det44 plugin enable$/,
  /^set interface det44 inside memif1\/0 outside memif2\/0$/,
  new RegExp(`^det44 add in ${four}/\\d+ out ${four}/\\d+$`),
]

/** Forms that VPP refused, or took and did something else. */
const refused: readonly [why: string, form: RegExp][] = [
  ['a QinQ form that makes the sub-interface without its inner tag', /create sub-interfaces \S+ \d+ (dot1ad \d+ dot1q|inner-dot1)/],
  ['an MTU without "packet"', /^set interface mtu \d/],
  ['an address without a length', /^set interface ip address \S+ [^/]+$/],
  ['a twin that auto-subint makes already', /auto-subint/],
  ['an ACL without a prefix length, which permits any', /acl .*(src|dst) [^/ ]+( |,|$)/],
  ['a tag inside the rules', / tag \S+,/],
  ['a prefix advertised for ever because it has no lifetime', /ip6 nd \S+ prefix \S+$/],
  ['RA switched off by a form that does not exist', /^no ip6 nd/],
  ['a pool as a prefix', /nat64 add pool address \S+\//],
  ['a macro', /\$/],
]

function assertAccepted(lines: readonly string[]): void {
  for (const line of lines) {
    for (const [why, form] of refused) assert.doesNotMatch(line, form, why)
    assert.ok(
      accepted.some((form) => form.test(line)),
      `not a form that VPP is known to take: ${line}`,
    )
    assert.ok(line.length < 4000, 'a line that fills a buffer of the CLI is not run')
  }
}

/** Name of what a line makes or changes, for rules about the order of lines. */
function indexOf(lines: readonly string[], form: RegExp): number {
  return lines.findIndex((line) => form.test(line))
}

function commandsOf(config: RouterConfig): string[] {
  return commandsIn(renderCommands(config, hardwareFor(config)).core)
}

suite('command files', () => {
  for (const each of goldenNames) {
    const config = goldenConfig(each, 'vpp')
    const hardware = hardwareFor(config)
    test(each, (t) => {
      const files = renderCommands(config, hardware)
      t.assert.fileSnapshot(files.core, join(golden, each, 'commands-core.txt'), asText)
      if (files.nat !== undefined) t.assert.fileSnapshot(files.nat, join(golden, each, 'commands-nat.txt'), asText)
      if (files.container !== undefined) t.assert.fileSnapshot(files.container, join(golden, each, 'commands-container.txt'), asText)
      assert.deepEqual([files.nat !== undefined, files.container !== undefined], [config.nat !== undefined, config.container !== undefined])
    })

    test(`${each}: every line has a form that VPP takes, with and without a PCI bus`, () => {
      for (const machine of [hardware, withoutPci(hardware)]) {
        const named = config.interfaces.every(({ nic }) => nic?.pci === undefined)
        if (machine !== hardware && !named) continue
        const files = renderCommands(config, machine)
        for (const text of [files.core, files.nat, files.container]) assertAccepted(commandsIn(text ?? ''))
      }
    })

    test(`${each}: nothing is used before it is made, nor made twice`, () => {
      const lines = commandsOf(config)
      const made = lines.filter((line) => /^(create|lcp create|set interface ip address) /.test(line))
      assert.equal(new Set(made).size, made.length)
      for (const [index, line] of lines.entries()) {
        const [, vlan = ''] = /^(?:set interface state|lcp create|set interface mtu packet \d+) ([\w-]+\.\d+)/.exec(line) ?? []
        const [port, number] = vlan.split('.')
        if (vlan !== '') assert.ok(indexOf(lines, new RegExp(`^create sub-interfaces ${port} ${number} `)) < index, line)
      }
    })

    test(`${each}: MTU, twin, state, IPv6, addresses, in this order for every interface, and advertisements last`, () => {
      const lines = commandsOf(config)
      for (const twin of lines.filter((line) => line.startsWith('lcp create '))) {
        const interfaceName = (twin.split(' ')[2] ?? '').replaceAll('.', String.raw`\.`)
        const places = [
          indexOf(lines, new RegExp(`^set interface mtu packet \\d+ ${interfaceName}$`)),
          lines.indexOf(twin),
          indexOf(lines, new RegExp(`^set interface state ${interfaceName} `)),
          indexOf(lines, new RegExp(`^enable ip6 interface ${interfaceName}$`)),
          indexOf(lines, new RegExp(`^set interface ip address ${interfaceName} `)),
        ].filter((place) => place >= 0)
        assert.deepEqual(
          places,
          places.toSorted((a, b) => a - b),
          interfaceName,
        )
      }
      const first = lines.findIndex((line) => line.startsWith('ip6 nd '))
      const rest = first < 0 ? [] : lines.slice(first).filter((line) => !line.startsWith('ip6 nd '))
      assert.ok(rest.every((line) => / loopback interface | imp-configured$/.test(line)))
    })

    test(`${each}: the last line names the mark`, () => {
      const files = renderCommands(config, hardware)
      for (const text of [files.core, files.nat]) assert.match(text ?? ' imp-configured\n', / imp-configured\n$/)
    })
  }

  test('every internal network is steered to NAT: ports, VLANs, bridges and containers', () => {
    const config = goldenConfig('everything', 'vpp')
    const { core, container } = renderCommands(config, hardwareFor(config))
    const attached = [...`${core}${container}`.matchAll(/^abf attach ip4 policy 1 priority 1000 (\S+)$/gm)].map((match) => match[1])
    assert.deepEqual(attached, ['lan', 'lan.40', 'lan.5000007', 'dmz', 'loop100', 'host-incus-dataplane'])
  })

  test("the router's own addresses, own networks and bypassed pairs are not translated", () => {
    const config = goldenConfig('nat-bypass', 'vpp')
    const acl = commandsOf(config).find((line) => line.startsWith('set acl-plugin acl')) ?? ''
    const first = acl.indexOf('permit')
    for (const rest of ['dst 198.51.100.2/32', 'dst 10.20.0.0/25', 'dst 10.234.116.0/24', 'src 10.20.0.0/25 dst 192.0.2.0/24']) {
      const place = acl.indexOf(rest)
      assert.ok(place > 0 && place < first, rest)
    }
  })

  test('a bridge whose number a loopback has gets another loopback, and so does the mark', () => {
    const config = changed({ loopbacks: [{ instance: 100 }, { instance: 16383 }] })
    const lines = commandsOf(config)
    assert.deepEqual(
      lines.filter((line) => line.startsWith('create loopback')).map((line) => line.split(' ').at(-1)),
      ['100', '16383', '16382', '16381'],
    )
    assert.ok(lines.includes('set interface l2 bridge loop16382 100 bvi'))
    assert.equal(lines.at(-1), 'set interface name loop16381 imp-configured')
  })

  test('VLANs of a port that is switched off are not set up, which VPP would refuse', () => {
    const config = goldenConfig('vlans-qinq', 'vpp')
    const off = { ...config, interfaces: config.interfaces.map((port) => ({ ...port, enabled: port.name !== 'access' })) }
    const states = commandsOf(off).filter((line) => line.startsWith('set interface state access'))
    assert.ok(states.length > 2)
    assert.ok(states.every((line) => line.endsWith(' down')))
  })

  test('a name that Linux cannot take is refused before VPP is', () => {
    const config = changed({
      interfaces: [
        { name: 'abcdefghijklm', role: 'internal', subinterfaces: [{ vlan: 500, innerVlan: 7, name: 'q', protocol: 'dot1ad' }] },
      ],
      bridges: [],
      crossConnects: [],
      nat: undefined,
      policyRoutes: [],
    })
    assert.throws(() => commandsOf(config), { code: 'input', message: /abcdefghijklm\.500 is too long/ })
  })

  test('a policy route leaves what is translated to NAT and meets it again as its pool', () => {
    const config = goldenConfig('everything', 'vpp')
    const lines = commandsOf(config)
    const acl = lines.find((line) => line.endsWith('tag imp:policy:voice-by-300:translated')) ?? ''
    assert.match(acl, /permit src 203\.0\.113\.100\/32 dst 0\.0\.0\.0\/0 tag/)
    assert.ok(lines.includes('abf attach ip4 policy 3 priority 10 memif2/0'))
    assert.ok(!lines.some((line) => line.endsWith('tag imp:policy:voice-by-300')))
    assert.ok(lines.includes('abf policy add id 4 acl 2 via 2001:db8:ffff::1 wan'))
  })
})
