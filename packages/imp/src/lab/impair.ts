/** Loss, rate and delay of a link end: netem where the kernel has it; else nftables loses, tbf shapes, and the relay delays. Pure. */
import type { Argv } from '@imp/kit/host/host.ts'
import type { Impairment } from './definition.ts'
import type { LinkFeatures } from './features.ts'

/** A command to run in the namespace of the end, with its standard input. */
export interface ImpairmentCommand {
  readonly argv: Argv
  readonly input?: string
}

function percent(part: number): string {
  return `${Number((part * 100).toFixed(3))}%`
}

function netem(name: string, impairment: Impairment): ImpairmentCommand {
  const { delayMs, jitterMs, loss, rate } = impairment
  const delay = delayMs === 0 ? [] : ['delay', `${delayMs}ms`, ...(jitterMs === 0 ? [] : [`${jitterMs}ms`])]
  return {
    argv: [
      ...(['tc', 'qdisc', 'replace', 'dev', name, 'root', 'netem'] as const),
      ...delay,
      ...(loss === 0 ? [] : ['loss', 'random', percent(loss)]),
      ...(rate === undefined ? [] : ['rate', `${rate}bit`]),
      // Frames that wait: a second of a gigabit in full frames, so that a delay does not become a loss.
      'limit',
      '100000',
    ],
  }
}

function shape(name: string, rate: number): ImpairmentCommand {
  // tbf sends nothing larger than its bucket; ten milliseconds of the rate keep timer ticks from slowing it down (tc-tbf(8)).
  const burst = Math.max(16_000, Math.ceil(rate / 8 / 100))
  const words = ['rate', `${rate}bit`, 'burst', `${burst}b`, 'latency', '50ms']
  return { argv: ['tc', 'qdisc', 'replace', 'dev', name, 'root', 'tbf', ...words] }
}

/** nftables table of one interface; interface names hold no dots, table names hold no dashes. */
function lossTable(name: string): string {
  return `imp_loss_${name.replaceAll('-', '.')}`
}

function lose(name: string, loss: number): ImpairmentCommand {
  const table = lossTable(name)
  const rule = `numgen random mod 100000 < ${Math.round(loss * 100_000)} drop`
  const lines = [
    `table netdev ${table}`,
    `delete table netdev ${table}`,
    `table netdev ${table} {`,
    `  chain in {`,
    `    type filter hook ingress device "${name}" priority 0; policy accept;`,
    `    ${rule}`,
    `  }`,
    `}`,
  ]
  return { argv: ['nft', '-f', '-'], input: `${lines.join('\n')}\n` }
}

/** Commands that impair what leaves by this interface (and, for loss without netem, what enters by it). They may be repeated. */
export function impairEnd(name: string, impairment: Impairment, features: Pick<LinkFeatures, 'netem'>): ImpairmentCommand[] {
  if (features.netem) return [netem(name, impairment)]
  return [
    ...(impairment.rate === undefined ? [] : [shape(name, impairment.rate)]),
    ...(impairment.loss === 0 ? [] : [lose(name, impairment.loss)]),
  ]
}
