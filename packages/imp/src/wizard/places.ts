/** Places of a configuration as places of the answers, so that what a check finds is said where it was asked. Pure. */
import type { Finding } from '@imp/kit/base/fault.ts'
import type { RouterConfig } from '../config/model.ts'
import { isDefault } from './existing.ts'
import type { DraftAnswers, PhaseName } from './model.ts'

function portPlace(config: RouterConfig, answers: DraftAnswers, path: string): string | undefined {
  const [, index, rest = ''] = /^interfaces\[(\d+)\](.*)$/.exec(path) ?? []
  const port = index === undefined ? undefined : config.interfaces[Number(index)]
  if (port === undefined || rest.startsWith('.subinterfaces')) return undefined
  const list = port.role === 'external' ? answers.external : answers.internal
  const at = list?.findIndex(({ name }) => name === port.name) ?? -1
  return at < 0 ? undefined : `${port.role}[${at}]${rest.replace(/^\.ra\.send$/, '.advertise')}`
}

function gatewayPlace(config: RouterConfig, answers: DraftAnswers, path: string): string | undefined {
  const [, index] = /^routes\[(\d+)\]/.exec(path) ?? []
  const route = index === undefined ? undefined : config.routes[Number(index)]
  if (route?.via === undefined || !isDefault(route)) return undefined
  const { via } = route
  const at = answers.external?.findIndex(({ gateways }) => gateways?.includes(via)) ?? -1
  const place = answers.external?.[at]?.gateways?.indexOf(via) ?? -1
  return place < 0 ? undefined : `external[${at}].gateways[${place}]`
}

/** Where a person answered what stands at a path of the configuration; the path itself when nobody was asked. */
export function placeOf(config: RouterConfig, answers: DraftAnswers, path: string): string {
  return portPlace(config, answers, path) ?? gatewayPlace(config, answers, path) ?? path
}

/** Findings of a configuration with the places of the answers. */
export function inAnswers(config: RouterConfig, answers: DraftAnswers, findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, path: placeOf(config, answers, finding.path) }))
}

/** Whether a place is this one or lies within it. */
export function isWithin(path: string, place: string): boolean {
  return path === place || (path.startsWith(place) && /^[.[]/.test(path.slice(place.length)))
}

const homes: readonly (readonly [place: string, phase: PhaseName])[] = [
  ['hostname', 'nics'],
  ['management', 'management'],
  ['external', 'external'],
  ['routes', 'external'],
  ['internal', 'internal'],
  ['bgp', 'bgp'],
  ['nat', 'nat'],
  ['nat64', 'nat'],
]

/** The phase that asks about a place; undefined for what no phase asks about. */
export function phaseOf(path: string): PhaseName | undefined {
  if (/^(external|internal)\[\d+\]\.nic\b/.test(path)) return 'roles'
  return homes.find(([place]) => isWithin(path, place))?.[1]
}
