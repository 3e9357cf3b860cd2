/** The texts of the units. Pure. */
import type { ApplianceFile, VppInstance } from '../appliance/model.ts'
import { instanceUnitFor, units } from './chain.ts'
import { unitPath, type Settings, type Unit } from './model.ts'

function section(name: string, settings: Settings | undefined): string[] {
  if (settings === undefined) return []
  const lines = Object.entries(settings).flatMap(([key, value]) =>
    (typeof value === 'string' ? [value] : value).map((each) => `${key}=${each}`),
  )
  return [[`[${name}]`, ...lines].join('\n')]
}

function render(unit: Unit): string {
  const sections = [
    ...section('Unit', unit.Unit),
    ...section('Service', unit.Service),
    ...section('Timer', unit.Timer),
    ...section('Install', unit.Install),
  ]
  return `# Brought by imp; a drop-in beside it changes it.\n${sections.join('\n\n')}\n`
}

/** The files of all units: the same for every configuration. */
export function renderUnits(): ApplianceFile[] {
  return units.map((unit) => ({ path: unitPath(unit), text: render(unit), reader: 'systemd' }))
}

/** The units of further processes of VPP; those that the chain has already are left out. */
export function renderInstanceUnits(instances: readonly VppInstance[]): ApplianceFile[] {
  const own = new Set(units.map(unitPath))
  return instances
    .map(instanceUnitFor)
    .filter((unit) => !own.has(unitPath(unit)))
    .map((unit) => ({ path: unitPath(unit), text: render(unit), reader: 'systemd' }))
}
