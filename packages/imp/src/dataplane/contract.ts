/** What every dataplane has to do, whatever it is made of: the suite that all drivers pass, on fakes and on the real thing. */
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { Fault } from '@imp/kit/base/fault.ts'
import { doStep, kinds, undoStep, type Kinds, type Step } from '@imp/kit/plan/step.ts'
import { RouterConfig, type RouterConfigInput } from '../config/model.ts'
import type { Dataplane, DataplanePlace } from './dataplane.ts'
import { nat64Instances } from './vpp/nat64.ts'

/** A dataplane at a place, used as the pipeline uses it. */
export class DataplaneRouter<Desired, Observed, Made> {
  readonly dataplane: Dataplane<Desired, Observed, Made>
  readonly place: DataplanePlace
  readonly #fit: (desired: Desired) => Desired
  #made: Made

  /** `fit` leaves out what the machine of the test cannot carry. */
  constructor(
    dataplane: Dataplane<Desired, Observed, Made>,
    place: DataplanePlace,
    nothing: Made,
    fit: (desired: Desired) => Desired = (desired) => desired,
  ) {
    this.dataplane = dataplane
    this.place = place
    this.#made = nothing
    this.#fit = fit
  }

  render(config: RouterConfig): Desired {
    return this.#fit(this.dataplane.render(config, nat64Instances(config)))
  }

  async plan(config: RouterConfig): Promise<readonly Step[]> {
    const desired = this.render(config)
    const { before, after } = this.dataplane.plan(this.place, desired, await this.dataplane.observe(this.place, desired), this.#made)
    return [...before, ...after]
  }

  get #kinds(): Kinds {
    return kinds(...this.dataplane.kinds(this.place))
  }

  async do(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await doStep(this.#kinds, this.place.host, step)
  }

  async undo(steps: readonly Step[]): Promise<void> {
    for (const step of steps.toReversed()) await undoStep(this.#kinds, this.place.host, step)
  }

  /** Plans, does and remembers. Returns the steps. */
  async apply(config: RouterConfig): Promise<readonly Step[]> {
    const steps = await this.plan(config)
    await this.do(steps)
    const desired = this.render(config)
    this.#made = this.dataplane.remember(desired, await this.dataplane.observe(this.place, desired))
    return steps
  }
}

/** A router for one test, with cards named card0, card1 and card2. */
export interface Opened<Desired, Observed, Made> {
  readonly router: DataplaneRouter<Desired, Observed, Made>
  /** Everything of the dataplane that a change may touch, to be compared. */
  readonly snapshot: () => Promise<unknown>
}

type Changes = Partial<Omit<RouterConfigInput, 'schema' | 'version' | 'hostname'>>

type Port = NonNullable<RouterConfigInput['interfaces']>[number]
const wan: Port = { name: 'wan', role: 'external', nic: { name: 'card0' }, addresses: ['192.0.2.1/30', '2001:db8:f::1/64'] }
const lan: Port & { readonly addresses: string[] } = {
  name: 'lan',
  role: 'internal',
  nic: { name: 'card1' },
  addresses: ['192.168.0.1/24', '2001:db8:a::1/64'],
}
const spare: Port = { name: 'spare', role: 'internal', nic: { name: 'card2' } }
const mapping = { inside: '192.168.0.0/24', outside: '203.0.113.96/30' }

const base: Changes = {
  interfaces: [wan, lan, spare],
  loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'] }],
  nat: { mappings: [mapping] },
}

function config(dataplane: RouterConfig['dataplane'], changes: Changes = {}): RouterConfig {
  return RouterConfig.parse({ schema: 'imp.router', version: 1, hostname: 'r', dataplane, ...base, ...changes })
}

/** One thing that becomes another; none of them disturbs what it is not about. */
const changes: readonly (readonly [what: string, changes: Changes])[] = [
  ['an address more', { interfaces: [wan, { ...lan, addresses: [...lan.addresses, '192.168.9.1/24'] }, spare] }],
  ['an address less', { interfaces: [{ ...wan, addresses: ['192.0.2.1/30'] }, lan, spare] }],
  ['another length of a network', { interfaces: [wan, { ...lan, addresses: ['192.168.0.1/25', '2001:db8:a::1/64'] }, spare] }],
  [
    'an address that moves',
    { interfaces: [wan, { ...lan, addresses: ['2001:db8:a::1/64'] }, { ...spare, addresses: ['192.168.0.1/24'] }] },
  ],
  ['another MTU', { interfaces: [{ ...wan, mtu: 1400 }, lan, spare] }],
  ['a port that is off', { interfaces: [wan, { ...lan, enabled: false }, spare] }],
  ['a bridge', { bridges: [{ id: 5, members: [{ interface: 'spare' }], addresses: ['10.5.0.1/24'] }] }],
  [
    'a loopback more',
    {
      loopbacks: [
        { instance: 0, addresses: ['203.0.113.1/32'] },
        { instance: 7, addresses: ['203.0.113.2/32'] },
      ],
    },
  ],
  ['no loopback', { loopbacks: [] }],
  ['a mapping more', { nat: { mappings: [mapping, { inside: '10.0.0.0/28', outside: '203.0.113.100/32' }] } }],
  ['another pool', { nat: { mappings: [{ ...mapping, outside: '203.0.113.104/30' }] } }],
  ['NAT64', { nat64: { prefix: '2001:db8:64::/96', pool: '203.0.113.64/30' } }],
  ['NAT64 by the well-known prefix, for one network', { nat64: { pool: '203.0.113.68/32', interfaces: ['lan'] } }],
  ['a bypass', { nat: { mappings: [mapping], bypass: [{ source: '192.168.0.0/24', destination: '198.51.100.0/24' }] } }],
]

/** Registers the tests; `open` makes a router that has nothing yet. */
export function dataplaneContract<Desired, Observed, Made>(
  name: RouterConfig['dataplane'],
  open: (t: TestContext) => Promise<Opened<Desired, Observed, Made>>,
): void {
  void test('plans nothing for what it just applied, nor for what is not its own', async (t) => {
    const { router } = await open(t)
    assert.ok((await router.apply(config(name))).length > 0)
    assert.deepEqual(await router.plan(config(name)), [])
    const interfaces = [{ ...wan, description: 'uplink' }, lan, spare]
    assert.deepEqual(await router.plan(config(name, { interfaces, routes: [{ prefix: '0.0.0.0/0', via: '192.0.2.2' }] })), [])
  })

  void test('may do and undo every step twice', async (t) => {
    const { router, snapshot } = await open(t)
    const steps = await router.apply(config(name))
    const after = await snapshot()
    await router.do(steps)
    assert.deepEqual(await snapshot(), after)
    await router.undo(steps)
    const before = await snapshot()
    await router.undo(steps)
    assert.deepEqual(await snapshot(), before)
    await router.do(steps)
    assert.deepEqual(await snapshot(), after)
  })

  void test('goes to each change and back by the steps that differ', async (t) => {
    const { router, snapshot } = await open(t)
    await router.apply(config(name))
    const start = await snapshot()
    for (const [what, change] of changes) {
      t.diagnostic(what)
      const steps = await router.apply(config(name, change))
      assert.ok(steps.length > 0, what)
      assert.deepEqual(await router.plan(config(name, change)), [], `${what}: a second plan is empty`)
      assert.notDeepEqual(await snapshot(), start, what)
      await router.undo(steps)
      assert.deepEqual(await snapshot(), start, `${what}: undone`)
      await router.apply(config(name, change))
      await router.apply(config(name))
      assert.deepEqual(await snapshot(), start, `${what}: there and back`)
    }
  })

  void test('names the port whose card is missing, and changes nothing', async (t) => {
    const { router, snapshot } = await open(t)
    const before = await snapshot()
    await assert.rejects(router.plan(config(name, { interfaces: [wan, { ...lan, nic: { name: 'card9' } }, spare] })), (error: unknown) => {
      assert.ok(error instanceof Fault)
      assert.equal(error.code, 'not-found')
      assert.deepEqual(
        error.findings.map(({ path }) => path),
        ['lan'],
      )
      return true
    })
    assert.deepEqual(await snapshot(), before)
  })
}
