/** What the machine is made of, asked of the kernel; and remembered, since a card that VPP has taken is no link of Linux any more. */
import { z } from 'zod'
import { Fault } from '@imp/kit/base/fault.ts'
import { parse, parseJson } from '@imp/kit/base/schema.ts'
import type { Host } from '@imp/kit/host/host.ts'
import { inNamespace, namespacePath } from '@imp/kit/host/namespace.ts'
import { findDocument, writeDocument, type DocumentKind } from '@imp/kit/store/document.ts'
import { Hardware, places, type Card } from './model.ts'

const RawLinks = z.array(
  z.looseObject({
    ifname: z.string().exactOptional(),
    altnames: z.array(z.string()).default([]),
    address: z.string().exactOptional(),
    permaddr: z.string().exactOptional(),
    parentbus: z.string().exactOptional(),
    parentdev: z.string().exactOptional(),
    linkinfo: z.looseObject({ info_kind: z.string().exactOptional() }).exactOptional(),
  }),
)
type RawLink = z.output<typeof RawLinks>[number]

/** Links that stand on others are no cards. A veth is one: the way of a container to the world. */
const stacked = new Set([
  'vlan',
  'bridge',
  'bond',
  'team',
  'macvlan',
  'macvtap',
  'ipvlan',
  'dummy',
  'tun',
  'vxlan',
  'gre',
  'wireguard',
  'ifb',
])

const slot = /^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/

/** A link such as /sys/bus/virtio/devices/virtio3, resolved; the last PCI device on the way is the one around it. */
async function pciAround(host: Host, { parentbus, parentdev }: RawLink): Promise<string | undefined> {
  if (parentdev === undefined) return undefined
  if (parentbus === 'pci') return parentdev
  const { stdout } = await host.query(['readlink', '-f', `/sys/bus/${parentbus}/devices/${parentdev}`], { statuses: [0, 1] })
  return stdout.split('/').findLast((part) => slot.test(part))
}

async function driverOf(host: Host, { parentbus, parentdev }: RawLink): Promise<string | undefined> {
  if (parentdev === undefined) return undefined
  const { stdout } = await host.query(['readlink', `/sys/bus/${parentbus}/devices/${parentdev}/driver`], { statuses: [0, 1] })
  const name = stdout.slice(stdout.lastIndexOf('/') + 1)
  return name === '' ? undefined : name
}

async function toCard(host: Host, raw: RawLink): Promise<Card> {
  const [pci, driver] = await Promise.all([pciAround(host, raw), driverOf(host, raw)])
  const mac = raw.permaddr ?? raw.address
  return {
    alternativeNames: raw.altnames,
    ...(raw.ifname === undefined ? {} : { name: raw.ifname }),
    ...(mac === undefined ? {} : { mac }),
    ...(pci === undefined ? {} : { pci }),
    ...(driver === undefined ? {} : { driver }),
  }
}

async function cardsSeen(host: Host): Promise<Card[]> {
  const { stdout } = await host.query(['ip', '-j', '-d', 'link', 'show'])
  const links = parse(RawLinks, parseJson(stdout, 'ip link'), 'ip link')
  const cards = links.filter(({ ifname, linkinfo }) => ifname !== undefined && ifname !== 'lo' && !stacked.has(linkinfo?.info_kind ?? ''))
  return Promise.all(cards.map((raw) => toCard(host, raw)))
}

/** Cores of a kernel list such as `0-3,8`. */
function parseList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, index) => first + index)
    })
}

function memoryOf(meminfo: string): number {
  const [, kibibytes] = /^MemTotal:\s+(\d+) kB$/m.exec(meminfo) ?? []
  if (kibibytes === undefined)
    throw new Fault('state', 'the kernel does not say how much memory there is', { detail: meminfo.slice(0, 200) })
  return Number(kibibytes) * 1024
}

/** A card is known again by its place on the PCI bus, or by its address. */
function same(a: Card, b: Card): boolean {
  return a.pci === undefined ? a.mac !== undefined && a.mac === b.mac : a.pci === b.pci
}

/**
 * Cards that are there: what was remembered of a card wins, since names change on the way into the namespace; one that is seen nowhere
 * counts as long as its PCI device is there.
 */
function merge(seen: readonly Card[], remembered: readonly Card[], devices: ReadonlySet<string>): Card[] {
  const kept = remembered.filter((card) => seen.some((each) => same(card, each)) || (card.pci !== undefined && devices.has(card.pci)))
  return [...kept, ...seen.filter((card) => !kept.some((each) => same(each, card)))]
}

async function pciDevices(host: Host): Promise<ReadonlySet<string>> {
  const directory = '/sys/bus/pci/devices'
  return (await host.files.stat(directory)) === undefined ? new Set() : new Set(await host.files.list(directory))
}

const hardwareKind: DocumentKind<typeof Hardware> = { schema: 'imp.hardware', version: 1, fields: Hardware }

/** The machine as it is, with cards in the dataplane's namespace and those that VPP holds. */
export async function observeHardware(host: Host): Promise<Hardware> {
  const namespaceThere = (await host.files.stat(namespacePath(places.namespace))) !== undefined
  const [cores, meminfo, outside, inside, remembered, devices] = await Promise.all([
    host.files.read('/sys/devices/system/cpu/online'),
    host.files.read('/proc/meminfo'),
    cardsSeen(host),
    namespaceThere ? cardsSeen(inNamespace(host, places.namespace)) : [],
    findDocument(host, hardwareKind, places.hardware),
    pciDevices(host),
  ])
  const cards = merge([...outside, ...inside], remembered?.cards ?? [], devices)
  return { cores: parseList(cores), memory: memoryOf(meminfo), cards }
}

/** Remembers the names that cards have before they are moved. */
export async function rememberHardware(host: Host, hardware: Hardware): Promise<void> {
  await writeDocument(host, hardwareKind, places.hardware, hardware)
}
