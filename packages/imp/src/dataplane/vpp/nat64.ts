/**
 * NAT64 as a process beside the core (RFC 6146): packets of IPv6 for the prefix are led to it by one link, and leave it by another as
 * packets of IPv4 from the pool, which routing brings back there. Pure.
 */
import { addressAt, formatAddress, formatPrefix, lastOf, parsePrefix, sizeOf } from '@imp/kit/base/ip.ts'
import type { RouterConfig } from '../../config/model.ts'
import { clientInterfaces, Nat64Timeouts, untranslatable, type Nat64 } from '../../nat64/model.ts'
import { linkHardwareAddress } from './boot/exec-beside.ts'
import { besideInterface } from './render.ts'
import type { Things } from './desired.ts'
import { nat64Links, nat64Name, type BesideInstance } from './model.ts'
import { bindingBuckets, sessionBuckets } from './live/templates-nat64.ts'

/** MiB for the process and for as many sessions as its tables hold. */
const ownHeap = 768
/** MiB for each address of the pool (`heap.ts`), with room for one more pool of the size while one takes the place of another. */
const heapPerAddress = 3

/** A core for packets and one for the rest, where there are many. */
const cores = { minimum: 0, ideal: 2 } as const

function poolAddresses({ pool: text }: Nat64): string[] {
  const pool = parsePrefix(text, 4)
  return Array.from({ length: Number(sizeOf(pool)) }, (_, offset) => formatAddress(addressAt(pool, BigInt(offset))))
}

/**
 * The core's end of the inner link, told rather than asked for: answers of neighbour discovery go to the link-local address of the process
 * (RFC 4861 7.2.4), and an inside interface of NAT64 takes only its other addresses for its own and drops the answer (nat/nat64/nat64_in2out.c).
 */
const coreNeighbour = { address: nat64Links.internal.core6, mac: linkHardwareAddress('core', nat64Links.internal.id) }

function thingsOf(nat64: Nat64): Partial<Things> {
  const { internal, external } = nat64Links
  return {
    services: { nat64: {} },
    interfaces: {
      [internal.interface]: { ...besideInterface('far', internal, 'nat64').interface, side: 'inside' },
      [external.interface]: { ...besideInterface('far', external, 'nat64').interface, side: 'outside' },
    },
    prefixes: { [formatPrefix(parsePrefix(nat64.prefix, 6))]: {} },
    poolAddresses: Object.fromEntries(poolAddresses(nat64).map((address) => [address, {}])),
    timeouts: { nat64: nat64.timeouts ?? Nat64Timeouts.parse({}) },
    neighbours: { [`${coreNeighbour.address} ${internal.interface}`]: { mac: coreNeighbour.mac } },
    routes: {
      '0.0.0.0/0': { path: `${external.core} ${external.interface}` },
      '::/0': { path: `${internal.core6} ${internal.interface}` },
    },
  }
}

function pathsOf(nat64: Nat64): Record<string, string> {
  return {
    'services nat64': 'nat64',
    'timeouts nat64': 'nat64.timeouts',
    [`prefixes ${formatPrefix(parsePrefix(nat64.prefix, 6))}`]: 'nat64.prefix',
    ...Object.fromEntries(poolAddresses(nat64).map((address) => [`poolAddresses ${address}`, 'nat64.pool'])),
  }
}

/** What an operator loads by hand; for timeouts VPP has a message and no command. */
function linesOf(nat64: Nat64): string[] {
  const { internal, external } = nat64Links
  const pool = parsePrefix(nat64.pool, 4)
  const range = [addressAt(pool, 0n), lastOf(pool)].map(formatAddress)
  return [
    `set ip neighbor ${internal.interface} ${coreNeighbour.address} ${coreNeighbour.mac} static`,
    `nat64 plugin enable bib-buckets ${bindingBuckets} st-buckets ${sessionBuckets}`,
    `nat64 add prefix ${formatPrefix(parsePrefix(nat64.prefix, 6))}`,
    `nat64 add pool address ${[...new Set(range)].join(' - ')}`,
    `set interface nat64 in ${internal.interface}`,
    `set interface nat64 out ${external.interface}`,
    `ip route add 0.0.0.0/0 via ${external.core} ${external.interface}`,
    `ip route add ::/0 via ${internal.core6} ${internal.interface}`,
  ]
}

/** The process of NAT64; none without it. VPP itself would translate whatever comes, so only the prefix is led to it. */
export function nat64Instances(config: RouterConfig): BesideInstance[] {
  const { nat64 } = config
  if (nat64 === undefined) return []
  const { internal, external } = nat64Links
  return [
    {
      name: nat64Name,
      path: 'nat64',
      links: [internal, external],
      plugins: ['nat64'],
      withoutPlugins: [],
      cores,
      heap: ownHeap + heapPerAddress * Number(sizeOf(parsePrefix(nat64.pool, 4))),
      lines: linesOf(nat64),
      things: thingsOf(nat64),
      paths: pathsOf(nat64),
      steering: [
        {
          family: 6,
          connection: internal.connection,
          from: 'anywhere',
          to: formatPrefix(parsePrefix(nat64.prefix, 6)),
          interfaces: clientInterfaces(config).map(({ name }) => name),
          container: false,
          except: untranslatable(nat64).map((network) => ({ source: '::/0', destination: formatPrefix(network) })),
        },
      ],
      routes: [{ prefix: formatPrefix(parsePrefix(nat64.pool, 4)), connection: external.connection }],
    },
  ]
}
