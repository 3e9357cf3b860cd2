/** Traced packets for people. */
import type { TracedPacket } from './model.ts'

function draw({ number, thread, what, dropped, nodes }: TracedPacket, complete: boolean): string[] {
  const [first] = nodes
  const head = [
    `packet ${number}`,
    ...(thread === 'vpp_main' ? [] : [thread]),
    first?.time ?? '',
    what ?? '',
    dropped === undefined ? '' : 'dropped',
  ]
  const title = head.filter((part) => part !== '').join('  ')
  if (complete) return [title, ...nodes.flatMap(({ node, lines }) => [`  ${node}`, ...lines.map((line) => `    ${line.trimStart()}`)])]
  const way = `  ${nodes.map(({ node }) => node).join(' > ')}`
  return [title, way, ...(dropped === undefined ? [] : [`  dropped: ${dropped}`])]
}

/** Each packet with its way; `complete` with all that each node says. */
export function viewTrace(packets: readonly TracedPacket[], complete: boolean): string {
  return packets.length === 0 ? 'no packet was traced' : packets.flatMap((packet) => draw(packet, complete)).join('\n')
}
