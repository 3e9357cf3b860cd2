/** A router on two fake processes, for tests of the driver: planned, applied and taken back as the pipeline does it. */
import type { TestContext } from 'node:test'
import type { RouterConfig } from '../../../config/model.ts'
import { nicOf } from '../../../interfaces/model.ts'
import { DataplaneRouter } from '../../contract.ts'
import { nothingMadeInVpp, type DesiredVpp, type MadeVpp, type Things } from '../desired.ts'
import { noVpp, vppDataplane, type ObservedVpp } from '../driver.ts'
import { fakeDataplane, type FakeDataplane } from './sample.ts'
import type { FakeVppOptions } from './server.ts'

/** Ports on cards that Linux shows under names of their own. */
export function onLinks(config: RouterConfig): RouterConfig {
  return { ...config, dataplane: 'vpp', interfaces: config.interfaces.map((port, index) => ({ ...port, nic: { name: `eth${index}` } })) }
}

function linksOf(config: RouterConfig): string[] {
  return [...onLinks(config).interfaces.map((port) => nicOf(port).name ?? ''), 'incus-dataplane']
}

export class FakeRouter extends DataplaneRouter<DesiredVpp, ObservedVpp, MadeVpp> {
  readonly fake: FakeDataplane
  constructor(fake: FakeDataplane) {
    super(vppDataplane, fake.place, nothingMadeInVpp)
    this.fake = fake
  }

  /** Everything that the processes have. */
  async state(): Promise<readonly (Things | undefined)[]> {
    const { core, beside } = await vppDataplane.observe(this.fake.place, noVpp)
    return [core?.things, beside['nat']?.things, beside['nat64']?.things]
  }

  /** Messages that change something, sent since the last call. */
  sent(): string[] {
    const { core, nat, nat64 } = this.fake
    return [core, nat, nat64]
      .flatMap(({ received }) => received.splice(0))
      .map(({ message }) => message)
      .filter((message) => !/_(dump|get|get_v2|get_timeouts)$|cli_inband/.test(message))
  }
}

export async function routerFor(t: TestContext, config: RouterConfig, options?: FakeVppOptions): Promise<FakeRouter> {
  return new FakeRouter(await fakeDataplane(t, linksOf(config), options))
}
