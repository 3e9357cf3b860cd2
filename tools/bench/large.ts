/** A large router as data: many VLANs with addresses, static routes into them, and BGP peers behind upstream VLANs. */
import type { RouterConfigInput } from '../../packages/imp/src/config/model.ts'

export interface Size {
  /** Interfaces with addresses: two ports and their VLANs. */
  readonly interfaces: number
  readonly routes: number
  readonly peers: number
}

export const large: Size = { interfaces: 1000, routes: 5000, peers: 500 }

type Port = NonNullable<RouterConfigInput['interfaces']>[number]
type Subinterface = NonNullable<Port['subinterfaces']>[number]
type Route = NonNullable<RouterConfigInput['routes']>[number]
type Peer = NonNullable<NonNullable<RouterConfigInput['bgp']>['peers']>[number]

/** Address number `offset` of 198.18.0.0/15, the network for benchmarks (RFC 2544 C.2.2). */
function benchmarkAddress(offset: number): string {
  const value = ((198 << 24) | (18 << 16)) + offset
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
}

/** Upstream VLANs are /30 and /126 in the second half of the network; each has a peer of each family. */
const upstreams = 1 << 16

function upstream(index: number): Subinterface {
  return {
    vlan: index + 1,
    role: 'external',
    description: `transit ${index}`,
    addresses: [`${benchmarkAddress(upstreams + 4 * index + 1)}/30`, `2001:db8:ffff:${index.toString(16)}::1/126`],
  }
}

function customer(index: number): Subinterface {
  return {
    vlan: index + 1,
    description: `customer ${index}`,
    addresses: [`${benchmarkAddress(64 * index + 1)}/26`, `2001:db8:fffe:${index.toString(16)}::1/64`],
  }
}

/** Routes of both families in turns, through hosts of the customers. */
function route(index: number, customers: number): Route {
  const [place, number] = [Math.floor(index / 2) % customers, Math.floor(index / 2)]
  if (index % 2 === 0) return { prefix: `10.${number >> 8}.${number & 255}.0/24`, via: benchmarkAddress(64 * place + 2) }
  return { prefix: `2001:db8:${number.toString(16)}::/48`, via: `2001:db8:fffe:${place.toString(16)}::2` }
}

function peer(index: number): Peer {
  const number = Math.floor(index / 2)
  const address = index % 2 === 0 ? benchmarkAddress(upstreams + 4 * number + 2) : `2001:db8:ffff:${number.toString(16)}::2`
  return { name: `transit${index}`, address, asn: 64512 + number, description: `transit ${number}`, maximumPrefixes: 1000000 }
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

/** The document, as `router.json` has it. */
export function largeRouter({ interfaces, routes, peers }: Size): RouterConfigInput {
  const ups = Math.ceil(peers / 2)
  const customers = interfaces - 2 - ups
  return {
    schema: 'imp.router',
    version: 1,
    hostname: 'large',
    interfaces: [
      { name: 'wan', role: 'external', subinterfaces: times(ups, upstream) },
      { name: 'lan', role: 'internal', subinterfaces: times(customers, customer) },
    ],
    loopbacks: [{ instance: 0, addresses: ['203.0.113.1/32'] }],
    routes: times(routes, (index) => route(index, customers)),
    bgp: {
      asn: 64500,
      routerId: '203.0.113.1',
      announced: ['203.0.113.0/24', '2001:db8:fffe::/48'],
      peers: times(peers, peer),
    },
  }
}
