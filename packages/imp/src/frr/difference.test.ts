import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { commandsOf, difference, splitByDaemon } from './difference.ts'
import { exitWord, keyOf, negation } from './grammar.ts'
import { formatConfiguration, parseConfiguration, type Line } from './parse.ts'
import type { FrrDaemon } from './daemon.ts'

interface Open {
  text: string
  children: Open[]
}

function thaw(lines: readonly Line[]): Open[] {
  return lines.map((line) => ({ text: line.text, children: thaw(line.children) }))
}

/** Takes commands as FRR does: a line replaces the one with its key, `no` takes back, a neighbor takes its lines along. */
function execute(have: readonly Line[], commands: readonly string[]): Line[] {
  const top = thaw(have)
  const at: Open[] = [{ text: '', children: top }]
  const here = (): Open => at.at(-1) ?? assert.fail('left the configuration')
  const path = (): string[] => at.slice(1).map((each) => each.text)
  const drop = (lines: Open[], gone: (line: Open) => boolean): Open[] =>
    lines
      .filter((line) => !gone(line))
      .map((line) => {
        line.children = drop(line.children, gone)
        return line
      })
  for (const command of commands) {
    const { children } = here()
    const neighbor = /^no neighbor (\S+)$/.exec(command)?.[1]
    if (command === 'exit' || command === 'exit-address-family') {
      assert.equal(command, exitWord(here().text))
      at.pop()
    } else if (neighbor !== undefined) here().children = drop(children, (line) => line.text.startsWith(`neighbor ${neighbor} `))
    else {
      const taken = children.find((line) => negation(path(), line.text) === command)
      if (taken !== undefined) children.splice(children.indexOf(taken), 1)
      else {
        assert.ok(!/^no (ip|neighbor|network|match|set|route-map|router) /.test(command), `nothing to take back: ${command}`)
        const before = children.find((line) => keyOf(path(), line.text) === keyOf(path(), command))
        assert.ok(!command.startsWith('router bgp') || before === undefined || before.text === command, 'BGP is already running')
        if (before === undefined) children.push({ text: command, children: [] })
        else before.text = command
        const opened = children.find((line) => line.text === command)
        if (opened !== undefined && /^(interface|router|route-map|address-family|bfd)\b/.test(command)) at.push(opened)
      }
    }
  }
  assert.equal(at.length, 1, 'left inside a context')
  return top
}

function sorted(lines: readonly Line[]): string[] {
  const visible = lines.filter((line) => line.children.length > 0 || !/^(interface|address-family) /.test(line.text))
  return visible.map((line) => `${line.text} {${sorted(line.children).join(';')}}`).toSorted()
}

const word = fc.constantFrom('a', 'b', 'c')
const prefixList = fc
  .uniqueArray(fc.constantFrom('permit 10.0.0.0/8', 'deny 10.0.0.0/8 le 24', 'permit any'), { maxLength: 3 })
  .map((entries) => entries.map((entry, index) => `ip prefix-list own seq ${5 * (index + 1)} ${entry}`))
const routeMap = fc
  .array(fc.tuple(fc.constantFrom('permit', 'deny'), fc.option(fc.nat(3)), fc.option(fc.nat(3))), { maxLength: 3 })
  .map((entries) =>
    entries.flatMap(([verdict, metric, preference], index) => [
      `route-map in ${verdict} ${10 * (index + 1)}`,
      ...(metric === null ? [] : [` set metric ${metric}`]),
      ...(preference === null ? [] : [` set local-preference ${preference}`]),
      'exit',
    ]),
  )
const neighbors = fc.uniqueArray(
  fc.record({ address: fc.constantFrom('192.0.2.1', '192.0.2.2', '192.0.2.3'), asn: fc.nat(2), description: fc.option(word), map: word }),
  { selector: (each) => each.address },
)
const bgp = fc
  .option(fc.record({ asn: fc.constantFrom(64500, 64501), routerId: fc.nat(2), neighbors }))
  .map((router) =>
    router === null
      ? []
      : [
          `router bgp ${router.asn}`,
          ` bgp router-id 192.0.2.${router.routerId}`,
          ' no bgp default ipv4-unicast',
          ...router.neighbors.flatMap((each) => [
            ` neighbor ${each.address} remote-as ${each.asn + 1}`,
            ...(each.description === null ? [] : [` neighbor ${each.address} description ${each.description}`]),
          ]),
          ' address-family ipv4 unicast',
          '  network 203.0.113.0/24',
          ...router.neighbors.flatMap((each) => [
            `  neighbor ${each.address} activate`,
            `  neighbor ${each.address} route-map ${each.map} in`,
          ]),
          ' exit-address-family',
          'exit',
        ],
  )
const port = fc
  .option(fc.record({ ra: fc.boolean(), interval: fc.option(fc.nat(3)), area: fc.nat(2) }))
  .map((each) =>
    each === null
      ? []
      : [
          'interface lan',
          ` ip ospf area ${each.area}`,
          ...(each.ra ? [' no ipv6 nd suppress-ra'] : []),
          ...(each.interval === null ? [] : [` ipv6 nd ra-interval ${each.interval + 4}`]),
          'exit',
        ],
  )
const routes = fc.subarray(['ip route 0.0.0.0/0 192.0.2.9', 'ip route 10.0.0.0/8 blackhole 254', 'ip route 0.0.0.0/0 192.0.2.8 table 1001'])
const configuration = fc
  .tuple(prefixList, routes, port, bgp, routeMap)
  .map((parts) => parseConfiguration(parts.map((lines) => lines.join('\n')).join('\n')))

suite('difference', () => {
  test('leads from any configuration to any other', () => {
    fc.assert(
      fc.property(configuration, configuration, (want, have) => {
        const changes = difference(want, have)
        const after = execute(
          have,
          commandsOf(changes).map((command) => command.text),
        )
        assert.deepEqual(sorted(after), sorted(want))
      }),
      { numRuns: 500 },
    )
  })

  test('of a configuration with itself is empty', () => {
    fc.assert(fc.property(configuration, (same) => assert.deepEqual(difference(same, same), [])))
  })

  const cases: readonly { readonly name: string; readonly have: string; readonly want: string; readonly commands: readonly string[] }[] = [
    {
      name: 'replaces a prefix list entry in place',
      have: 'ip prefix-list own seq 5 permit 10.0.0.0/8',
      want: 'ip prefix-list own seq 5 permit 10.0.0.0/8 le 24',
      commands: ['ip prefix-list own seq 5 permit 10.0.0.0/8 le 24'],
    },
    {
      name: 'removes an entry first whose content comes under another number, which FRR would ignore',
      have: 'ip prefix-list own seq 5 permit 10.0.0.0/8',
      want: 'ip prefix-list own seq 5 permit any\nip prefix-list own seq 10 permit 10.0.0.0/8',
      commands: [
        'no ip prefix-list own seq 5 permit 10.0.0.0/8',
        'ip prefix-list own seq 5 permit any',
        'ip prefix-list own seq 10 permit 10.0.0.0/8',
      ],
    },
    {
      name: 'forgets a router before another AS number takes its place',
      have: 'router bgp 64500\n bgp router-id 192.0.2.1\nexit',
      want: 'router bgp 64501\n bgp router-id 192.0.2.1\nexit',
      commands: ['no router bgp 64500', 'router bgp 64501', 'bgp router-id 192.0.2.1', 'exit'],
    },
    {
      name: 'takes a neighbor away once, with its lines in every address family',
      have: 'router bgp 1\n neighbor 192.0.2.2 remote-as 2\n address-family ipv4 unicast\n  neighbor 192.0.2.2 activate\n exit-address-family\nexit',
      want: 'router bgp 1\nexit',
      commands: ['router bgp 1', 'no neighbor 192.0.2.2', 'exit'],
    },
    {
      name: 'keeps an interface and takes back its lines',
      have: 'interface lan\n no ipv6 nd suppress-ra\n ipv6 nd ra-interval 30\nexit',
      want: '',
      commands: ['interface lan', 'no ipv6 nd ra-interval 30', 'ipv6 nd suppress-ra', 'exit'],
    },
    {
      name: 'changes the verdict of a route-map entry in place',
      have: 'route-map in permit 10\n set metric 5\nexit',
      want: 'route-map in deny 10\n set metric 5\nexit',
      commands: ['route-map in deny 10', 'exit'],
    },
    {
      name: 'leaves an address family before the next context',
      have: '',
      want: 'router bgp 1\n address-family ipv4 unicast\n  network 192.0.2.0/24\n exit-address-family\nexit\ninterface lan\n ip ospf area 0\nexit',
      commands: [
        'interface lan',
        'ip ospf area 0',
        'exit',
        'router bgp 1',
        'address-family ipv4 unicast',
        'network 192.0.2.0/24',
        'exit-address-family',
        'exit',
      ],
    },
    {
      name: 'makes lists before the maps that ask them, and these before the router',
      have: '',
      want: 'router bgp 1\n bgp router-id 1.1.1.1\nexit\nroute-map in permit 10\nexit\nip prefix-list own seq 5 permit any',
      commands: ['ip prefix-list own seq 5 permit any', 'route-map in permit 10', 'exit', 'router bgp 1', 'bgp router-id 1.1.1.1', 'exit'],
    },
  ]
  for (const { name, have, want, commands } of cases) {
    test(name, () => {
      const changes = difference(parseConfiguration(want), parseConfiguration(have))
      assert.deepEqual(
        commandsOf(changes).map((command) => command.text),
        commands,
      )
    })
  }
})

suite('parseConfiguration', () => {
  test('reads back what formatConfiguration writes', () => {
    fc.assert(fc.property(configuration, (lines) => assert.deepEqual(parseConfiguration(formatConfiguration(lines)), lines)))
  })

  test('leaves out what is no configuration', () => {
    const text = 'Building configuration...\n\nCurrent configuration:\n!\nfrr version 8.4.4\nfrr defaults traditional\nhostname r1\n'
    assert.deepEqual(parseConfiguration(`${text}no ip forwarding\n! "log file x" enabled\ninterface lan\nexit\nend\n`), [])
  })
})

suite('splitByDaemon', () => {
  const split = (text: string, ...daemons: FrrDaemon[]): Record<string, string[]> =>
    Object.fromEntries(
      [...splitByDaemon(parseConfiguration(text), daemons)].map(([daemon, lines]) => [daemon, lines.map((line) => line.text)]),
    )

  test('gives an interface to all daemons that have a line in it', () => {
    const text = 'interface lan\n no ipv6 nd suppress-ra\n ip ospf area 0\n ipv6 ospf6 area 0\nexit'
    const parts = split(text, 'zebra', 'ospfd', 'ospf6d', 'bgpd')
    assert.deepEqual(parts, { zebra: ['interface lan'], ospfd: ['interface lan'], ospf6d: ['interface lan'], bgpd: [] })
  })

  test('gives lists only to daemons that name them, through route-maps as well', () => {
    const text = [
      'ip prefix-list own seq 5 permit any',
      'ip prefix-list kernel seq 5 permit any',
      'ip protocol bgp route-map fib',
      'router bgp 1',
      ' neighbor 192.0.2.2 route-map in in',
      'exit',
      'route-map fib permit 10',
      ' match ip address prefix-list kernel',
      'exit',
      'route-map in permit 10',
      ' match ip address prefix-list own',
      'exit',
    ].join('\n')
    const parts = split(text, 'zebra', 'staticd', 'bgpd')
    assert.deepEqual(parts['zebra'], ['ip prefix-list kernel seq 5 permit any', 'route-map fib permit 10', 'ip protocol bgp route-map fib'])
    assert.deepEqual(parts['bgpd'], ['ip prefix-list own seq 5 permit any', 'route-map in permit 10', 'router bgp 1'])
    assert.deepEqual(parts['staticd'], [])
  })

  test('refuses lines of a daemon that is not there', () => {
    assert.throws(() => split('router ospf\nexit', 'zebra'), { code: 'bug' })
  })
})
