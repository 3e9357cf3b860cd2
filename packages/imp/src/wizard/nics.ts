/** Finds the network cards of the machine and of the namespace of the router, with what a person knows them by. */
import { z } from 'zod'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { namespacePath } from '@imp/kit/host/namespace.ts'
import type { DetectedNic } from './model.ts'

/** Where cards are looked for. */
export interface Surroundings {
  readonly machine: Host
  /** The router's own namespace, which may not be there yet. */
  readonly namespace?: string
  /** Programs run in that namespace. */
  readonly router: Host
  /** Whether the router may take cards out of the machine's own namespace. */
  readonly bringsPorts: boolean
  /** Virtual links of the machine as well: veth, tap, bridges. */
  readonly all: boolean
}

const Link = z.looseObject({
  ifname: z.string(),
  altnames: z.array(z.string()).default([]),
  address: z.string().default(''),
  permaddr: z.string().exactOptional(),
  link_type: z.string(),
  parentbus: z.string().exactOptional(),
  parentdev: z.string().exactOptional(),
  flags: z.array(z.string()),
  linkinfo: z.looseObject({ info_kind: z.string().exactOptional() }).exactOptional(),
  addr_info: z.array(z.looseObject({ local: z.string().exactOptional(), prefixlen: z.int(), scope: z.string() })).default([]),
})
type Link = z.output<typeof Link>

async function linksOf(host: Host): Promise<Link[]> {
  const { stdout } = await host.query(['ip', '-j', '-d', 'address', 'show'])
  const all = parse(z.array(z.unknown()), parseJson(stdout, 'ip address'), 'ip address')
  // `ip -j` prints an empty object for what it filters out.
  const links = all.filter((each) => Object.keys(Object(each)).length > 0)
  return parse(z.array(Link), links, 'ip address').filter(({ link_type: type }) => type === 'ether')
}

/** Where a link of sysfs leads, undefined when there is none; the buses are the same in every namespace. */
async function resolved(machine: Host, path: string): Promise<string | undefined> {
  const { status, stdout } = await machine.query(['readlink', '-e', path], { statuses: [0, 1] })
  return status === 0 ? stdout : undefined
}

/** Mbit/s as the driver tells; undefined while it is down, and for drivers that know none, such as virtio's (-1). */
async function speedOf(at: Place, name: string): Promise<number | undefined> {
  const file = `/sys/class/net/${name}/speed`
  // sysfs shows the cards of the namespace that mounted it; `ip netns exec` mounts it anew.
  const { machine, namespace } = at
  const argv = ['cat', file] as const
  const ran = await machine.query(namespace === undefined ? argv : ['ip', 'netns', 'exec', namespace, ...argv], { statuses: [0, 1] })
  const speed = Number(ran.stdout)
  return ran.status === 0 && speed > 0 ? speed : undefined
}

interface Place {
  readonly machine: Host
  /** Undefined for the machine's own. */
  readonly namespace?: string
}

const pciAddress = /[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]/g

interface Hardware {
  readonly pci?: string
  readonly driver?: string
}

/** A virtio device is a child of the PCI device that carries it. */
async function hardwareOf(machine: Host, { parentbus: bus, parentdev: device }: Link): Promise<Hardware> {
  if (bus === undefined || device === undefined) return {}
  const path = `/sys/bus/${bus}/devices/${device}`
  const [real, driver] = await Promise.all([resolved(machine, path), resolved(machine, `${path}/driver`)])
  const pci = real?.match(pciAddress)?.at(-1)
  const name = driver?.split('/').at(-1)
  return { ...(pci === undefined ? {} : { pci }), ...(name === undefined ? {} : { driver: name }) }
}

async function nicOf(at: Place, link: Link): Promise<DetectedNic> {
  const [hardware, speed] = await Promise.all([hardwareOf(at.machine, link), speedOf(at, link.ifname)])
  const kind = link.linkinfo?.info_kind
  return {
    name: link.ifname,
    alternativeNames: link.altnames,
    mac: link.address,
    onPci: link.parentbus === 'pci',
    virtual: link.parentbus === undefined,
    inRouter: at.namespace !== undefined,
    addresses: link.addr_info.flatMap(({ local, prefixlen, scope }) =>
      local === undefined || scope !== 'global' ? [] : [`${local}/${prefixlen}`],
    ),
    ...(link.flags.includes('UP') ? { carrier: link.flags.includes('LOWER_UP') } : {}),
    ...(link.permaddr === undefined ? {} : { permanentMac: link.permaddr }),
    ...(kind === undefined ? {} : { driver: kind }),
    ...hardware,
    ...(speed === undefined ? {} : { speed }),
  }
}

/** Links that are made on others, by this router or by somebody else, and are never ports. */
const made = new Set(['vlan', 'bridge', 'dummy', 'bond', 'team', 'macvlan', 'ipvlan', 'vxlan', 'ifb'])

async function nicsIn(host: Host, at: Place, wanted: (link: Link) => boolean): Promise<DetectedNic[]> {
  return Promise.all((await linksOf(host)).filter(wanted).map((link) => nicOf(at, link)))
}

function isCard({ parentbus }: Link): boolean {
  return parentbus !== undefined
}

/**
 * The cards that the router can have, sorted by name. Of virtual links those in the namespace of the router, where somebody put them
 * for it (a lab's cables), and with `all` those of the machine.
 */
export async function detectNics({ machine, namespace, router, bringsPorts, all }: Surroundings): Promise<DetectedNic[]> {
  const there = namespace === undefined || (await machine.files.stat(namespacePath(namespace))) !== undefined
  const at: Place = namespace === undefined ? { machine } : { machine, namespace }
  const isPort = (link: Link): boolean => all || !made.has(link.linkinfo?.info_kind ?? '')
  const inside = there ? await nicsIn(router, at, isPort) : []
  const outside = namespace === undefined || !bringsPorts ? [] : await nicsIn(machine, { machine }, (link) => all || isCard(link))
  return [...outside, ...inside].toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
}

/** Name of the card by which the machine itself reaches the world, which is most likely the one for management. */
export async function upstreamNic(machine: Host): Promise<string | undefined> {
  const { stdout } = await machine.query(['ip', '-j', 'route', 'show', 'default'])
  const routes = parse(z.array(z.looseObject({ dev: z.string().exactOptional() })), parseJson(stdout, 'ip route'), 'ip route')
  return routes[0]?.dev
}
