/** A module of the operator on real processes of VPP: packets are led to it, it does with them what its template says, and it goes again. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import type { RouterConfig } from '../../packages/imp/src/config/model.ts'
import { DataplaneRouter } from '../../packages/imp/src/dataplane/contract.ts'
import type { DataplanePlace } from '../../packages/imp/src/dataplane/dataplane.ts'
import type { VppClient } from '../../packages/imp/src/dataplane/vpp/api/client.ts'
import { textAt } from '../../packages/imp/src/dataplane/vpp/api/fields.ts'
import { nothingMadeInVpp, type DesiredVpp, type MadeVpp } from '../../packages/imp/src/dataplane/vpp/desired.ts'
import { vppDataplane, type ObservedVpp } from '../../packages/imp/src/dataplane/vpp/driver.ts'
import { renderVpp } from '../../packages/imp/src/dataplane/vpp/render.ts'
import { readDefinition } from '../../packages/imp/src/modules/definition.ts'
import { moduleInstances } from '../../packages/imp/src/modules/instances.ts'
import { inNamespace } from '../../packages/kit/src/host/namespace.ts'
import type { Host } from '../../packages/kit/src/host/host.ts'
import { until } from '../../packages/kit/src/host/until.ts'
import { config } from './pipeline-fixture.ts'
import { corePlugins, machine, possible, realVpp, vppObstacle, type RealVpp } from './vpp-fixture.ts'

/** Passes packets on, but for those to one network, which it drops. */
const scrubber = readDefinition(
  `
name: scrubber
topology:
  connections:
    - { name: internal, purpose: from the clients }
    - { name: external, purpose: to the world }
config_schema:
  blocked: { type: string, format: ipv4_cidr, description: network that nobody reaches }
abf: { match: source }
vpp_commands: |
  {% set inside = module.connections | first %}
  {% set outside = module.connections | last %}
  ip route add 0.0.0.0/0 via {{ outside.core_ip }} {{ outside.interface }}
  {% for interface in interfaces if interface.role == 'internal' %}
  {% for each in interface.ipv4 %}
  ip route add {{ each.network }} via {{ inside.core_ip }} {{ inside.interface }}
  {% endfor %}
  {% endfor %}
  {% if config.blocked %}
  ip route add {{ config.blocked }} via drop
  {% endif %}
`,
  'scrubber.yaml',
)

const plain: RouterConfig = config({
  hostname: 'r',
  dataplane: 'vpp',
  interfaces: [
    { name: 'wan', role: 'external', nic: { name: 'eth0' }, addresses: ['203.0.113.2/29'] },
    { name: 'lan', role: 'internal', nic: { name: 'eth1' }, addresses: ['10.0.0.1/24'] },
  ],
})

function withModule(settings: Readonly<Record<string, unknown>>): RouterConfig {
  return { ...plain, modules: [{ name: 'scrubber', enabled: true, config: settings }] }
}

class ModuleRouter extends DataplaneRouter<DesiredVpp, ObservedVpp, MadeVpp> {
  constructor(place: DataplanePlace) {
    super(vppDataplane, place, nothingMadeInVpp)
  }

  override render(wanted: RouterConfig): DesiredVpp {
    return possible(renderVpp(wanted, moduleInstances(wanted, [scrubber])))
  }
}

/** The module's process, which `systemctl restart` of its unit would start anew. */
class Instance {
  readonly vpp: RealVpp
  #child: ChildProcess | undefined

  constructor(vpp: RealVpp) {
    this.vpp = vpp
  }

  async restart(): Promise<void> {
    await this.kill()
    this.#child = await this.vpp.start('scrubber', ['memif', 'ping'], '256M')
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
    this.#child = undefined
  }
}

function hostWith(instance: Instance): Host {
  return {
    ...machine,
    async run(argv, options) {
      if (argv[0] !== 'restart') return machine.run(argv, options)
      await instance.restart()
      return { argv, status: 0, stdout: '', stderr: '' }
    },
  }
}

async function answers(namespace: string, address: string): Promise<boolean> {
  const ran = await inNamespace(machine, namespace).query(['ping', '-c', '1', '-W', '1', address], { statuses: [0, 1] })
  return ran.status === 0
}

function reaches(namespace: string, address: string): Promise<unknown> {
  const what = `answer of ${address}`
  return until(machine.clock, { timeout: 60_000, interval: 100, what }, async () => (await answers(namespace, address)) || undefined)
}

/** Packets that an interface has received. */
async function received(client: VppClient, name: string): Promise<number> {
  const text = await client.cli(`show interface ${name}`)
  return Number(/rx packets\s+(\d+)/.exec(text)?.[1] ?? 0)
}

async function names(client: VppClient): Promise<string[]> {
  return (await client.dump('sw_interface_dump')).map((row) => textAt(row, 'interface_name'))
}

suite('a module', { skip: vppObstacle() ?? false }, () => {
  test('gets the packets that are its own, is told other settings, comes back when it died, and goes again', async (t) => {
    const vpp = await realVpp(t, 'm', ['eth0', 'eth1'])
    const { namespace, directory } = vpp
    const instance = new Instance(vpp)
    await vpp.start('core', corePlugins)
    const around = hostWith(instance)
    const place = { machine: around, host: inNamespace(around, namespace), namespace, bringsPorts: false }
    const router = new ModuleRouter({ ...place, vpp: { directory, restart: { scrubber: ['restart', 'scrubber'] } } })
    await machine.run(['ip', '-n', `${namespace}-eth1`, '-batch', '-'], {
      input: 'address add 10.0.0.10/24 dev eth0\nroute add default via 10.0.0.1\n',
    })
    await machine.run(['ip', '-n', `${namespace}-eth0`, '-batch', '-'], {
      input: 'address add 203.0.113.1/29 dev eth0\naddress add 203.0.113.5/29 dev eth0\nroute add 10.0.0.0/24 via 203.0.113.2\n',
    })
    const client = `${namespace}-eth1`

    await router.apply(withModule({}))
    assert.deepEqual(await router.plan(withModule({})), [])
    await reaches(client, '203.0.113.1')
    const first = await vpp.connect('scrubber')
    assert.ok((await received(first, 'memif5/0')) > 0, 'the packets went through the process of the module')
    first.close()

    const blocking = withModule({ blocked: '203.0.113.5/32' })
    const changes = await router.apply(blocking)
    assert.deepEqual(
      changes.map(({ kind, disruption }) => [kind, disruption]),
      [['vpp-lines', 'restart']],
    )
    await reaches(client, '203.0.113.1')
    assert.equal(await answers(client, '203.0.113.5'), false, 'its template drops them')

    await instance.kill()
    assert.equal((await router.plan(blocking)).length, 1)
    await router.apply(blocking)
    await reaches(client, '203.0.113.1')
    assert.deepEqual(await router.plan(blocking), [])

    await router.apply(plain)
    const core = await vpp.connect('core')
    t.after(() => core.close())
    assert.deepEqual(
      (await names(core)).filter((name) => name.startsWith('memif')),
      [],
    )
    const second = await vpp.connect('scrubber')
    t.after(() => second.close())
    const before = await received(second, 'memif5/0')
    await reaches(client, '203.0.113.5')
    assert.equal(await received(second, 'memif5/0'), before, 'nothing is led to it any more')
  })

  test('whose template VPP refuses stops the change and names the line', async (t) => {
    const vpp = await realVpp(t, 'mr', ['eth0', 'eth1'])
    const { namespace, directory } = vpp
    const instance = new Instance(vpp)
    await vpp.start('core', corePlugins)
    const around = hostWith(instance)
    const place = { machine: around, host: inNamespace(around, namespace), namespace, bringsPorts: false }
    const router = new ModuleRouter({ ...place, vpp: { directory, restart: { scrubber: ['restart', 'scrubber'] } } })
    await router.apply(plain)
    const odd = { ...scrubber, definition: { ...scrubber.definition, vpp_commands: 'scrub everything' } }
    const desired = possible(renderVpp(withModule({}), moduleInstances(withModule({}), [odd])))
    const { before } = vppDataplane.plan(router.place, desired, await vppDataplane.observe(router.place, desired), {})
    await assert.rejects(router.do(before), (error: Error) => {
      assert.match(error.message, /VPP \(scrubber\) was not told what it shall do: .*scrub everything/)
      return true
    })
    await router.undo(before)
    assert.deepEqual(await router.plan(plain), [])
  })
})
