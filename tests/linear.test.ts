/** Work on a configuration grows as the configuration does: counted in values that are read, which no machine makes faster. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fakeHost } from '@imp/kit/host/fake.ts'
import { checkConfig } from '../packages/imp/src/config/check.ts'
import { RouterConfig } from '../packages/imp/src/config/model.ts'
import { parseConfiguration } from '../packages/imp/src/frr/parse.ts'
import { renderFrr } from '../packages/imp/src/frr/render.ts'
import { keepUnknown } from '../packages/imp/src/frr/secret-lines.ts'
import { planRouter } from '../packages/imp/src/pipeline/difference.ts'
import { renderRouter } from '../packages/imp/src/pipeline/render.ts'
import { largeRouter, type Size } from '../tools/bench/large.ts'
import { recordedState } from '../tools/bench/recorded.ts'

interface Counter {
  reads: number
}

/** The value with a count of everything that is read of it, however deep. Maps and sets are left alone: they find without looking. */
function counted<T>(value: T, counter: Counter, known = new WeakMap<object, unknown>()): T {
  if (typeof value !== 'object' || value === null || value instanceof Map || value instanceof Set) return value
  const present = known.get(value)
  if (present !== undefined) return present as T
  const proxy = new Proxy(value, {
    get(target, key) {
      counter.reads += 1
      return counted<unknown>(Reflect.get(target, key), counter, known)
    },
  })
  known.set(value, proxy)
  return proxy
}

function configOf(size: Size): RouterConfig {
  return RouterConfig.parse(largeRouter(size))
}

const host = fakeHost()
const target = { name: 'test', machine: host, host, runDirectory: '/run', stateDirectory: '/state', local: host }

const work: Readonly<Record<string, (config: RouterConfig, counter: Counter) => void>> = {
  check(config, counter) {
    checkConfig(counted(config, counter))
  },
  render(config, counter) {
    renderRouter(counted(config, counter))
  },
  'plan of one route more'(config, counter) {
    const { observed, made } = recordedState(config)
    const desired = renderRouter({ ...config, routes: [...config.routes, { prefix: '192.0.2.0/24', blackhole: true }] })
    const { steps } = planRouter(target, counted(desired, counter), counted(observed, counter), counted(made, counter))
    assert.deepEqual(
      steps.map(({ kind, disruption }) => ({ kind, disruption })),
      [{ kind: 'frr', disruption: 'none' }],
    )
  },
  'values of daemons that nobody knows'(config, counter) {
    const lines = parseConfiguration(renderFrr(config).text)
    assert.deepEqual(keepUnknown(counted(lines, counter), counted(lines, counter)), lines)
  },
  'plan from nothing'(config, counter) {
    const desired = counted(renderRouter(config), counter)
    const links = desired.linux.links.filter((link) => link.kind === 'port' || link.kind === 'loopback')
    const bare = links.map(({ name }) => ({ name, alternativeNames: [], mac: '', mtu: 1500, up: false, carrier: false, addresses: [] }))
    const linux = { links: bare, outside: [], sysctls: new Map(), rules: [], tables: [], namespaceThere: true }
    assert.ok(planRouter(target, desired, { linux, frr: new Map() }).steps.length > 0)
  },
}

function readsOf(name: string, size: Size): number {
  const counter = { reads: 0 }
  work[name]?.(configOf(size), counter)
  return counter.reads
}

suite('work grows with the configuration, not with its square', () => {
  const small: Size = { interfaces: 100, routes: 200, peers: 40 }
  const twice: Size = { interfaces: 200, routes: 400, peers: 80 }
  for (const name of Object.keys(work))
    test(name, () => {
      const [once, double] = [readsOf(name, small), readsOf(name, twice)]
      assert.ok(once > 0)
      assert.ok(double < 2.2 * once, `${once} reads become ${double} when everything doubles`)
    })
})
