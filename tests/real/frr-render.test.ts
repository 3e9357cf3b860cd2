/** The golden configurations, read by FRR and nftables: accepted, and printed by FRR exactly as we wrote them. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test, type TestContext } from 'node:test'
import { parseRouterConfig } from '../../packages/imp/src/config/load.ts'
import type { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { startDaemons, type FrrPlace } from '../../packages/imp/src/frr/daemons.ts'
import { difference, type Change } from '../../packages/imp/src/frr/difference.ts'
import { configureDaemon, observeFrr, wantedParts } from '../../packages/imp/src/frr/driver.ts'
import { daemonOrder } from '../../packages/imp/src/frr/grammar.ts'
import { renderFrr, type FrrConfig } from '../../packages/imp/src/frr/render.ts'
import { layer3Interfaces } from '../../packages/imp/src/interfaces/model.ts'
import { Fault } from '../../packages/kit/src/base/fault.ts'
import { localHost } from '../../packages/kit/src/host/local.ts'
import { inNamespace } from '../../packages/kit/src/host/namespace.ts'

const machine = localHost()
const golden = join(import.meta.dirname, '../../packages/imp/src/config/golden')
const names = await machine.files.list(golden)
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

/** A namespace with interfaces of these names, and a directory for the daemons' sockets; both go after the test, whatever runs in them. */
async function scratch(t: TestContext, links: readonly string[]): Promise<FrrPlace> {
  const namespace = `frr-render-${process.pid}`
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
  const made = [...new Set(links)]
    .filter((link) => link !== 'lo')
    .flatMap((link, index) => [`link add ${link} type veth peer name peer${index}`, `link set ${link} up`, `link set peer${index} up`])
  await host.run(['ip', '-batch', '-'], { input: ['link set lo up', ...made, ''].join('\n') })
  await host.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'])
  return { machine, host, namespace, directory }
}

/** By FRR's own shell, so that reading it back proves the text and not our driver. */
async function load({ machine, host, directory }: FrrPlace, text: string): Promise<void> {
  await machine.files.write(join(directory, 'vtysh.conf'), '')
  await machine.files.write(join(directory, 'frr.conf'), text)
  await host.run(['vtysh', '--vty_socket', directory, '--config_dir', directory, '-b'])
}

async function running({ host, directory }: FrrPlace): Promise<string> {
  const ran = await host.query(['vtysh', '--vty_socket', directory, '--config_dir', directory, '-c', 'show running-config'])
  return ran.stdout
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

suite('rendered configurations on real programs', () => {
  for (const name of names) {
    test(`FRR prints ${name} as it was rendered`, async (t) => {
      if (missing !== undefined) return t.skip(missing)
      const config = await goldenConfig(name)
      const rendered = renderFrr(config)
      const place = await scratch(t, links(config))
      await startDaemons(place, rendered.daemons)
      await load(place, rendered.text)
      assert.deepEqual(lines(await running(place)), lines(rendered.text))
    })

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
    const configs = await Promise.all([...names, ...names.toReversed()].map(goldenConfig))
    const place = await scratch(t, configs.flatMap(links))
    await startDaemons(place, daemonOrder)
    for (const config of configs) {
      const rendered = { ...renderFrr(config), daemons: daemonOrder }
      for (const [daemon, wanted] of wantedParts(rendered)) await configureDaemon(place, daemon, wanted)
      assert.deepEqual(lines(await running(place)), lines(rendered.text), `after ${config.hostname}`)
      assert.deepEqual(await remaining(place, rendered), [], `after ${config.hostname}`)
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
