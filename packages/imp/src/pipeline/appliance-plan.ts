/** The appliance's part of a plan: files that follow from the configuration, and whoever reads them. */
import { observeHardware } from '../appliance/hardware.ts'
import { findCard, type Hardware } from '../appliance/model.ts'
import { planFiles } from '../appliance/steps.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { until } from '@imp/kit/host/until.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import type { RouterConfig } from '../config/model.ts'
import { nicOf } from '../interfaces/model.ts'
import type { Overrides } from '../overrides/model.ts'
import { applianceFiles, committedFile, reachableFiles } from './appliance.ts'

export interface ApplianceSteps {
  /** Before the router itself changes. */
  readonly before: readonly Step[]
  /** When it has changed: what the next boot begins with. */
  readonly after: readonly Step[]
}

/** The steps between the files of the machine and those of the configuration. Looks and changes nothing. */
export async function planAppliance(machine: Host, config: RouterConfig, overrides: Overrides): Promise<ApplianceSteps> {
  const { wanted, obsolete } = applianceFiles(config, await observeHardware(machine), overrides)
  return { before: await planFiles(machine, wanted, obsolete), after: await planFiles(machine, [committedFile(config)], []) }
}

function cardsMissing(config: RouterConfig, hardware: Hardware): boolean {
  return config.interfaces.some((port) => findCard(hardware, nicOf(port)) === undefined)
}

/**
 * The machine with all cards of the configuration, waited for since drivers find them one after the other while it boots; without those
 * that do not come in this time (milliseconds).
 */
export async function hardwareWithCards(machine: Host, config: RouterConfig, timeout: number): Promise<Hardware> {
  let hardware = await observeHardware(machine)
  try {
    await until(machine.clock, { timeout, interval: 200, what: 'network cards' }, async () => {
      hardware = await observeHardware(machine)
      return !cardsMissing(config, hardware)
    })
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'timeout') throw error
  }
  return hardware
}

export interface BootPlan {
  readonly steps: readonly Step[]
  /** Why the files of the dataplane could not be made; those by which a person gets in are there all the same. */
  readonly fault?: Fault
}

/** The files that the machine needs to boot with this configuration. */
export async function planBoot(machine: Host, config: RouterConfig, overrides: Overrides, hardware: Hardware): Promise<BootPlan> {
  try {
    const { wanted, obsolete } = applianceFiles(config, hardware, overrides)
    return { steps: await planFiles(machine, wanted, obsolete) }
  } catch (error) {
    if (!(error instanceof Fault) || error.code === 'bug') throw error
    return { steps: await planFiles(machine, reachableFiles(config), []), fault: error }
  }
}
