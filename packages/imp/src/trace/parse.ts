/** Reads `show trace`. */
import type { TracedPacket } from './model.ts'

interface Node {
  readonly node: string
  readonly time: string
  readonly lines: string[]
}
interface Raw {
  readonly thread: string
  readonly number: number
  readonly nodes: Node[]
}

/** `  ICMP: 10.99.0.2 -> 10.99.0.1`, also of TCP and UDP; hardware addresses do not match. */
const flow = /^\s*([A-Z][A-Z0-9_-]*): ([\d.]+|[\da-f:]*:[\da-f:.]*) -> (\S+)$/
/** Nodes in which packets end that go nowhere (VPP, vlib/drop.c). */
const drops: readonly string[] = ['drop', 'error-drop', 'punt']
const hardwareAddress = /^(?:[\da-f]{2}:){5}[\da-f]{2}$/

function whatOf(nodes: readonly Node[]): string | undefined {
  for (const line of nodes.flatMap(({ lines }) => lines)) {
    const [, protocol, from, to] = flow.exec(line) ?? []
    if (from !== undefined && !hardwareAddress.test(from)) return `${protocol} ${from} -> ${to}`
  }
  return undefined
}

function droppedBy(nodes: readonly Node[]): string | undefined {
  const last = nodes.at(-1)
  return last !== undefined && drops.includes(last.node) ? (last.lines[0]?.trim() ?? last.node) : undefined
}

function finish({ thread, number, nodes }: Raw): TracedPacket {
  const what = whatOf(nodes)
  const dropped = droppedBy(nodes)
  return { thread, number, ...(what === undefined ? {} : { what }), ...(dropped === undefined ? {} : { dropped }), nodes }
}

/** The packets of all threads, in the order in which VPP prints them. */
export function parseTrace(text: string): TracedPacket[] {
  const packets: Raw[] = []
  let thread = 'vpp_main'
  for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
    const started = /^-+ Start of thread \d+ (\S+) -+$/.exec(line)?.[1]
    const number = /^Packet (\d+)$/.exec(line)?.[1]
    const [, time, node] = /^(\d\d:\d\d:\d\d:\d{6}): (\S+)/.exec(line) ?? []
    if (started !== undefined) thread = started
    else if (number !== undefined) packets.push({ thread, number: Number(number), nodes: [] })
    else if (time !== undefined && node !== undefined) packets.at(-1)?.nodes.push({ node, time, lines: [] })
    else packets.at(-1)?.nodes.at(-1)?.lines.push(line.trimEnd())
  }
  return packets.map(finish)
}
