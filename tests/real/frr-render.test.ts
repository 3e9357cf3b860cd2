/** The golden configurations, read by FRR and nftables: accepted, and printed by FRR exactly as we wrote them. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { parseRouterConfig } from '../../packages/imp/src/config/load.ts'
import { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { startDaemons, type FrrPlace } from '../../packages/imp/src/frr/daemons.ts'
import { difference, type Change } from '../../packages/imp/src/frr/difference.ts'
import { configureDaemon, observeFrr, wantedParts } from '../../packages/imp/src/frr/driver.ts'
import { daemonOrder } from '../../packages/imp/src/frr/grammar.ts'
import { renderFrr, type FrrConfig } from '../../packages/imp/src/frr/render.ts'
import { layer3Interfaces } from '../../packages/imp/src/interfaces/model.ts'
import { placeholder } from '../../packages/imp/src/secrets/model.ts'
import { renderNat } from '../../packages/imp/src/nat/render.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { inNamespace } from '../../packages/kit/src/host/namespace.ts'
import { until } from '../../packages/kit/src/host/until.ts'

const machine = localHost()
const golden = join(import.meta.dirname, '../../packages/imp/src/config/golden')
const names = await machine.files.list(golden)
/** bgpd 8.4 takes milliseconds for each of a thousand route maps: tests/long/frr-large.test.ts gives it those. */
const small = names.filter((name) => name !== 'exchange-200-peers')
const programs = '/usr/lib/frr'

/** Why these tests cannot run here, or undefined when they can. */
async function obstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'needs root'
  if ((await machine.files.stat(`${programs}/zebra`)) === undefined) return 'needs FRR (apt-get install frr)'
  try {
    await machine.query(['nft', '--version'])
    await machine.run(['unshare', '--net', 'true'])
    return undefined
  } catch (error) {
    if (error instanceof Fault) return `needs nftables and network namespaces: ${error.message}`
    throw error
  }
}
const missing = await obstacle()

/** Every line with the lines that it stands below, `router bgp 1 > address-family ipv4 unicast > network ...`; no banner, no comments. */
function lines(text: string): string[] {
  const banner = /^(Building configuration|Current configuration|frr version|hostname|log |no log |end$)/
  const context: { depth: number; line: string }[] = []
  const found = text.split('\n').flatMap((raw) => {
    const line = raw.trim()
    const depth = raw.length - raw.trimStart().length
    if (line === '' || line.startsWith('!') || line.startsWith('exit') || banner.test(line)) return []
    while ((context.at(-1)?.depth ?? -1) >= depth) context.pop()
    context.push({ depth, line })
    return [context.map((each) => each.line).join(' > ')]
  })
  return found.toSorted()
}

/** A namespace and a directory for the daemons' sockets; both go after the test, whatever runs in them. */
async function scratch(t: TestContext, name = 'edge'): Promise<FrrPlace> {
  const namespace = `frr-render-${process.pid}-${name}`
  const directory = `/run/${namespace}`
  t.after(async () => {
    const ran = await machine.query(['ip', 'netns', 'pids', namespace], { statuses: [0, 1, 255] })
    const pids = ran.stdout.split('\n').filter((pid) => pid !== '')
    if (pids.length > 0) await machine.run(['kill', '-KILL', ...pids], { statuses: [0, 1] })
    await machine.run(['ip', 'netns', 'delete', namespace], { statuses: [0, 1] })
    await machine.files.remove(directory)
  })
  await machine.run(['ip', 'netns', 'add', namespace])
  const host = inNamespace(machine, namespace)
  await host.run(['ip', 'link', 'set', 'lo', 'up'])
  await host.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'])
  // The value of each secret is its placeholder, so that FRR prints what was rendered.
  const secrets = () => Promise.resolve(new Map(['transit', 'core', 'ibgp'].map((label) => [label, placeholder(label)])))
  return { machine, host, namespace, directory, secrets }
}

/** Gives the namespace interfaces of these names. */
async function addLinks({ host }: FrrPlace, links: readonly string[]): Promise<void> {
  const made = [...new Set(links)]
    .filter((link) => link !== 'lo')
    .flatMap((link, index) => [`link add ${link} type veth peer name peer${index}`, `link set ${link} up`, `link set peer${index} up`])
  await host.run(['ip', '-batch', '-'], { input: [...made, ''].join('\n') })
}

/** By FRR's own shell, so that reading it back proves the text and not our driver. */
async function load({ machine, host, directory }: FrrPlace, text: string): Promise<void> {
  await machine.files.write(join(directory, 'vtysh.conf'), '')
  await machine.files.write(join(directory, 'frr.conf'), text)
  await host.run(['vtysh', '--vty_socket', directory, '--config_dir', directory, '-b'])
}

async function ask({ host, directory }: FrrPlace, command: string): Promise<string> {
  const ran = await host.query(['vtysh', '--vty_socket', directory, '--config_dir', directory, '-c', command])
  return ran.stdout
}

function running(place: FrrPlace): Promise<string> {
  return ask(place, 'show running-config')
}

/** What the driver would still change. */
async function remaining(place: FrrPlace, rendered: FrrConfig): Promise<Change[]> {
  const observed = await observeFrr(place)
  return [...wantedParts(rendered)].flatMap(([daemon, wanted]) => difference(wanted, observed.get(daemon)?.configuration ?? []))
}

async function goldenConfig(name: string): Promise<RouterConfig> {
  return parseRouterConfig(await machine.files.read(join(golden, name, 'router.json')), name)
}

function links(config: RouterConfig): string[] {
  return layer3Interfaces(config).map((each) => each.link)
}

/** A customer with a default route for IPv6 only, networks of its own, and others that nobody shall hear of. */
const customer = {
  schema: 'imp.router',
  version: 1,
  hostname: 'customer',
  interfaces: [
    { name: 'wan', role: 'external', addresses: ['198.51.100.2/30', '2001:db8:ffff::2/64'] },
    { name: 'lan', role: 'internal', addresses: ['192.168.0.1/24'] },
  ],
  loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'] }],
  routes: [{ prefix: '198.18.0.0/15', blackhole: true }],
  bgp: {
    asn: 64500,
    routerId: '203.0.113.1',
    announced: ['203.0.113.0/24', '2001:db8:10::/48'],
    peers: [
      {
        name: 'transit',
        address: '198.51.100.1',
        asn: 64496,
        connectRetry: 1,
        export: { prepend: 1, med: 70, communities: ['64496:80'], default: true },
      },
      { name: 'transit-v6', address: '2001:db8:ffff::1', asn: 64496, connectRetry: 1, import: { acceptDefault: true } },
    ],
  },
}

/** What the upstream tells: a good network, then a private one, one of ours and one that is too small; the same for IPv6, and ::/0. */
const transitNetworks = [
  '1.2.3.0/24',
  '10.1.0.0/16',
  '203.0.113.128/25',
  '1.2.4.128/25',
  '2a00:1::/32',
  '2001:db8:5::/48',
  '2001:db8:10:1::/64',
  '2a00:2:3:4::/64',
  '::/0',
]
const transitText = `
router bgp 64496
 bgp router-id 198.51.100.1
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 neighbor 198.51.100.2 remote-as 64500
 neighbor 198.51.100.2 timers connect 1
 neighbor 2001:db8:ffff::2 remote-as 64500
 neighbor 2001:db8:ffff::2 timers connect 1
 address-family ipv4 unicast
  neighbor 198.51.100.2 activate
${transitNetworks
  .filter((each) => !each.includes(':'))
  .map((each) => `  network ${each}`)
  .join('\n')}
 exit-address-family
 address-family ipv6 unicast
  neighbor 2001:db8:ffff::2 activate
${transitNetworks
  .filter((each) => each.includes(':'))
  .map((each) => `  network ${each}`)
  .join('\n')}
 exit-address-family
exit
`

/** A cable between the two, and the addresses of the customer's configuration on it. */
async function connect(edge: FrrPlace, transit: FrrPlace): Promise<void> {
  await edge.host.run(['ip', 'link', 'add', 'wan', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(transit.namespace)])
  const configure = (link: string, number: number): string[] => [
    `address add 198.51.100.${number}/30 dev ${link}`,
    `address add 2001:db8:ffff::${number}/64 dev ${link} nodad`,
    `link set ${link} up`,
    '',
  ]
  await edge.host.run(['ip', '-batch', '-'], { input: configure('wan', 2).join('\n') })
  await transit.host.run(['ip', '-batch', '-'], { input: configure('eth0', 1).join('\n') })
}

/** Prefixes that BGP has, of both families. */
async function bgpRoutes(place: FrrPlace): Promise<string[]> {
  const tables = await Promise.all(['ipv4', 'ipv6'].map((family) => ask(place, `show bgp ${family} unicast json`)))
  return tables.flatMap((text) => Object.keys((JSON.parse(text) as { routes: object }).routes)).toSorted()
}

suite('rendered configurations on real programs', () => {
  for (const name of small) {
    test(`FRR prints ${name} as it was rendered`, async (t) => {
      if (missing !== undefined) return t.skip(missing)
      const config = await goldenConfig(name)
      const rendered = renderFrr(config)
      const place = await scratch(t)
      await addLinks(place, links(config))
      await startDaemons(place, rendered.daemons)
      await load(place, rendered.text)
      assert.deepEqual(lines(await running(place)), lines(rendered.text))
    })
  }

  for (const name of names) {
    test(`vtysh and nft accept ${name}`, async (t) => {
      if (missing !== undefined) return t.skip(missing)
      await machine.query(['vtysh', '-C', '-f', join(golden, name, 'frr.conf')])
      const table = join(golden, name, 'imp_nat.nft')
      if ((await machine.files.stat(table)) === undefined) return
      const text = await machine.files.read(table)
      await machine.run(['unshare', '--net', 'nft', '-c', '-f', '-'], { input: text })
    })
  }

  test('the same daemons take one configuration after the other by difference, and a second apply is empty', async (t) => {
    if (missing !== undefined) return t.skip(missing)
    const configs = await Promise.all([...small, ...small.toReversed()].map(goldenConfig))
    const place = await scratch(t)
    await addLinks(place, configs.flatMap(links))
    await startDaemons(place, daemonOrder)
    for (const config of configs) {
      const rendered = { ...renderFrr(config), daemons: daemonOrder }
      for (const [daemon, wanted] of wantedParts(rendered)) await configureDaemon(place, daemon, wanted)
      assert.deepEqual(lines(await running(place)), lines(rendered.text), `after ${config.hostname}`)
      assert.deepEqual(await remaining(place, rendered), [], `after ${config.hostname}`)
    }
  })

  test('BGP takes what is sensible and tells only what is announced', async (t) => {
    if (missing !== undefined) return t.skip(missing)
    const edge = await scratch(t)
    const transit = await scratch(t, 'transit')
    await connect(edge, transit)
    const rendered = renderFrr(parseRouterConfig(JSON.stringify(customer), 'customer'))
    await startDaemons(edge, rendered.daemons)
    await startDaemons(transit, ['zebra', 'bgpd'])
    await load(edge, rendered.text)
    await load(transit, transitText)
    const expected = {
      edge: ['1.2.3.0/24', '203.0.113.0/24', '2001:db8:10::/48', '2a00:1::/32', '::/0'].toSorted(),
      transit: [...transitNetworks, '0.0.0.0/0', '203.0.113.0/24', '2001:db8:10::/48'].toSorted(),
    }
    let seen = {}
    const look = async (): Promise<boolean> => {
      seen = { edge: await bgpRoutes(edge), transit: await bgpRoutes(transit) }
      return JSON.stringify(seen) === JSON.stringify(expected)
    }
    const what = 'routes as the policies want them'
    await until(machine.clock, { timeout: 90_000, interval: 250, what }, look).catch((error: unknown) => {
      assert.deepEqual(seen, expected)
      throw error
    })
    const announced = await ask(transit, 'show bgp ipv4 unicast 203.0.113.0/24 json')
    assert.match(announced, /"string":"64500 64500"/)
    assert.match(announced, /"metric":70/)
    assert.match(announced, /"string":"64496:80"/)
  })

  test('nft accepts one port for each host, and 65,536 hosts', async (t) => {
    if (missing !== undefined) return t.skip(missing)
    for (const [inside, outside] of [
      ['10.0.0.0/19', '203.0.113.96/32'],
      ['10.0.0.0/17', '203.0.113.96/32'],
      ['10.0.0.0/16', '203.0.113.0/24'],
    ] as const) {
      const interfaces = [{ name: 'wan', role: 'external' }]
      const config = RouterConfig.parse({
        schema: 'imp.router',
        version: 1,
        hostname: 'wide',
        interfaces,
        nat: { mappings: [{ inside, outside }] },
      })
      await machine.run(['unshare', '--net', 'nft', '-c', '-f', '-'], { input: renderNat(config) ?? '' })
    }
  })

  test('what FRR does not know is refused by the same check', async (t) => {
    if (missing !== undefined) return t.skip(missing)
    const file = `/run/frr-render-${process.pid}.conf`
    t.after(() => machine.files.remove(file))
    await machine.files.write(file, 'router bgp 65000\n neighbor 192.0.2.1 remote-as\nexit\n')
    await assert.rejects(machine.query(['vtysh', '-C', '-f', file]), { code: 'exec' })
  })
})
