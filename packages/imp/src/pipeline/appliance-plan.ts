/** The appliance's part of a plan: files that follow from the configuration, and whoever reads them. */
import { basename } from 'node:path'
import { planEnabled } from '../appliance/enable.ts'
import { observeHardware } from '../appliance/hardware.ts'
import { findCard, type Hardware } from '../appliance/model.ts'
import { leftInstances } from '../appliance/left.ts'
import { planFiles } from '../appliance/steps.ts'
import { Fault } from '@imp/kit/base/fault.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { until } from '@imp/kit/host/until.ts'
import type { Step } from '@imp/kit/plan/step.ts'
import type { RouterConfig } from '../config/model.ts'
import { nicOf } from '../interfaces/model.ts'
import type { Overrides } from '../overrides/model.ts'
import { renderInstanceUnits } from '../units/render.ts'
import { applianceFiles, committedFile, reachableFiles } from './appliance.ts'
import { instancesOf } from './instances.ts'

export interface ApplianceSteps {
  /** Before the router itself changes. */
  readonly before: readonly Step[]
  /** When it has changed: what the next boot begins with. */
  readonly after: readonly Step[]
}

/** A tree of files, and where it is on the machine that runs systemctl. */
interface Tree {
  readonly files: Host
  readonly root: string
}

/** Files and units of the configuration, with those of processes that it has no more. */
async function planTree({ files, root }: Tree, config: RouterConfig, hardware: Hardware, overrides: Overrides): Promise<Step[]> {
  const { wanted, obsolete } = applianceFiles(config, hardware, overrides)
  const paths = new Set(wanted.map(({ path }) => path))
  const further = (await leftInstances(files)).filter(({ path }) => !paths.has(path) && !obsolete.some((each) => each.path === path))
  const units = renderInstanceUnits(instancesOf(config, overrides).map(({ name }) => name)).map(({ path }) => basename(path))
  const gone = further.flatMap(({ path }) => (path.endsWith('.service') ? [basename(path)] : []))
  const [enabled, disabled] = [await planEnabled(files, root, units, true), await planEnabled(files, root, gone, false)]
  return [...disabled, ...(await planFiles(files, wanted, [...obsolete, ...further])), ...enabled]
}

/** The steps between the files of the machine and those of the configuration. Looks and changes nothing. */
export async function planAppliance(machine: Host, config: RouterConfig, overrides: Overrides): Promise<ApplianceSteps> {
  const before = await planTree({ files: machine, root: '/' }, config, await observeHardware(machine), overrides)
  return { before, after: await planFiles(machine, [committedFile(config)], []) }
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

/** The files that the machine needs to boot with this configuration; they are below `root` of the machine that systemctl runs on. */
export async function planBoot(
  machine: Host,
  config: RouterConfig,
  overrides: Overrides,
  hardware: Hardware,
  root = '/',
): Promise<BootPlan> {
  try {
    return { steps: await planTree({ files: machine, root }, config, hardware, overrides) }
  } catch (error) {
    if (!(error instanceof Fault) || error.code === 'bug') throw error
    return { steps: await planFiles(machine, reachableFiles(config), []), fault: error }
  }
}
