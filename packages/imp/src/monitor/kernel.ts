/**
 * Links, addresses and routes as `ip -o monitor label` tells of them (ip-monitor(8)): one line each, with its kind in brackets, and
 * `Deleted` before what went. The kernel tells of a link whenever anything about it is touched, so that states are compared.
 */
import { z } from 'zod'
import { contains, parsePrefix, type Prefix } from '@imp/kit/base/ip.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Happening } from './event.ts'

/** How links were last seen: `up`, `no carrier` or `down`, by name. */
export type LinkStates = Map<string, string>

function stateOf(flags: readonly string[]): string {
  if (!flags.includes('UP')) return 'down'
  return flags.includes('LOWER_UP') && !flags.includes('NO-CARRIER') ? 'up' : 'no carrier'
}

const Links = z.array(z.looseObject({ ifname: z.string(), flags: z.array(z.string()) }))

/** Reads the answer of `ip -j link`. */
export function parseLinks(text: string): LinkStates {
  return new Map(parse(Links, parseJson(text, 'ip -j link'), 'ip -j link').map(({ ifname, flags }) => [ifname, stateOf(flags)]))
}

function changeTo(state: string): string {
  return state === 'up' ? 'up' : 'down'
}

function linkHappening(text: string, isGone: boolean, states: LinkStates): Happening | undefined {
  const [, name = '', flags = ''] = /^\d+: ([^:@\s]+)(?:@[^:\s]+)?: <([^>]*)>/.exec(text) ?? []
  if (name === '') return undefined
  const before = states.get(name)
  const happened = { topic: 'interfaces', subject: name, ...(before === undefined ? {} : { before }) } as const
  if (isGone) return states.delete(name) ? { ...happened, change: 'removed' } : undefined
  const after = stateOf(flags.split(','))
  states.set(name, after)
  if (before === after) return undefined
  return { ...happened, change: before === undefined ? 'added' : changeTo(after), after }
}

function addressHappening(text: string, isGone: boolean): Happening | undefined {
  const [, name = '', address = ''] = /^\d+: (\S+)\s+inet6? (\S+)/.exec(text) ?? []
  // Addresses that the kernel is still looking for twins of come again when they are ready (RFC 4862 5.4).
  if (name === '' || /\btentative\b/.test(text)) return undefined
  return { topic: 'interfaces', subject: name, change: isGone ? 'address removed' : 'address added', after: address }
}

const special = /^(local|broadcast|multicast|anycast|nat) |\btable local\b|^ff00::\/8 /

function prefixOf(word: string, text: string): string {
  if (word === 'default') return /\bvia [0-9a-f]*:/i.test(text) || text.includes('inet6') ? '::/0' : '0.0.0.0/0'
  return word.includes('/') ? word : `${word}/${word.includes(':') ? 128 : 32}`
}

function routeHappening(text: string, isGone: boolean): Happening | undefined {
  if (special.test(text)) return undefined
  const kinds = /^(blackhole|unreachable|prohibit|throw) /.exec(text)
  const words = text.slice(kinds?.[0].length ?? 0).split(/\s+/)
  const subject = prefixOf(words[0] ?? '', text)
  const detail = [kinds?.[1], ...words.slice(1)]
    .filter((word) => word !== undefined && word !== '\\')
    .join(' ')
    .trim()
  return { topic: 'routes', subject, change: isGone ? 'removed' : 'added', ...(detail === '' ? {} : { detail }) }
}

/** What a line says; undefined for what is no news. Remembers the states of links. */
export function parseMonitorLine(line: string, states: LinkStates): Happening | undefined {
  const [, kind = '', deleted, text = ''] = /^\[(LINK|ADDR|ROUTE)\](Deleted )?\s*(.*)$/.exec(line) ?? []
  const isGone = deleted !== undefined
  if (kind === 'LINK') return linkHappening(text, isGone, states)
  if (kind === 'ADDR') return addressHappening(text, isGone)
  return kind === 'ROUTE' ? routeHappening(text, isGone) : undefined
}

/** Whether a route is to a network inside of this one. */
export function isInside(happening: Happening, prefix: Prefix): boolean {
  const own = parsePrefix(happening.subject)
  return own.family === prefix.family && contains(prefix, own)
}

/** More routes than this in one go are counted instead of told one by one. */
const mostRoutes = 10

/** Routes that changed in one go, one by one when they are few. */
export function gatherRoutes(routes: readonly Happening[]): readonly Happening[] {
  if (routes.length <= mostRoutes) return routes
  const added = routes.filter(({ change }) => change === 'added').length
  return [
    { topic: 'routes', subject: `${routes.length} routes`, change: 'changed', detail: `${added} added, ${routes.length - added} removed` },
  ]
}
