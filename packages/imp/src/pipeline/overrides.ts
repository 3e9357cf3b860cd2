/** Drop-ins of the operator on their way into a change: read, judged together with what is rendered, and remembered. */
import { join } from 'node:path'
import { Fault, refuse, type Finding } from '@imp/kit/base/fault.ts'
import type { Argv, Host } from '@imp/kit/host/host.ts'
import type { RouterConfig } from '../config/model.ts'
import { isThere } from '../dataplane/linux/steps.ts'
import { checkOverrides } from '../overrides/check.ts'
import { readOverrides } from '../overrides/folder.ts'
import {
  dropIns,
  overridePath,
  overridePlace,
  overrideTableText,
  sysctlLines,
  tableLinesBefore,
  type Override,
  type Overrides,
} from '../overrides/model.ts'
import { definitionsFor, inspectModules } from './modules.ts'
import { checkOverrideFrr, tryOverrideFrr } from './override-frr.ts'
import { trySysctls } from './override-sysctl.ts'
import { renderRouter, type DesiredRouter } from './render.ts'
import { dataplanePlace, type Target } from './target.ts'

/** Where the drop-ins of a target are. */
export function overridesDirectory({
  overridesDirectory: own,
  stateDirectory,
}: Pick<Target, 'overridesDirectory' | 'stateDirectory'>): string {
  return own ?? join(stateDirectory, 'overrides')
}

/** The drop-ins of a target as they are now. */
export function overridesOf(target: Target): Promise<Overrides> {
  return readOverrides(target.local.files, overridesDirectory(target))
}

/** Settings that the configuration wants otherwise. */
function checkOverrideSysctls(overrides: Overrides, { linux }: DesiredRouter): Finding[] {
  return overrides
    .filter(({ kind }) => kind === 'sysctl')
    .flatMap((override) =>
      sysctlLines(override.text).flatMap(({ key, value, line }): Finding[] => {
        const said = linux.sysctls[key]
        if (said === undefined) return []
        const path = overridePlace(override, line)
        if (said === value) return [{ path, severity: 'warning', message: 'is set so already', value: key, hint: 'leave it out' }]
        return [
          {
            path,
            severity: 'error',
            message: `contradicts ${said}, without which the router does not work`,
            value: `${key} = ${value}`,
            hint: 'leave it out',
          },
        ]
      }),
    )
}

/** `/dev/stdin:3:2-4: Error: syntax error, unexpected string`. */
const complaint = /^\/dev\/stdin:(\d+):[\d-]+: Error: (.*)$/gm

/** What nft(8) itself has against a file; nothing is loaded (--check). */
async function tryTable(override: Override, nft: Argv, host: Host): Promise<Finding[]> {
  const ran = await host.query([...nft, '--check', '--file', '-'], { input: overrideTableText(override), statuses: [0, 1] })
  if (ran.status === 0) return []
  const found = [...ran.stderr.matchAll(complaint)].map(([, line, message = '']): Finding => {
    const place = overridePlace(override, Math.max(1, Number(line) - tableLinesBefore))
    return { path: place, severity: 'error', message: `nft: ${message}`, hint: 'nft(8) describes what may stand there' }
  })
  if (found.length > 0) return found
  return [
    { path: overridePlace(override), severity: 'error', message: `nft refuses it: ${ran.stderr.trim()}`, hint: 'nft --check shows where' },
  ]
}

async function tryTables(overrides: Overrides, target: Target): Promise<Finding[]> {
  const tables = overrides.filter(({ kind }) => kind === 'nft')
  if (tables.length === 0) return []
  // Before the first apply there is no namespace yet: an empty one will do, rules name interfaces by name.
  const there = await isThere(dataplanePlace(target))
  const [host, nft]: [Host, Argv] = there ? [target.host, ['nft']] : [target.machine, ['unshare', '--net', '--', 'nft']]
  return (await Promise.all(tables.map((each) => tryTable(each, nft, host)))).flat()
}

/** What is wrong with drop-ins by themselves and beside what is rendered. Pure. */
function checkBeside(config: RouterConfig, overrides: Overrides): Finding[] {
  const desired = renderRouter(config)
  return [...checkOverrides(overrides), ...checkOverrideSysctls(overrides, desired), ...checkOverrideFrr(overrides, desired.frr)]
}

/** The words of FRR, nft and the kernel on the files of the target. */
async function tryOut(target: Target, config: RouterConfig, overrides: Overrides): Promise<Finding[]> {
  // A file that would break out of its table must not even be tried.
  const tables = await tryTables(
    overrides.filter((each) => checkOverrides([each]).length === 0),
    target,
  )
  const directory = overridesDirectory(target)
  const lines = overrides.filter(({ kind }) => kind === 'frr')
  const tried = await Promise.all(lines.map((each) => tryOverrideFrr(each, join(directory, overridePath(each)), target.local)))
  const settings = await trySysctls(
    target,
    config,
    overrides.filter((each) => checkOverrides([each]).length === 0),
  )
  return [...tables, ...tried.flat(), ...settings]
}

/** Everything that is wrong with the drop-ins of a target beside a configuration, FRR, nft and the kernel asked as well. */
export async function inspectOverrides(target: Target, config: RouterConfig, overrides: Overrides): Promise<readonly Finding[]> {
  if (overrides.length === 0) return []
  const ours = checkBeside(config, overrides)
  const known = new Set(ours.map(({ path }) => path))
  return [...ours, ...(await tryOut(target, config, overrides)).filter(({ path }) => !known.has(path))]
}

/**
 * The drop-ins, and the definitions of its modules, that go into force with a configuration: those of the target as they are now, or `given` ones, which were in force
 * before. An `input` fault with all findings when they cannot.
 */
export async function acceptedOverrides(target: Target, config: RouterConfig, given?: Overrides): Promise<Overrides> {
  const ours = given === undefined ? await overridesOf(target) : dropIns(given)
  refuse('overrides', given === undefined ? await inspectOverrides(target, config, ours) : checkBeside(config, ours))
  const definitions = await definitionsFor(target, config, given ?? [])
  refuse(`the modules of ${config.hostname}`, await inspectModules(target, config, definitions))
  return [...ours, ...definitions]
}

/** A fault that tells what drop-ins have to do with it. */
export function withFindings(error: Fault, findings: readonly Finding[]): Fault {
  if (findings.length === 0) return error
  const { code, message, hint, detail } = error
  return new Fault(code, message, { hint, detail, findings: [...error.findings, ...findings], cause: error })
}
