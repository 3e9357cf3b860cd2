/**
 * Speed, as ratios of two things timed side by side in one run, because seconds of one machine say nothing about another.
 * `npm run bench`, or `npm run bench -- start-up apply` for some of them; `--json` for programs. The slow ones need root. Ratios of CPU
 * time are for work that is all computing: they hold on a busy machine too.
 */
import { table } from '@imp/kit/base/text.ts'
import { benchmarkApply } from './bench/apply.ts'
import { benchmarkDisk } from './bench/disk.ts'
import { benchmarkImport } from './bench/import.ts'
import { benchmarkLab } from './bench/lab.ts'
import { benchmarkList } from './bench/list.ts'
import { benchmarkMachine } from './bench/machine.ts'
import type { Ratio } from './bench/measure.ts'
import { benchmarkPlan } from './bench/plan.ts'
import { benchmarkStartUp } from './bench/start-up.ts'
import { benchmarkVpp } from './bench/vpp.ts'

const benchmarks: Readonly<Record<string, () => Promise<Ratio[]>>> = {
  'start-up': benchmarkStartUp,
  plan: benchmarkPlan,
  apply: benchmarkApply,
  lab: benchmarkLab,
  vpp: benchmarkVpp,
  machine: benchmarkMachine,
  list: benchmarkList,
  disk: benchmarkDisk,
  import: benchmarkImport,
}

/** Two digits at least, however small it is. */
function written(ratio: number): string {
  return ratio >= 0.1 ? ratio.toFixed(2) : ratio.toPrecision(2)
}

const words = process.argv.slice(2)
const wanted = words.filter((word) => !word.startsWith('--'))
const unknown = wanted.filter((word) => benchmarks[word] === undefined)
if (unknown.length > 0) {
  console.error(`bench: there is no ${unknown.join(', ')}; there are: ${Object.keys(benchmarks).join(', ')}`)
  process.exit(2)
}

const ratios: Ratio[] = []
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.error(`bench: ${name}`)
  ratios.push(...(await benchmark()))
}
if (words.includes('--json')) console.log(JSON.stringify(ratios, null, 2))
else {
  const rows = ratios.map(({ what, than, ours, theirs, unit, clock, runs }) => [
    what,
    than,
    `${ours.toFixed(0)} ${unit}`,
    `${theirs.toFixed(0)} ${unit}`,
    clock ?? '',
    written(ours / theirs),
    String(runs),
  ])
  console.log(table([['WHAT', 'BESIDE', 'OURS', 'THEIRS', 'CLOCK', 'RATIO', 'RUNS'], ...rows]).join('\n'))
}
