/** What both layouts say about the machine itself: its name, its management port and its cores. */
import { HostName } from '@imp/kit/base/schema.ts'
import { routerSchema, routerVersion } from '../../config/model.ts'
import type { Ledger } from '../ledger.ts'
import { listed, said, type DraftOf, type RouterDraft } from '../model.ts'
import { moveAddress } from './addresses.ts'
import { OldCpu, type OldManagement } from './fields.ts'

/** Host name of the reference system when nobody gave one. */
const defaultHostname = 'appliance'

function legalHostname(text: string): string {
  const labels = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replace(/[^A-Za-z0-9.-]+/g, '-')
    .split('.')
    .map((label) => label.replace(/^-+/, '').slice(0, 63).replace(/-+$/, ''))
  const name = labels
    .filter((label) => label !== '')
    .join('.')
    .slice(0, 64)
    .replace(/[.-]+$/, '')
  return name === '' ? defaultHostname : name
}

function moveHostname(ledger: Ledger, text: string | null | undefined): string {
  const old = said(text)
  ledger.expect('hostname')
  if (old === undefined) {
    ledger.derived('', 'hostname', `the reference system calls a router ${defaultHostname} unless told`)
    return defaultHostname
  }
  const hostname = HostName.safeParse(old).success ? old : legalHostname(old)
  if (hostname === old) ledger.kept('hostname', 'hostname')
  else ledger.changed('hostname', 'hostname', `${JSON.stringify(old)} is no host name (RFC 1123 2.1)`)
  return hostname
}

/** Envelope, dataplane and name: what the new document begins with. */
export function moveHead(ledger: Ledger, hostname: string | null | undefined): RouterDraft {
  ledger.derived('', ['schema', 'version'], 'what the document is, which the reference system does not write down')
  ledger.derived('', 'dataplane', 'the reference system always forwards by VPP')
  return { schema: routerSchema, version: routerVersion, hostname: moveHostname(ledger, hostname), dataplane: 'vpp' }
}

const managementAddress = ['management.ipv4', 'management.ipv4_prefix', 'management.ipv4_gateway']

function moveStaticAddress(ledger: Ledger, old: OldManagement): Pick<DraftOf<'management'>, 'addresses' | 'gateways'> {
  const addresses: string[] = []
  const pair = { text: old.ipv4, length: old.ipv4_prefix, from: 'management.ipv4', lengthFrom: 'management.ipv4_prefix' }
  moveAddress(ledger, pair, addresses, 'management')
  ledger.kept('management.ipv4_gateway', 'management.gateways[0]')
  return { ...listed('addresses', addresses), ...listed('gateways', [said(old.ipv4_gateway) ?? []].flat()) }
}

/** The out-of-band port. Its address is only carried over when its mode makes use of it. */
export function moveManagement(ledger: Ledger, old: OldManagement | null | undefined): { management?: DraftOf<'management'> } {
  ledger.expect('management')
  if (old === null || old === undefined) return {}
  const mode = old.mode ?? 'dhcp'
  ledger.kept('management.iface', 'management.nic.name')
  if (old.mode === mode) ledger.kept('management.mode', 'management.mode')
  else {
    ledger.expect('management.mode')
    ledger.derived('management', 'management.mode', 'dhcp unless told')
  }
  const nic = { name: old.iface }
  if (mode === 'static') return { management: { nic, mode, ...moveStaticAddress(ledger, old) } }
  for (const from of managementAddress) ledger.dropped(from, 'the mode is dhcp, which does not use it')
  return { management: { nic, mode } }
}

/** Cores are chosen anew on every machine, there and here. */
export function leaveCpu(ledger: Ledger): void {
  ledger.expect('cpu')
  for (const field of Object.keys(OldCpu.shape)) ledger.derived(`cpu.${field}`, [], 'follows from the number of cores')
}
